"""What a group carries of its edit: the note, and which layer it was made from, as parasites.

GIMP's Python takes and gives parasites as lists of signed bytes, 8 MB in half a second; pieces keep
the lists small. Files come from strangers: how much is read is bounded, nothing of it is trusted.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from gi.repository import Gimp

from ..draggan_wire.errors import LimitExceeded

NOTE, ORIGIN = "draggan-edit", "draggan-source"
PIECE = 1 << 22  # bytes
MOST = 1 << 27  # bytes of a note
_KINDS = ("over", "replacing", "instead")


@dataclass(frozen=True)
class Origin:
    """How a group came to be: from the layer of that tattoo ("": from everything visible).

    `kind`: its results lie "over" the layer, are "replacing" what is below, or the group stands
    there "instead" of the layer.
    """

    kind: str
    layer: str


def write_note(item: Any, data: bytes) -> None:
    """Lets an item carry a note in place of the one it has. Raises LimitExceeded."""
    if len(data) > MOST:
        raise LimitExceeded(
            "The edit is too large to be kept inside the image.",
            hint="Keep the result without it: take a smaller region, then drag again.",
        )
    count = -(-len(data) // PIECE)
    for k in range(count):
        _attach(item, _name(k), data[k * PIECE : (k + 1) * PIECE])
    while item.get_parasite(_name(count)) is not None:
        item.detach_parasite(_name(count))
        count += 1


def read_note(item: Any) -> bytes:
    """The note of an item, b"" for none or one that is too large to be ours."""
    data = b"".join(_pieces(item))
    return data if len(data) <= MOST else b""


def carries_note(item: Any) -> bool:
    return item.get_parasite(NOTE) is not None


def write_origin(item: Any, origin: Origin) -> None:
    _attach(item, ORIGIN, f"{origin.kind} {origin.layer}".encode())


def read_origin(item: Any) -> Optional[Origin]:
    """Which layer a group of ours was made from; None for any other item."""
    found = item.get_parasite(ORIGIN)
    if found is None:
        return None
    kind, _, layer = _bytes(found)[:64].decode("ascii", "replace").partition(" ")
    return Origin(kind, layer) if kind in _KINDS else None


def forget(item: Any) -> None:
    """Takes all of it from an item: a copy is no edit of its own."""
    for name in item.get_parasite_list():
        if name == ORIGIN or name.startswith(NOTE):
            item.detach_parasite(name)


def _pieces(item: Any) -> Iterator[bytes]:
    left = MOST
    for k in range(MOST // PIECE + 1):
        found = item.get_parasite(_name(k))
        if found is None or left < 0:
            return
        piece = _bytes(found)
        left -= len(piece)
        yield piece


def _name(piece: int) -> str:
    return f"{NOTE}-{piece}" if piece else NOTE


def _attach(item: Any, name: str, data: bytes) -> None:
    signed = array("b", data).tolist()
    # What is not undoable cannot be redone either, and GIMP says so in a box.
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    item.attach_parasite(Gimp.Parasite.new(name, flags, signed))


def _bytes(parasite: Any) -> bytes:
    return array("b", parasite.get_data()).tobytes()
