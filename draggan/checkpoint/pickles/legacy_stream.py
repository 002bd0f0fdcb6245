"""torch.save's format before its zip archives: five pickles, then the storages' bytes.

Magic number, protocol version, system information, the object, the storages' keys; then for
each key an 8-byte count and the elements. The object refers to storages whose bytes come after
it: it is read twice, first with stand-ins, which tells what storages there are. Imports no torch.
"""

from __future__ import annotations

from .cursor import Cursor
from .opcodes import read_pickle
from .reading import FILE_BYTES, Reading
from .refusal import Refused, damaged
from .storages import Storage, StorageKey, stand_in, storage, storage_key
from .tokens import Table

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


def is_magic(value: object) -> bool:
    return type(value) is int and value == MAGIC


def read_nested_stream(view: memoryview, reading: Reading, table: Table) -> object:
    """A whole stream inside a pickle's byte string."""
    cursor = Cursor(view)
    if not is_magic(read_pickle(cursor, reading, {})):
        raise damaged("there is no stored tensor where one should be")
    return read_after_magic(cursor, reading, table)


def read_after_magic(cursor: Cursor, reading: Reading, table: Table) -> object:
    """The object of a stream whose magic number has been read; Refused unless it ends there."""
    if read_pickle(cursor, reading, {}) != PROTOCOL:
        raise damaged("an unknown version of torch's format")
    _check_system(read_pickle(cursor, reading, {}))
    start = cursor.position
    wanted = _wanted_storages(cursor, reading, table)
    keys = read_pickle(cursor, reading, {})
    storages = _stored(cursor, keys, wanted)
    if cursor.remaining:
        raise damaged("bytes are left over")
    return read_pickle(
        Cursor(cursor.view, start), reading, table, lambda pid: _part(storages, storage_key(pid))
    )


def _check_system(information: object) -> None:
    if type(information) is not dict or type(information.get("little_endian")) is not bool:
        raise damaged("the system information")
    if not information["little_endian"]:
        raise Refused(
            "was written on a big-endian machine", hint="Load it and save it again on another."
        )


def _wanted_storages(cursor: Cursor, reading: Reading, table: Table) -> dict[str, StorageKey]:
    """Reads the object for its storages only, and forgets it."""
    wanted: dict[str, StorageKey] = {}

    def note(persistent_id: object) -> Storage:
        key = storage_key(persistent_id)
        known = wanted.setdefault(key.key, key)
        if known.kind is not key.kind or known.count != key.count:
            raise damaged("a storage of two kinds")
        whole = stand_in(key.kind, key.count)
        return whole if key.part is None else whole.part(*key.part)

    read_pickle(cursor, reading, table, note)
    return wanted


def _stored(cursor: Cursor, keys: object, wanted: dict[str, StorageKey]) -> dict[str, Storage]:
    if type(keys) is not list:
        raise damaged("the list of storages")
    storages: dict[str, Storage] = {}
    for key in keys:
        if type(key) is not str or key not in wanted or key in storages:
            raise damaged("the list of storages")
        count = cursor.unsigned(8)
        kind = wanted[key].kind
        if count != wanted[key].count or count * kind.stored.itemsize > FILE_BYTES:
            raise damaged("a storage of the wrong length")
        storages[key] = storage(kind, cursor.take(count * kind.stored.itemsize))
    return storages


def _part(storages: dict[str, Storage], key: StorageKey) -> Storage:
    if key.key not in storages:
        raise damaged("a storage is missing")
    whole = storages[key.key]
    return whole if key.part is None else whole.part(*key.part)
