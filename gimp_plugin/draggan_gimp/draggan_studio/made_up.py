"""Drags a picture that the model makes up from a number, and lays it into the image; no GIMP.

Nothing of the image's own pixels is sent: the picture has the model's own size, and lies at the top
left of what would have been dragged. It cannot be taken up again later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

from .canvas import NewLayer
from .draggan_wire.canvas import Handle
from .draggan_wire.crop import Crop
from .draggan_wire.edit import Edit, EditOptions
from .draggan_wire.edit_status import EditStatus
from .draggan_wire.errors import BadInput, ConnectionLost, NoDaemon, WireError
from .draggan_wire.messages import Image
from .draggan_wire.workbench.handles import HandleLine
from .draggan_wire.workbench.region import check_mask_holds
from .draggan_wire.workbench.settings import Settings
from .handle_text import check_inside
from .waiting import Patience, Telling, lost, nothing_moved, outcome_of, share

if TYPE_CHECKING:
    from .host.document import GimpDocument

PREVIEW_SIDE = 64  # pixels: nobody looks at them, the points beside them are told


class MadeUpCanvas:
    """The canvas of an edit without a picture: collects the layers that come of it."""

    def __init__(self, crop: Crop, lines: Sequence[HandleLine], mask: Optional[Image]) -> None:
        self.layers: List[NewLayer] = []
        self.result: Optional[NewLayer] = None
        self._crop, self._lines, self._mask = crop, lines, mask

    def read_image(self) -> Image:
        """Only its size is asked for."""
        width, height = self._crop.width, self._crop.height
        return Image("rgb8", width, height, bytes(3 * width * height))

    def read_handles(self) -> Sequence[Handle]:
        inside = self._crop.from_document
        return [(inside(line.start), inside(line.target)) for line in self._lines]

    def read_mask(self) -> Optional[Image]:
        return self._mask

    def show_preview(self, image: Image) -> None:
        """Nobody looks."""

    def keep_step(self, image: Image, step: int, changed: Optional[Image]) -> None:
        self.layers.append(self._layer(f"DragGAN, step {step}", image, visible=False))

    def add_result(self, image: Image, name: str, changed: Optional[Image]) -> None:
        self.result = self._layer(name, image, visible=True)

    def clear_preview(self) -> None:
        """There is none."""

    def _layer(self, name: str, image: Image, *, visible: bool) -> NewLayer:
        """All of the picture is new to the image, whatever of it has moved."""
        everything = Image("gray8", image.width, image.height, b"\xff" * image.width * image.height)
        return NewLayer(name, image, self._crop, everything, visible=visible)


def drag_made_up(
    document: GimpDocument,
    lines: Tuple[HandleLine, ...],
    settings: Settings,
    seed: int,
    patience: Patience,
    telling: Telling,
) -> Any:
    """The layer with the result; `patience` has reached its daemon. Raises WireError in words."""
    layer = document.active_layer() if settings.source == "layer" else ""
    crop = _place(document.frame(layer), settings.model, patience)
    name = f"the picture of {crop.width} x {crop.height} pixels that the model makes up"
    check_inside(lines, crop, name)
    mask = _mask(document, crop, lines) if settings.mask == "selection" else None
    canvas, line = MadeUpCanvas(crop, lines, mask), patience.connection.line()
    edit = Edit(line, canvas, clock=patience.clock)
    try:
        edit.start(_options(settings, seed))
        patience.work(lambda: _step(edit, telling))
        if edit.status.state == "failed":
            raise _failure(edit.status)
        if canvas.result is None or not edit.status.step:
            raise nothing_moved()
        layers = [*canvas.layers, canvas.result]
        result = document.insert(layers, source=layer, hidden=(), note=lambda group, ids: b"")
        telling.tell(1.0, outcome_of(edit.status, edit.status.notes))
        return result
    finally:
        edit.close()
        line.close()


def _step(edit: Edit, telling: Telling) -> bool:
    edit.poll()
    telling.tell(share(edit.status), edit.status.message)
    return not edit.busy


def _failure(status: EditStatus) -> WireError:
    if status.error is None or isinstance(status.error, (NoDaemon, ConnectionLost)):
        return lost()
    return status.error


def _place(frame: Crop, name: str, patience: Patience) -> Crop:
    model = next(each for each in patience.connection.models if each.id == name)
    return Crop(frame.left, frame.top, model.width, model.height)


def _mask(document: GimpDocument, crop: Crop, lines: Sequence[HandleLine]) -> Optional[Image]:
    if document.selection_box() is None:
        return None
    width, height = document.size
    if crop.left + crop.width > width or crop.top + crop.height > height:
        raise BadInput(
            "The picture that the model makes up is larger than the image, and the selection does "
            "not cover it.",
            hint="Select nothing, or make the canvas of the image larger.",
        )
    mask = document.read_selection(crop)
    check_mask_holds(mask, crop, lines)
    return mask


def _options(settings: Settings, seed: int) -> EditOptions:
    return EditOptions(
        model=settings.model,
        quality=settings.quality,
        settings=settings.drag_settings(),
        preview_every_ms=settings.preview_ms,
        preview_max_side=PREVIEW_SIDE,
        keep_every=settings.keep_every,
        seed=seed,
        paste=settings.pasting(),
        patient=True,
    )
