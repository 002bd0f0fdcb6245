"""What the user has set in the panel, and how it is kept as strings; standard library only."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Callable, Dict, Mapping, Optional

from ..messages import DragSettings, Pasting

SOURCES = ("visible", "layer")
REGIONS = ("auto", "selection", "whole")
QUALITIES = ("fast", "balanced", "best")
PRESETS = ("default", "paper", "released")
MASKS = ("selection", "none")
PASTES = ("moved", "all")


@dataclass(frozen=True)
class Settings:
    """All that the panel remembers; None leaves the choice to the engine.

    `preview_ms` is the time between two previews. `hold` weighs what must not move (lambda_mask),
    `handle_size` (r1) and `tracking` (r2) are radii, `speed` is the learning rate, and a handle
    nearer to its target than `arrival` has arrived. Lengths are pixels of a 512 px picture.
    `mask` is what limits what may move, and `live` shows the steps in the editor's own picture.
    `paste`, `detail` and `seam` are those of `Pasting`; `angle` is in degrees, clockwise.
    """

    address: str = ""  # "" is this computer's daemon
    model: str = "critters"
    source: str = "visible"
    region: str = "whole"
    quality: str = "balanced"
    preview_ms: int = 50
    keep_every: Optional[int] = None
    steps: Optional[int] = None
    hold: Optional[float] = None
    handle_size: Optional[float] = None
    tracking: Optional[float] = None
    speed: Optional[float] = None
    arrival: Optional[float] = None
    preset: Optional[str] = None
    language: str = ""  # "" is the editor's
    show_box: bool = True
    mask: str = "selection"
    live: bool = False
    paste: str = "moved"
    detail: bool = True
    seam: bool = False
    angle: float = 0.0

    def drag_settings(self) -> DragSettings:
        """The same as it travels to the daemon."""
        return DragSettings(
            preset=self.preset,
            steps=self.steps,
            r1=self.handle_size,
            r2=self.tracking,
            lambda_mask=self.hold,
            lr=self.speed,
            stop=self.arrival,
        )

    def pasting(self) -> Pasting:
        """How steps come into the picture, as it travels to the daemon."""
        return Pasting(self.paste, self.detail, self.seam)


def load(read: Callable[[str], str], *, default: Optional[Settings] = None) -> Settings:
    """The settings that `read(name)` remembers; the default for what is missing or makes no sense.

    `read` returns "" for a name that it does not know; `default` is Settings().
    """
    values: Dict[str, Any] = {}
    for name, parse in _PARSERS.items():
        text = read(name)
        try:
            if isinstance(text, str) and text:
                values[name] = parse(text)
        except ValueError:
            continue
    return replace(default or Settings(), **values)


def save(settings: Settings, write: Callable[[str, str], None]) -> None:
    """Calls `write(name, text)` for each setting, such that `load` gives them back."""
    for field in fields(settings):
        write(field.name, _text(getattr(settings, field.name)))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _short(limit: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > limit or not text.isprintable():
            raise ValueError(text[:limit])
        return text

    return parse


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return parse


def _yes_or_no(text: str) -> bool:
    return _one_of("True", "False")(text) == "True"


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return parse


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        number = float(text)
        if not (math.isfinite(number) and low <= number <= high):
            raise ValueError(text)
        return number

    return parse


# The ranges are those that the wire allows.
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "address": _short(500),
    "model": _short(64),
    "source": _one_of(*SOURCES),
    "region": _one_of(*REGIONS),
    "quality": _one_of(*QUALITIES),
    "preview_ms": _whole(33, 1000),
    "keep_every": _whole(1, 100_000),
    "steps": _whole(1, 100_000),
    "hold": _number(0, 1e6),
    "handle_size": _number(0.1, 256),
    "tracking": _number(0.1, 256),
    "speed": _number(1e-7, 10),
    "arrival": _number(0.01, 1000),
    "preset": _one_of(*PRESETS),
    "language": _short(16),
    "show_box": _yes_or_no,
    "mask": _one_of(*MASKS),
    "live": _yes_or_no,
    "paste": _one_of(*PASTES),
    "detail": _yes_or_no,
    "seam": _yes_or_no,
    "angle": _number(-180, 180),
}
