"""The note of an edit in a copy of its image or group: GIMP gives copied layers new tattoos.

The old ones may be those of quite different layers there, so none of them is believed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List

from ..draggan_wire.errors import BadInput
from ..draggan_wire.workbench.note import read_note, write_note
from ..draggan_wire.workbench.trace import Trace
from . import layers, notes

NOBODY = "0"  # no layer has this tattoo


def note_of(group: Any) -> bytes:
    """What a group carries, with the layers meant that are there; unreadable notes as they are."""
    raw = notes.read_note(group)
    try:
        note = read_note(raw)
    except BadInput:
        return raw
    if note.trace.group == layers.id_of(group):
        return raw
    layer = _layer_below(group) if note.source.layer else ""
    shown = ((layers.id_of(result), note.step) for result in _results(group))
    trace = Trace(layers.id_of(group), tuple(shown))
    return write_note(replace(note, source=replace(note.source, layer=layer), trace=trace))


def _results(group: Any) -> List[Any]:
    """The newest result: the topmost layer that is seen and masked, as all of ours are."""
    seen = (each for each in group.get_children() if each.get_visible())
    return [each for each in seen if each.get_mask() is not None][:1]


def _layer_below(group: Any) -> str:
    """The layer that the group was put above; other groups of ours may lie in between."""
    parent, image = group.get_parent(), group.get_image()
    siblings = image.get_layers() if parent is None else parent.get_children()
    for item in siblings[image.get_item_position(group) + 1 :]:
        if notes.read_origin(item) is None:
            return layers.id_of(item)
    return NOBODY
