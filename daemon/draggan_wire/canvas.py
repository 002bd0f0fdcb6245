"""What a host must provide for an edit: the seam between the editors and the rest; stdlib only."""

from __future__ import annotations

from typing import Optional, Protocol, Sequence, Tuple

from .errors import BadInput
from .messages import MAX_HANDLES, Image, Point

Handle = Tuple[Point, Point]  # where it is grabbed and where it goes; the same point twice = a pin


class Canvas(Protocol):
    """A host's document while it is edited. All points are in pixels of the picture that was read.

    Called on the thread that calls `Edit.start` and `Edit.poll` only. A method that cannot do its
    work raises a WireError (BadInput, ...) with a sentence for the user.
    """

    def read_image(self) -> Image:
        """The pixels to work on: the crop of a layer, in the host's own format."""

    def read_handles(self) -> Sequence[Handle]:
        """What the user drew."""

    def read_mask(self) -> Optional[Image]:
        """The selection as gray8 of the picture's size, 255 = may move; None = all may move."""

    def show_preview(self, image: Image) -> None:
        """Shows a step in place of the one before; may be smaller than the picture: stretch it."""

    def keep_step(self, image: Image, step: int, changed: Optional[Image]) -> None:
        """Keeps an intermediate step, as a layer for instance.

        `changed` is gray8 of the picture's size: 255 where any sample differs from the opened
        picture, else 0; None where the daemon does not say.
        """

    def add_result(self, image: Image, name: str, changed: Optional[Image]) -> None:
        """Adds the result as something new: one step of undo, nothing overwritten.

        `changed` as in `keep_step`.
        """

    def clear_preview(self) -> None:
        """Takes the preview away, if there is one."""


def check_handles(handles: Sequence[Handle], image: Image) -> Sequence[Handle]:
    """The handles, if they can be dragged on this picture; raises BadInput in the user's words."""
    if not handles:
        raise BadInput(
            "There are no handles.", hint="Draw a line from a point to where it should go."
        )
    if len(handles) > MAX_HANDLES:
        raise BadInput(f"There are more than {MAX_HANDLES} handles.", hint="Remove some.")
    for x, y in (point for handle in handles for point in handle):
        if not (0 <= x <= image.width and 0 <= y <= image.height):
            raise BadInput(
                f"The point ({x:g}, {y:g}) lies outside the picture of {image.width} x "
                f"{image.height} pixels.",
                hint="Move it inside, or select a larger region.",
            )
    if all(start == target for start, target in handles):
        raise BadInput(
            "All handles are pins, so nothing would move.",
            hint="Draw at least one line from a point to where it should go.",
        )
    return handles


def check_mask(mask: Optional[Image], image: Image) -> Optional[Image]:
    """The mask, if anything may move and it fits the picture; raises BadInput otherwise."""
    if mask is None:
        return None
    if mask.format != "gray8" or (mask.width, mask.height) != (image.width, image.height):
        raise BadInput(
            f"The mask has {mask.width} x {mask.height} pixels ({mask.format}), the picture "
            f"{image.width} x {image.height}.",
            hint="Give one gray8 value for each pixel of the picture.",
        )
    if not bytes(mask.data).strip(b"\0"):
        raise BadInput(
            "The selection is empty, so nothing may move.",
            hint="Select what may move, or select nothing to let all of it move.",
        )
    return mask
