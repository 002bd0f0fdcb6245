"""Layers in an image: found by their ids, built apart, added at once as one step of undo.

An id is a layer's tattoo as text, which a saved image keeps. Nothing is ever written to a layer of
the user's; all pixels are in place before a layer of ours is added, as writing to a layer below a
locked one makes GIMP end the plug-in.

Where a result lies over its layer, it is an ordinary layer, masked to what has changed. A layer
that lets something shine through would show below it as well: there the group stands instead of the
layer, with a copy of it at the bottom, and has its mode, opacity and mask; the layer itself is
hidden. What moves there takes its alpha along, and leaves transparency behind: a result is a group
that its pixels pass through, above a layer that clears what was there, masked to what has changed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Optional, Sequence, Tuple

from gi.repository import Gimp

from ..draggan_wire.crop import Crop
from ..draggan_wire.errors import BadInput
from ..draggan_wire.workbench.received import check_size
from . import pixels
from .notes import Origin, forget, read_origin, write_note, write_origin

if TYPE_CHECKING:
    from ..canvas import NewLayer
    from ..draggan_wire.messages import Image

GROUP, ORIGINAL = "DragGAN", "Original"
MOVED, CLEARED = "Moved", "Cleared"
Note = Callable[[str, Tuple[str, ...]], bytes]
_PLAIN = (Gimp.LayerMode.NORMAL, Gimp.LayerMode.NORMAL_LEGACY, Gimp.LayerMode.PASS_THROUGH)


def id_of(item: Any) -> str:
    return str(item.get_tattoo())


def find(image: Any, layer: str) -> Any:
    """The layer of that id where it stands in the image now, else None."""
    if not (layer.isascii() and layer.isdigit() and 0 < int(layer) < 1 << 32):
        return None
    found = image.get_layer_by_tattoo(int(layer))
    return found if found is not None and found.is_valid() else None


def parents(item: Any) -> Iterator[Any]:
    """The groups that an item stands in, innermost first."""
    parent = item.get_parent()
    while parent is not None:
        yield parent
        parent = parent.get_parent()


def is_locked(item: Any) -> bool:
    """Whether GIMP lets nobody write to it: its own lock, or one of a group around it."""
    return any(each.get_lock_content() for each in (item, *parents(item)))


def groups(items: Sequence[Any]) -> Iterator[Any]:
    """All groups below, from top to bottom."""
    for item in items:
        if item.is_group_layer():
            yield item
            yield from groups(item.get_children())


def frame_of(layer: Any, width: int, height: int) -> Optional[Crop]:
    """The part of an image of that size that a layer covers, None for none."""
    _, x, y = layer.get_offsets()
    left, top = max(x, 0), max(y, 0)
    right = min(x + layer.get_width(), width)
    bottom = min(y + layer.get_height(), height)
    return Crop(left, top, right - left, bottom - top) if right > left and bottom > top else None


def new_layer(image: Any, name: str, crop: Crop) -> Any:
    """An empty layer with alpha at its place, not in the image yet."""
    gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if gray else Gimp.ImageType.RGBA_IMAGE
    size = (crop.width, crop.height)
    layer = Gimp.Layer.new(image, name, *size, kind, 100.0, Gimp.LayerMode.NORMAL)
    if layer is None:
        raise BadInput("GIMP could not make a new layer.", hint="Close other images, then retry.")
    layer.set_offsets(crop.left, crop.top)
    return layer


@contextmanager
def without_undo(image: Any) -> Iterator[None]:
    """What is done inside enters no undo step, and an image that counts as saved goes on to.

    GIMP calls an image changed when a layer comes or goes, undo or not.
    """
    saved = not image.is_dirty()
    image.undo_freeze()
    try:
        yield
    finally:
        image.undo_thaw()
        if saved and image.is_dirty():
            image.clean_all()


@contextmanager
def hidden(image: Any, ids: Sequence[str]) -> Iterator[None]:
    """Inside, the layers of these ids are not shown; afterwards all is as it was."""
    found = [find(image, layer) for layer in ids]
    shown = [layer for layer in found if layer is not None and layer.get_visible()]
    if not shown:
        yield
        return
    with without_undo(image):
        for layer in shown:
            layer.set_visible(False)
        try:
            yield
        finally:
            for layer in shown:
                layer.set_visible(True)


@contextmanager
def keeping_selected(image: Any) -> Iterator[None]:
    """GIMP selects each layer that is added; the user's layers are selected again."""
    selected = image.get_selected_layers()
    try:
        yield
    finally:
        select(image, selected)


def select(image: Any, layers: Sequence[Any]) -> None:
    """Selects those that are still there; GIMP takes no empty list."""
    there = [layer for layer in layers if layer.is_valid()]
    if there:
        image.set_selected_layers(there)


@contextmanager
def with_effects(layer: Any) -> Iterator[Any]:
    """The layer as its non-destructive effects make it look; without any, the layer itself."""
    effects = [each for each in layer.get_filters() or [] if each.get_visible()]
    if not effects or layer.is_group_layer():
        yield layer
        return
    copy = layer.copy()
    try:
        copy.set_lock_content(False)
        copy.merge_filters()
        yield copy
    finally:
        copy.delete()


def place_above(image: Any, source: Any) -> Tuple[Any, int]:
    """Parent (None: the image) and position right above a layer; None: on top of everything.

    Out of all locked groups, and above earlier groups of ours that lie over the same layer.
    """
    if source is None:
        return None, 0
    locked = [parent for parent in parents(source) if parent.get_lock_content()]
    anchor = locked[-1] if locked else source
    parent, position = anchor.get_parent(), image.get_item_position(anchor)
    siblings = image.get_layers() if parent is None else parent.get_children()
    while position and _lies_over(siblings[position - 1], source):
        position -= 1
    return parent, position


def _lies_over(item: Any, source: Any) -> bool:
    origin = read_origin(item)
    return origin is not None and origin.layer == id_of(source)


@dataclass(frozen=True)
class _Result:
    """What stands for one new layer: it alone, or a group with its layers, the lowest first."""

    layer: Any
    children: Tuple[Any, ...] = ()
    changed: Optional[Image] = None  # the group's mask to be


class Insertion:
    """One insertion of new layers, the lowest first, made from `source` (None: all visible).

    `group`: the group of an earlier edit that they are to go to, where it can be written to.
    """

    def __init__(self, image: Any, source: Any, layers: Sequence[NewLayer], group: Any) -> None:
        for new in layers:
            check_size(new.image, new.crop)
        self._image, self._source, self._new = image, source, layers
        origin = self._origin_of(group)
        self._group = group if origin is not None else None
        self._origin = origin if origin is not None else self._choose_origin()

    def run(self, hidden: Sequence[Any], note: Note) -> Any:
        """Adds them and returns the last one; `hidden` are layers of ours that they supersede.

        An exception leaves the image as it was. What may fail is done before the step of undo.
        """
        built = [self._build(new) for new in self._new]
        original = self._build_original()
        group = self._group if self._group is not None else self._build_group()
        data = note(id_of(group), tuple(id_of(each.layer) for each in built))
        if self._group is None and data:
            write_note(group, data)
        selected = self._image.get_selected_layers()
        added: List[Any] = []
        self._image.undo_group_start()
        try:
            self._attach(built, original, group, added)
            if self._group is not None and data:
                write_note(group, data)
            for layer in hidden:
                layer.set_visible(False)
            if original is not None:
                self._source.set_visible(False)
            if not all(layer.get_visible() for layer in selected):
                selected = [built[-1].layer]  # what one goes on with is what one sees
        except BaseException:
            for item in reversed(added):
                self._image.remove_layer(item)
            raise
        finally:
            self._image.undo_group_end()
            select(self._image, selected)
        return built[-1].layer

    def _origin_of(self, group: Any) -> Optional[Origin]:
        """How an earlier group came to be, None where the new layers cannot go to it."""
        origin = read_origin(group) if group is not None else None
        if origin is None or not group.get_visible() or is_locked(group):
            return None
        return origin if origin.kind != "over" or self._opaque() else None

    def _choose_origin(self) -> Origin:
        if self._source is None:
            return Origin("over" if self._opaque() else "replacing", "")
        return Origin("instead" if self._must_stand_in() else "over", id_of(self._source))

    def _must_stand_in(self) -> bool:
        layer = self._source
        masked = layer.get_mask() is not None and layer.get_apply_mask()
        shines = masked or layer.get_opacity() < 100 or layer.get_mode() not in _PLAIN
        if layer.get_visible() and not shines and self._opaque():
            return False
        locked = any(parent.get_lock_content() for parent in parents(layer))
        return not locked and all(_covers(layer, new.crop) for new in self._new)

    def _opaque(self) -> bool:
        return all(pixels.is_opaque(new.image, new.changed) for new in self._new)

    def _build(self, new: NewLayer) -> _Result:
        layer = new_layer(self._image, new.name, new.crop)
        pixels.write(layer, new.image)
        if self._origin.kind == "over":
            _limit(layer, new.changed)
            layer.set_visible(new.visible)
            return _Result(layer)
        layer.set_name(MOVED)
        below = new_layer(self._image, CLEARED, new.crop)
        below.fill(Gimp.FillType.WHITE)
        below.set_mode(Gimp.LayerMode.ERASE)
        group = Gimp.GroupLayer.new(self._image, new.name)
        group.set_mode(Gimp.LayerMode.PASS_THROUGH)
        group.set_visible(new.visible)
        for each in (below, layer, group):
            each.set_composite_space(_own_space(self._image))
        return _Result(group, (below, layer), new.changed)

    def _build_group(self) -> Any:
        group = Gimp.GroupLayer.new(self._image, GROUP)
        write_origin(group, self._origin)
        if self._origin.kind == "replacing":
            group.set_mode(Gimp.LayerMode.PASS_THROUGH)
        return group

    def _build_original(self) -> Any:
        if self._group is not None or self._origin.kind != "instead":
            return None
        copy = self._source.copy()
        copy.set_name(ORIGINAL)
        copy.set_lock_content(False)
        if copy.get_mode() not in _PLAIN:
            copy.set_mode(Gimp.LayerMode.NORMAL)
        copy.set_opacity(100.0)
        copy.set_visible(True)
        forget(copy)
        return copy

    def _attach(
        self, built: Sequence[_Result], original: Any, group: Any, added: List[Any]
    ) -> None:
        if self._group is None:
            self._insert(group, *place_above(self._image, self._source), added)
        if original is not None:
            self._insert(original, group, 0, added)
            if original.get_mask() is not None:
                original.remove_mask(Gimp.MaskApplyMode.DISCARD)
            _take_looks(group, self._source)
        for result in built:
            self._insert(result.layer, group, 0, added)
            for child in result.children:
                self._insert(child, result.layer, 0, added)
            if result.changed is not None:  # a group's mask is as large as what is in it
                _limit(result.layer, result.changed)

    def _insert(self, layer: Any, parent: Any, position: int, added: List[Any]) -> None:
        if not self._image.insert_layer(layer, parent, position):
            raise BadInput(
                "GIMP did not take the new layers.",
                hint="Unlock the layer's group, or move the layer out of it, then press OK again.",
            )
        added.append(layer)


def _limit(layer: Any, changed: Image) -> None:
    """Masks a layer of that size to what has changed."""
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    pixels.write_coverage(mask, changed)
    layer.set_edit_mask(False)


def _own_space(image: Any) -> Any:
    """The space in which samples are composed as they are stored: other spaces cost last bits."""
    curve = image.get_precision().value_nick.partition("-")[2]
    spaces = Gimp.LayerColorSpace
    known = {"linear": spaces.RGB_LINEAR, "non-linear": spaces.RGB_NON_LINEAR}
    return known.get(curve, spaces.RGB_PERCEPTUAL)


def _covers(layer: Any, crop: Crop) -> bool:
    _, x, y = layer.get_offsets()
    right, bottom = x + layer.get_width(), y + layer.get_height()
    inside = crop.left >= x and crop.top >= y
    return inside and crop.left + crop.width <= right and crop.top + crop.height <= bottom


def _take_looks(group: Any, layer: Any) -> None:
    """Mode, opacity and mask of a layer, for the group that stands in its place."""
    mode = layer.get_mode()
    group.set_mode(Gimp.LayerMode.NORMAL if mode in _PLAIN else mode)
    group.set_blend_space(layer.get_blend_space())
    group.set_composite_space(layer.get_composite_space())
    group.set_composite_mode(layer.get_composite_mode())
    group.set_opacity(layer.get_opacity())
    mask = layer.get_mask()
    if mask is not None:
        own = group.create_mask(Gimp.AddMaskType.WHITE)
        group.add_mask(own)
        pixels.copy_stored(mask, own)
        group.set_apply_mask(layer.get_apply_mask())
        group.set_edit_mask(False)
