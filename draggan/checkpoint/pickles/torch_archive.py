"""What torch.save puts into a zip archive: one pickle, one record per storage. Imports no torch."""

from __future__ import annotations

from .cursor import Cursor
from .opcodes import read_pickle
from .reading import Reading
from .refusal import WHAT_IS_READ, Refused, damaged
from .storages import Storage, storage, storage_key
from .tokens import Table
from .zip_archive import ZipArchive

_PICKLE = "/data.pkl"


def read_archive(view: memoryview, reading: Reading, table: Table) -> object:
    """The value that was saved; raises Refused."""
    archive = ZipArchive(view)
    prefix = _prefix(archive)
    order = f"{prefix}/byteorder"
    if order in archive.entries and archive.read(order) != b"little":
        raise Refused(
            "was written on a big-endian machine", hint="Load it and save it again on another."
        )
    storages: dict[str, Storage] = {}

    def persistent(persistent_id: object) -> Storage:
        key = storage_key(persistent_id)
        name = f"{prefix}/data/{key.key}"
        if name not in archive.entries:
            raise damaged("a storage is missing")
        if name not in storages:
            storages[name] = storage(key.kind, archive.read(name))
        found = storages[name]
        if found.kind is not key.kind or len(found.flat) != key.count or key.part is not None:
            raise damaged("a storage of the wrong length")
        return found

    cursor = Cursor(archive.read(prefix + _PICKLE))
    value = read_pickle(cursor, reading, table, persistent)
    if cursor.remaining:
        raise damaged("bytes are left over")
    return value


def _prefix(archive: ZipArchive) -> str:
    """The folder that everything lies in: torch names it after the file, or 'archive'."""
    pickles = [name for name in archive.entries if name.endswith(_PICKLE) and name.count("/") == 1]
    if len(pickles) != 1:
        raise Refused("is a zip archive, but not one that torch.save wrote", hint=WHAT_IS_READ)
    prefix = pickles[0].removesuffix(_PICKLE)
    if f"{prefix}/constants.pkl" in archive.entries:
        raise Refused(
            "is a TorchScript program, not the weights of a model",
            hint="Import the checkpoint that it was made from.",
        )
    return prefix
