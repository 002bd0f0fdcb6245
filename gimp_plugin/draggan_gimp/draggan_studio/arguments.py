"""What the procedure is called with, checked in words and as the dialog's settings; stdlib only."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Sequence

from .draggan_wire.endpoint import parse_endpoint
from .draggan_wire.errors import BadInput
from .draggan_wire.workbench.settings import PASTES, QUALITIES, REGIONS, SOURCES, Settings
from .handle_text import format_handles, parse_handles

__all__ = ["Arguments", "format_handles", "parse_handles"]

MOST_STEPS = 100_000  # as the wire allows
MOST_SEED = (1 << 31) - 1  # what an integer of GIMP's can be
MOST_TURN = 180.0  # degrees, either way
LONGEST_MODEL, LONGEST_PATH, LONGEST_ADDRESS = 64, 1000, 500  # characters


@dataclass(frozen=True)
class Arguments:
    """The procedure's arguments, by their names but for hyphens.

    handles     as in `handle_text`; "" takes the path, and without one the selected paths
    path        the name of a path whose strokes are handles, from the first anchor to the last
    mask        whether the selection limits what may move
    iterations  at most so many steps; 0 leaves it to the engine
    keep_every  also keep each n-th step as a layer; 0 keeps none
    seed        the picture that the model makes up from this number; -1: the image's own
    endpoint    the daemon's address; "" is this computer's
    source      "layer" or "visible": which pixels are dragged; region: which part of them
    paste       "moved" or "all": what of the model's picture comes into the layer
    detail      whether the layer's own fine detail moves along; seam: whether the edge is matched
    turn        by how many degrees what is dragged is tilted, clockwise
    """

    handles: str = ""
    path: str = ""
    mask: bool = True
    model: str = "critters"
    quality: str = "balanced"
    iterations: int = 0
    keep_every: int = 0
    seed: int = -1
    endpoint: str = ""
    source: str = "layer"
    region: str = "whole"
    paste: str = "moved"
    detail: bool = True
    seam: bool = False
    turn: float = 0.0

    @staticmethod
    def from_settings(
        settings: Settings, *, handles: str = "", path: str = "", seed: int = -1
    ) -> Arguments:
        """The arguments that call for the same again; `handles` is a text."""
        return Arguments(
            handles=handles,
            path=path,
            mask=settings.mask == "selection",
            model=settings.model,
            quality=settings.quality,
            iterations=settings.steps or 0,
            keep_every=settings.keep_every or 0,
            seed=seed,
            endpoint=settings.address,
            source=settings.source,
            region=settings.region,
            paste=settings.paste,
            detail=settings.detail,
            seam=settings.seam,
            turn=settings.angle,
        )

    def to_settings(self, default: Settings) -> Settings:
        """`default` with all that the arguments say. Raises BadInput for what makes no sense."""
        self.check()
        return replace(
            default,
            address=self.endpoint.strip(),
            model=self.model.strip(),
            source=self.source,
            region=self.region,
            mask="selection" if self.mask else "none",
            quality=self.quality,
            steps=self.iterations or None,
            keep_every=self.keep_every or None,
            paste=self.paste,
            detail=self.detail,
            seam=self.seam,
            angle=self.turn,
        )

    def check(self) -> None:
        """Raises BadInput that names the first argument that cannot be used."""
        lines = parse_handles(self.handles)
        if lines and all(line.pinned for line in lines):
            raise BadInput(
                "All handles are pins, so nothing would move.",
                hint="Write at least one as x1,y1:x2,y2: from where it is to where it should go.",
            )
        if self.handles.strip() and self.path.strip():
            raise BadInput(
                "There are both handles and a path to take them from.",
                hint="Leave the argument 'handles' or the argument 'path' empty.",
            )
        _check_text("path", self.path, LONGEST_PATH)
        _check_text("model", self.model, LONGEST_MODEL)
        if not self.model.strip():
            raise BadInput("The argument 'model' is empty.", hint="Name one, as 'critters'.")
        _check_text("endpoint", self.endpoint, LONGEST_ADDRESS)
        if self.endpoint.strip():
            parse_endpoint(self.endpoint)
        _check_choice("quality", self.quality, QUALITIES)
        _check_choice("source", self.source, SOURCES)
        _check_choice("region", self.region, REGIONS)
        _check_choice("paste", self.paste, PASTES)
        _check_number("iterations", self.iterations, 0, MOST_STEPS, "0 leaves it to the engine")
        _check_number("keep-every", self.keep_every, 0, MOST_STEPS, "0 keeps none")
        _check_number("seed", self.seed, -1, MOST_SEED, "-1 drags the image's own picture")
        _check_turn(self.turn)


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadInput(
            f"The argument '{name}' has {len(text)} characters.", hint=f"At most: {longest}."
        )
    if not text.isprintable():
        raise BadInput(
            f"The argument '{name}' has characters that cannot be printed.",
            hint="Write it on one line.",
        )


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise BadInput(
            f"The argument '{name}' is {value[:60]!r}, which is not known.",
            hint=f"Known are: {', '.join(known)}.",
        )


def _check_number(name: str, value: int, low: int, high: int, meaning: str) -> None:
    if not low <= value <= high:
        raise BadInput(
            f"The argument '{name}' is {value}.",
            hint=f"Give a whole number from {low} to {high}; {meaning}.",
        )


def _check_turn(degrees: float) -> None:
    if not (math.isfinite(degrees) and abs(degrees) <= MOST_TURN):
        raise BadInput(
            f"The argument 'turn' is {degrees:g}.",
            hint="Give degrees from -180 to 180: by how much what is dragged is tilted, clockwise.",
        )
