"""One image of GIMP's and the layer that the filter was called on: size, pixels, layers, notes.

The user goes on working in GIMP meanwhile: the image may be closed and the layer deleted between
any two calls. GIMP then shows a box for each call, so both are asked for before.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence, Tuple

from gi.repository import Gegl, Gimp

from ..draggan_wire.crop import Box, Crop
from ..draggan_wire.errors import BadInput
from ..draggan_wire.messages import Image
from ..draggan_wire.pixels import BYTES_PER_PIXEL
from ..screen import Screen
from . import copies, layers, notes, paths, pixels
from .live import LiveLayer

if TYPE_CHECKING:
    from ..canvas import NewLayer
    from ..draggan_wire.workbench.handles import HandleLine

_MODELS = {Gimp.ImageBaseType.RGB: "RGB", Gimp.ImageBaseType.GRAY: "grayscale"}


def warm_up() -> None:
    """The first conversions between pixel formats are slow: done while the dialog opens."""
    Gegl.init(None)
    pixels.warm_up()


class GimpDocument:
    """Speaks for an image and one layer of it.

    Raises BadInput for anything but a layer, and for an image whose colours a palette limits.
    """

    def __init__(self, image: Any, drawable: Any) -> None:
        if not isinstance(drawable, Gimp.Layer):
            raise BadInput(
                "The filter works on layers; a mask or a channel is selected.",
                hint="Select the layer itself.",
            )
        if drawable.is_floating_sel():
            raise BadInput(
                "The filter does not work on a floating selection.",
                hint="Anchor it, or make it a layer.",
            )
        if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
            raise BadInput(
                "The image is indexed: a palette limits its colours.",
                hint="Image > Mode > RGB converts it; then call the filter again.",
            )
        Gegl.init(None)
        self._image, self._layer = image, drawable
        self._id = layers.id_of(drawable)
        self._format = pixels.wire_format(image)
        self._note: Optional[bytes] = None
        self._live = LiveLayer(image, drawable)

    @property
    def key(self) -> str:
        """Tells images apart while GIMP runs."""
        return str(self._image.get_id())

    @property
    def alive(self) -> bool:
        """Whether the image is still open and has the layer."""
        return bool(self._image.is_valid() and self._layer.is_valid())

    @property
    def size(self) -> Tuple[int, int]:
        self._check_image()
        return self._image.get_width(), self._image.get_height()

    @property
    def description(self) -> str:
        """For the diagnostics: no names, no pixels."""
        if not self._image.is_valid():
            return "closed"
        model = _MODELS.get(self._image.get_base_type(), "indexed")
        precision = self._image.get_precision().value_nick
        profile = self._image.get_effective_color_profile()
        label = profile.get_label() if profile is not None else "no profile"
        size = "{} x {}".format(*self.size)
        return f"{size}, {model}, {precision}, {label}, read as {self._format}"

    @property
    def name(self) -> str:
        """What GIMP calls the image, for its user alone."""
        return str(self._image.get_name() or "") if self._image.is_valid() else ""

    @property
    def layer(self) -> str:
        """The id of the layer that the filter was called on."""
        return self._id

    def active_layer(self) -> str:
        return self._id

    def work_on(self, layer: str) -> None:
        """Turns to the layer that an edit was made from; its note stays the one that is read.

        Raises BadInput for a layer that is gone.
        """
        self._check_image()
        found = layers.find(self._image, layer)
        if found is None:
            raise _deleted()
        if layer != self._id:
            self._note = self.read_note()
            self.end_live()
            self._layer, self._id, self._live = found, layer, LiveLayer(self._image, found)

    @property
    def bytes_per_pixel(self) -> int:
        return BYTES_PER_PIXEL[self._format]

    def frame(self, layer: str) -> Crop:
        """The part of the image that a source covers. Raises BadInput where that is nothing."""
        width, height = self.size
        if not layer:
            return Crop(0, 0, width, height)
        found = layers.find(self._image, layer)
        if found is None:
            raise _deleted()
        frame = layers.frame_of(found, width, height)
        if frame is None:
            raise BadInput(
                "The layer lies outside the image.",
                hint="Move it inside, or work on everything visible.",
            )
        return frame

    # Reading.

    def read_visible(self, crop: Crop, *, without: Sequence[str] = ()) -> Image:
        """What the image shows, without the live layer and some others.

        Raises LimitExceeded before it reads.
        """
        self._check_image()
        with layers.hidden(self._image, without), self._visible() as shown:
            return pixels.read(shown, crop, self._format)

    def read_layer(self, layer: str, crop: Crop) -> Optional[Image]:
        """A layer's own pixels and effects, without its mask and opacity; None when it is gone."""
        self._check_image()
        found = layers.find(self._image, layer)
        if found is None:
            return None
        with layers.with_effects(found) as shown:
            return pixels.read(shown, crop, self._format)

    def read_screen(self, layer: str, crop: Crop, width: int, height: int) -> Screen:
        """The same as `read_layer` or, for "", `read_visible`, scaled for the screen."""
        self._check_image()
        if not layer:
            with self._visible() as shown:
                return pixels.read_screen(shown, crop, width, height)
        found = layers.find(self._image, layer)
        if found is None:
            raise _deleted()
        with layers.with_effects(found) as shown:
            return pixels.read_screen(shown, crop, width, height)

    def screen(self, image: Image) -> Screen:
        """Any picture of the wire for the screen, in its own size."""
        return pixels.screen(image)

    def small(self, image: Image, longest: int) -> Image:
        """The picture as rgba8, no side longer than `longest` pixels."""
        return pixels.small(image, longest)

    def selection_box(self) -> Optional[Box]:
        """The selection's bounds inside the image, None without one."""
        self._check_image()
        _, some, left, top, right, bottom = Gimp.Selection.bounds(self._image)
        return (left, top, right, bottom) if some and right > left and bottom > top else None

    def read_selection(self, crop: Crop) -> Optional[Image]:
        """The selection as gray8, feathering kept; None without one."""
        if self.selection_box() is None:
            return None
        return pixels.read_coverage(self._image.get_selection(), crop)

    def path_lines(self, name: str = "") -> Tuple[HandleLine, ...]:
        """See `paths.path_lines`."""
        self._check_image()
        return paths.path_lines(self._image, name)

    # Adding.

    def insert(
        self,
        new: Sequence[NewLayer],
        *,
        source: str,
        hidden: Sequence[str] = (),
        note: layers.Note = lambda group, ids: b"",
    ) -> Any:
        """Adds layers, the lowest first, as one step of undo; returns the last one.

        They go to a new group above the layer `source` ("": on top), or to the group of the layers
        `hidden`, which they supersede. `note(group, layers)` says what the image is to carry. An
        exception leaves the image as it was.
        """
        self._check_image()
        if not new:
            raise BadInput("There is nothing to add.", hint="Drag something first.")
        found = layers.find(self._image, source) if source else None
        if source and found is None:
            raise _deleted()
        self.end_live()
        old = [each for each in (layers.find(self._image, k) for k in hidden) if each is not None]
        group = next((each.get_parent() for each in old), None)
        result = layers.Insertion(self._image, found, new, group).run(old, note)
        Gimp.displays_flush()
        return result

    def show_live(self, image: Image, crop: Crop) -> None:
        """Shows a step in the image itself; nothing of it is ever undone."""
        if self.alive:
            self._live.show(image, crop)

    def end_live(self) -> None:
        self._live.end()

    # Notes in the image.

    def read_note(self) -> bytes:
        """The edit that belongs to the layer, b"" for none."""
        if self._note is not None:
            return self._note
        return copies.note_of(group) if (group := self._group_of_edit()) is not None else b""

    def write_note(self, data: bytes) -> None:
        """For this opening of the filter only; `insert` writes what the image is to carry."""
        self._note = data

    def _group_of_edit(self) -> Any:
        """The group with the note: the layer itself, one around it, or one that came of it."""
        if not self.alive:
            return None
        return next(filter(notes.carries_note, self._candidates()), None)

    def _candidates(self) -> Iterator[Any]:
        yield self._layer
        yield from layers.parents(self._layer)
        every = list(layers.groups(self._image.get_layers()))
        for wanted in (self._id, ""):
            for group in every:
                origin = notes.read_origin(group)
                if origin is not None and origin.layer == wanted:
                    yield group

    def close(self) -> None:
        """Nothing more is wanted of it."""
        self.end_live()

    def _check_image(self) -> None:
        if not self._image.is_valid():
            raise BadInput(
                "The image has been closed.", hint="Open it again, then start the filter anew."
            )

    @contextmanager
    def _visible(self) -> Iterator[Any]:
        self._check_image()
        self._live.set_visible(False)
        shown = Gimp.Layer.new_from_visible(self._image, self._image, "DragGAN")
        try:
            yield shown
        finally:
            shown.delete()
            self._live.set_visible(True)


def _deleted() -> BadInput:
    return BadInput("The layer has been deleted.", hint="Undo that, or choose another layer.")
