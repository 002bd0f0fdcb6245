"""What one press of a button asks of an edit, read and checked once; standard library only."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple, Union

from .canvas import Canvas, check_handles, check_mask
from .edit_status import EditOptions
from .messages import Drag, Image, Open, Point


@dataclass(frozen=True)
class PictureTask:
    """A picture is to be opened, ahead of a drag."""

    image: Image
    options: EditOptions
    fingerprint: str

    def opening(self) -> Open:
        options, seed = self.options, self.options.seed
        image = self.image if seed is None else None
        return Open(
            model=options.model,
            image=image,
            seed=seed,
            quality=options.quality,
            angle=options.angle,
        )


@dataclass(frozen=True)
class DragTask(PictureTask):
    """All that one drag depends on.

    `at` is the step of the timeline to go on from, if the picture is still the opened one.
    """

    handles: Tuple[Point, ...]  # starts
    targets: Tuple[Point, ...]
    mask: Optional[Image]
    at: Optional[int] = None

    def dragging(self, session: str) -> Drag:
        return Drag(
            session=session,
            handles=self.handles,
            targets=self.targets,
            mask=self.mask,
            settings=self.options.settings,
            preview_every_ms=self.options.preview_every_ms,
            preview_max_side=self.options.preview_max_side,
            keep_every=self.options.keep_every,
            paste=self.options.paste,
        )

    def fraction(self, distances: Sequence[float]) -> float:
        """How much of all handles' way is behind them, in [0, 1]."""
        whole = sum(math.dist(h, self.targets[i]) for i, h in enumerate(self.handles))
        return min(max(1 - sum(distances) / whole, 0.0), 1.0) if whole else 0.0


@dataclass(frozen=True)
class RestoreTask:
    """An edit of another day is to be opened again from what was saved of it, and its picture.

    One that was made up has no picture, and no fingerprint.
    """

    options: EditOptions
    data: bytes
    image: Optional[Image] = None
    fingerprint: str = ""


Task = Union[PictureTask, RestoreTask]


def read_picture(canvas: Canvas, options: EditOptions) -> PictureTask:
    """The picture that the canvas holds now; raises BadInput for none."""
    image = canvas.read_image()
    return PictureTask(image, options, fingerprint(image, options))


def read_drag(canvas: Canvas, options: EditOptions, at: Optional[int]) -> DragTask:
    """What the canvas holds now; raises BadInput for what cannot be dragged."""
    image = canvas.read_image()
    handles = check_handles(canvas.read_handles(), image)
    mask = check_mask(canvas.read_mask(), image)
    starts, targets = tuple(h for h, _ in handles), tuple(t for _, t in handles)
    return DragTask(image, options, fingerprint(image, options), starts, targets, mask, at)


def read_saved(canvas: Canvas, options: EditOptions, data: bytes) -> RestoreTask:
    """Saved data, with the picture that the canvas holds now; raises BadInput for none."""
    if options.seed is not None:
        return RestoreTask(options, data)
    image = canvas.read_image()
    return RestoreTask(options, data, image, fingerprint(image, options))


def fingerprint(image: Image, options: EditOptions) -> str:
    """Tells pictures (and how they were opened) apart; one that is made up, by its number."""
    form = f"{options.model}/{options.quality}/{image.format}/{image.width}x{image.height}/"
    if options.seed is not None:
        return f"{form}{options.seed}"
    if options.angle:
        form += f"{options.angle!r}/"
    digest = hashlib.blake2b(form.encode(), digest_size=16)
    digest.update(image.data)
    return digest.hexdigest()
