"""Layers that the plugin adds to a document: built elsewhere, added at once, found again by id.

Where a result lies over an opaque layer, it is an ordinary layer, masked to what has changed. What
lets something shine through would show below it as well: there a result is a group that its layers
pass through, with one below its pixels that erases what was there. So that this erases nothing else
the group around it holds a copy of the user's layer at the bottom and stands in its place (see
`stand_in`); what is made of everything visible erases just that.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Iterator, Optional, Sequence

from krita import Selection

from ..draggan_wire.crop import Crop
from ..draggan_wire.messages import Image
from ..qt import QtCore
from .gamut import is_wider_than_srgb, made_up_for
from .pixels import SRGB, depth_of, write_node
from .scratch import Workshop, space_of

GROUP, MASK = "DragGAN", "What moved"
ORIGINAL, CLEARED, MOVED = "Original", "Cleared", "Moved"
ERASE, NORMAL = "erase", "normal"  # blending modes
PATIENCE = 30  # looks at the active layer after an insertion
# Pixels over which a mask fades in where colours are not quite kept: what has moved away lies just
# inside, and must not be seen through it.
SOFT = 1
TURNS = 2  # times that Krita may turn away from the user's layer after one


@dataclass(frozen=True)
class Added:
    """Ids of what one insertion has added; ids, since the user may remove a node at any time.

    `active` was the active layer before.
    """

    group: str
    layer: str
    active: str


def find(document: Any, uid: str) -> Any:
    """The node of that id where it stands in the document now, else None."""
    return document.nodeByUniqueID(QtCore.QUuid(uid)) if uid else None


def id_of(node: Any) -> str:
    return str(node.uniqueId().toString())


def active_id(document: Any) -> str:
    node = document.activeNode()
    return "" if node is None else id_of(node)


@dataclass(frozen=True)
class NewLayer:
    """A layer to be: `masked` to what has `changed` (None: to all of the crop).

    It `clears` what is below it, so that nothing of that shines through.
    """

    name: str
    image: Image
    crop: Crop
    changed: Optional[Image] = None
    masked: bool = True
    locked: bool = False
    visible: bool = True
    clears: bool = False


def add_layer(
    document: Any, new: NewLayer, workshop: Workshop, *, group: str = "", above: str = ""
) -> Added:
    """Adds a layer with its pixels and its mask, as one step of undo.

    It goes to the top of the group of that id; where there is none (any more), a new group goes
    above the node `above`, or to the top. Krita makes it the active one some time later: see
    `ActiveLayer`.
    """
    active, parent = active_id(document), find(document, group)
    scratch = workshop.document(space_of(document))
    own_group = scratch.createGroupLayer(GROUP)
    scratch.rootNode().addChildNode(own_group, None)
    if new.clears and parent is None:
        _prepare_clearing(own_group, find(document, above))
    layer = _build(scratch, own_group, new, made_up_for(document, new.image, workshop))
    scratch.waitForDone()
    if parent is None:
        parent = own_group.clone()
        _add_group(document, parent, find(document, above))
        added = parent.childNodes()[-1]
    else:
        added = layer.clone()
        parent.addChildNode(added, None)
    own_group.remove()
    document.refreshProjection()
    return Added(id_of(parent), id_of(added), active)


def _build(scratch: Any, group: Any, new: NewLayer, image: Image) -> Any:
    """The new layer with all that belongs to it, on top of a group of the scratch document."""
    top = group
    if new.clears:
        top = scratch.createGroupLayer(new.name)
        top.setPassThroughMode(True)
        group.addChildNode(top, None)
        cleared = scratch.createNode(CLEARED, "paintlayer")
        cleared.setColorSpace("RGBA", "U8", SRGB)
        black = b"\0\0\0\xff" * (new.crop.width * new.crop.height)
        write_node(cleared, Image("bgra8", new.crop.width, new.crop.height, black), new.crop)
        top.addChildNode(cleared, None)
        cleared.setBlendingMode(ERASE)
    layer = scratch.createNode(MOVED if new.clears else new.name, "paintlayer")
    layer.setColorSpace("RGBA", depth_of(image), SRGB)
    write_node(layer, image, new.crop)
    top.addChildNode(layer, None)
    whole = top if new.clears else layer
    for part in whole.childNodes() if new.clears else (layer,):
        if new.masked:
            _add_mask(scratch, part, new)
    for part in _family(whole):
        part.setLocked(new.locked)
    whole.setVisible(new.visible)
    return whole


def _prepare_clearing(group: Any, original: Any) -> None:
    """A group in which erasing does what it should: in place of a layer, or of everything."""
    if original is None:
        group.setPassThroughMode(True)
        return
    group.addChildNode(original.clone(), None)
    copy = group.childNodes()[0]  # a clone knows no document, for good: Krita crashes below
    group.setBlendingMode(original.blendingMode())
    group.setOpacity(original.opacity())
    copy.setBlendingMode(NORMAL)
    copy.setOpacity(255)
    copy.setName(ORIGINAL)
    copy.setVisible(True)
    copy.setLocked(False)


def stands_in(group: Any) -> bool:
    """Whether a group of ours holds a copy of the layer that it was made of."""
    children: Sequence[Any] = group.childNodes() if group is not None else ()
    return bool(children) and children[0].name() == ORIGINAL


def _family(layer: Any) -> Sequence[Any]:
    """A layer of ours, and the layers in it where it is a group."""
    return (layer, *layer.childNodes()) if layer.type() == "grouplayer" else (layer,)


def pixels_of(layer: Any) -> Any:
    """The paint layer that holds the pixels of a layer of ours."""
    return _family(layer)[-1]


@contextmanager
def hidden(document: Any, uids: Sequence[str]) -> Iterator[None]:
    """Inside, the nodes of these ids are not shown; afterwards all is as it was."""
    found = [find(document, uid) for uid in uids]
    shown = [node for node in found if node is not None and node.visible()]
    modified = document.modified()
    _show(document, shown, on=False)
    try:
        yield
    finally:
        _show(document, shown, on=True)
        if shown:
            document.setModified(modified)


def _show(document: Any, nodes: Sequence[Any], *, on: bool) -> None:
    for node in nodes:
        node.setVisible(on)
    if nodes:
        document.refreshProjection()


def _add_group(document: Any, group: Any, above: Any) -> None:
    parent = above.parentNode() if above is not None else None
    (parent or document.rootNode()).addChildNode(group, above)


def _add_mask(document: Any, layer: Any, new: NewLayer) -> None:
    mask = document.createTransparencyMask(MASK)
    soft = not new.clears and is_wider_than_srgb(document)  # two soft edges would be seen through
    mask.setSelection(_selection_of(new.changed, new.crop, soft=soft))
    layer.addChildNode(mask, None)


def _selection_of(changed: Optional[Image], crop: Crop, *, soft: bool) -> Any:
    """What has changed (None: all of it) as a selection, `soft` at its edges, never beyond them."""
    area = (crop.left, crop.top, crop.width, crop.height)
    selection = Selection()
    if changed is None:
        selection.select(*area, 255)
        return selection
    selection.setPixelData(bytes(changed.data), *area)
    if soft:
        inner = selection.duplicate()
        inner.shrink(2 * SOFT, 2 * SOFT, True)
        inner.feather(SOFT)
        selection.intersect(inner)
    return selection


def with_earlier(
    document: Any, changed: Optional[Image], uids: Sequence[str], crop: Crop
) -> Optional[Image]:
    """What has changed, and all that earlier layers of ours cover: where the picture is again as it
    was, they would show beside a new one. None for all of the crop."""
    if changed is None:
        return None
    area = (crop.left, crop.top, crop.width, crop.height)
    together = int.from_bytes(bytes(changed.data), "little")
    for layer in (find(document, uid) for uid in uids):
        if layer is None:
            continue
        masks = [child for child in pixels_of(layer).childNodes() if child.name() == MASK]
        if not masks:  # the painter has taken it away
            return None
        together |= int.from_bytes(bytes(masks[0].pixelData(*area)), "little")
    size = crop.width * crop.height
    return replace(changed, data=together.to_bytes(size, "little"))


def rewrite(document: Any, added: Added, image: Image, crop: Crop) -> bool:
    """New pixels for a layer of ours; False when the user has taken it out meanwhile."""
    layer = find(document, added.layer)
    if layer is None:
        return False
    write_node(pixels_of(layer), image, crop)
    document.refreshProjection()
    return True


def finish(
    document: Any,
    added: Added,
    name: str,
    image: Image,
    crop: Crop,
    changed: Optional[Image],
    workshop: Workshop,
) -> bool:
    """Makes the working layer the result: final pixels, masked, named, and the user's to paint on.

    It enters nothing into the undo list: the step that added the layer is the only one. False when
    the layer is gone.
    """
    layer = find(document, added.layer)
    if layer is None:
        return False
    write_node(pixels_of(layer), made_up_for(document, image, workshop), crop)
    if changed is not None:
        _mask_anew(document, layer, crop, changed)
    layer.setName(name)
    for part in _family(layer):
        part.setLocked(False)
    document.refreshProjection()
    return True


def _mask_anew(document: Any, layer: Any, crop: Crop, changed: Image) -> None:
    parts = _family(layer)
    soft = len(parts) == 1 and is_wider_than_srgb(document)
    selection = _selection_of(changed, crop, soft=soft)
    area = (crop.left, crop.top, crop.width, crop.height)
    for mask in (child for part in parts for child in part.childNodes()):
        if mask.name() == MASK:
            mask.setPixelData(selection.pixelData(*area), *area)


def remove(document: Any, added: Added) -> None:
    """Takes a working layer away, and its group if nothing else is in it."""
    layer, group = find(document, added.layer), find(document, added.group)
    if layer is None:
        return
    active = active_id(document)
    alone = group is not None and len(group.childNodes()) == (2 if stands_in(group) else 1)
    (group if alone else layer).remove()
    activate(document, active)
    document.refreshProjection()


def activate(document: Any, uid: str) -> None:
    """Makes the node of that id the active one, if it is still there."""
    node = find(document, uid)
    if node is not None:
        document.setActiveNode(node)


class ActiveLayer:
    """Gives the user's active layer back: Krita turns to a new one some time after it was added."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._added: Optional[Added] = None
        self._patience = self._turns = 0

    def expect(self, added: Added) -> None:
        """Krita will turn to this layer, or its group, or one after the other."""
        before = self._added
        if before is not None and added.active in (before.group, before.layer):
            added = replace(added, active=before.active)  # the user's own was not given back yet
        self._added, self._patience, self._turns = added, PATIENCE, TURNS

    def settle(self) -> None:
        """To be called now and then; a layer that the user has chosen meanwhile stays chosen."""
        added, self._patience = self._added, self._patience - 1
        if added is None or self._patience < 0 or not self._turns:
            self._added = None
        elif active_id(self._document) in (added.group, added.layer):
            self._turns -= 1
            activate(self._document, added.active)
