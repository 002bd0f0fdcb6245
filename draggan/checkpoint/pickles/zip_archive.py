"""The zip archives that torch.save writes, read in place; imports no torch.

torch stores its records uncompressed, so that a record is a slice of the file. Only the central
directory is believed, and only as far as the local headers agree with it. Nothing is unpacked.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from dataclasses import dataclass

from .refusal import DOWNLOAD_AGAIN, Refused, cut_short, damaged, too_large

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRIES = 50_000
_ENCRYPTED = 1
_STORED = 0
_ALL_ONES = 0xFFFFFFFF
_NO_CHECKSUM = 0  # what torch writes when told to leave them out

SAVE_AGAIN = "Save it again with torch.save, which neither encrypts nor compresses."


@dataclass(frozen=True)
class Entry:
    flags: int
    method: int
    crc32: int
    packed: int
    size: int
    offset: int


class ZipArchive:
    """The records of one archive by name; every record is checked when it is read."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.entries = _directory(view)
        self._unread = len(view)

    def read(self, name: str) -> memoryview:
        """The bytes of a record, sharing the file's memory; Refused where they are damaged."""
        entry = self.entries[name]
        if entry.flags & _ENCRYPTED:
            raise Refused("is an encrypted archive", hint=SAVE_AGAIN)
        if entry.method != _STORED or entry.packed != entry.size:
            raise Refused("is a compressed archive, which torch never writes", hint=SAVE_AGAIN)
        start = self._start(name.encode("utf-8", "surrogateescape"), entry.offset)
        if start + entry.size > len(self.view):
            raise cut_short()
        self._unread -= entry.size
        if self._unread < 0:
            raise damaged("records lie on top of each other")
        data = self.view[start : start + entry.size]
        if entry.crc32 != _NO_CHECKSUM and zlib.crc32(data) != entry.crc32:
            raise damaged("a record's checksum is wrong")
        _release(self.view, start, start + entry.size)
        return data

    def _start(self, name: bytes, offset: int) -> int:
        """Where a record's bytes begin: behind its local header, which must bear its name."""
        header = _unpack(_LOCAL, self.view, offset)
        begin = offset + _LOCAL.size
        if header[0] != b"PK\3\4" or self.view[begin : begin + header[9]] != name:
            raise damaged("two names for one record")
        return begin + header[9] + header[10]


def _release(view: memoryview, begin: int, end: int) -> None:
    """Gives back the memory of pages that only the checksum wanted; they can be read again."""
    if isinstance(view.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        first = begin - begin % mmap.PAGESIZE
        view.obj.madvise(mmap.MADV_DONTNEED, first, end - first)


def _unpack(layout: struct.Struct, view: memoryview, offset: int) -> tuple:
    if not 0 <= offset <= len(view) - layout.size:
        raise cut_short()
    return layout.unpack_from(view, offset)


def _directory(view: memoryview) -> dict[str, Entry]:
    count, size, offset = _end(view)
    if count > _ENTRIES:
        raise too_large("too many records")
    if offset + size > len(view):
        raise cut_short()
    entries: dict[str, Entry] = {}
    for _ in range(count):
        name, entry, offset = _entry(view, offset)
        if name in entries:
            raise damaged("two records of one name")
        entries[name] = entry
    return entries


def _end(view: memoryview) -> tuple[int, int, int]:
    """Number of records, and size and offset of the central directory."""
    tail_start = max(0, len(view) - _END.size - 0xFFFF)
    found = bytes(view[tail_start:]).rfind(b"PK\5\6")
    if found < 0:
        raise Refused("is cut short, or no zip archive after all", hint=DOWNLOAD_AGAIN)
    position = tail_start + found
    _, _, _, _, count, size, offset, _ = _unpack(_END, view, position)
    locator = position - _END64_LOCATOR.size
    if locator >= 0 and view[locator : locator + 4] == b"PK\6\7":
        end64 = _unpack(_END64, view, _unpack(_END64_LOCATOR, view, locator)[2])
        if end64[0] != b"PK\6\6":
            raise damaged("the directory of the archive")
        count, size, offset = end64[7:10]
    return count, size, offset


def _entry(view: memoryview, offset: int) -> tuple[str, Entry, int]:
    fields = _unpack(_CENTRAL, view, offset)
    if fields[0] != b"PK\1\2":
        raise damaged("the directory of the archive")
    flags, method, crc32, packed, size = fields[3], fields[4], *fields[7:10]
    name_length, extra_length, comment_length, where = *fields[10:13], fields[16]
    begin = offset + _CENTRAL.size
    end = begin + name_length + extra_length + comment_length
    if end > len(view):
        raise cut_short()
    name = bytes(view[begin : begin + name_length]).decode("utf-8", "surrogateescape")
    extra = view[begin + name_length : begin + name_length + extra_length]
    size, packed, where = _wide(extra, [size, packed, where])
    return name, Entry(flags, method, crc32, packed, size, where), end


def _wide(extra: memoryview, values: list[int]) -> list[int]:
    """Replaces what did not fit into 32 bits by the entry's zip64 field."""
    if _ALL_ONES not in values:
        return values
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            field = bytes(extra[position + 4 : position + 4 + length])
            wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            return [next(wide, value) if value == _ALL_ONES else value for value in values]
        position += 4 + length
    return values
