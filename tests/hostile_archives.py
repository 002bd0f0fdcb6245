"""Zip archives and legacy streams that attack whoever reads them; nearly all are refused."""

from __future__ import annotations

import struct
import zipfile

from .hostile_pickles import COMMAND, EVIL, Case
from .pickle_assembler import (
    archive,
    call,
    name,
    persistent,
    pickle,
    sound_records,
    stream,
    tensor,
    text,
    tuple_of,
)

_PICKLE = "archive/data.pkl"
_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def _with(**records: bytes) -> bytes:
    """A sound archive with other contents; `data_0` stands for archive/data/0."""
    paths = {"pickle": _PICKLE, "data_0": "archive/data/0", "byteorder": "archive/byteorder"}
    return archive(sound_records() | {paths[key]: data for key, data in records.items()})


def _without(record: str) -> bytes:
    return archive({path: data for path, data in sound_records().items() if path != record})


def _patched(signature: bytes, offset: int, value: bytes, *, data: bytes | None = None) -> bytes:
    """Overwrites `value` at `offset` of every header with that signature."""
    patched = bytearray(_with() if data is None else data)
    at = patched.find(signature)
    while at >= 0:
        patched[at + offset : at + offset + len(value)] = value
        at = patched.find(signature, at + 1)
    return bytes(patched)


def _object(body: bytes) -> bytes:
    return _with(pickle=pickle(body, protocol=2))


def _long(value: int) -> bytes:
    return struct.pack("<I", value)


def archives() -> list[Case]:
    encrypted = _patched(_LOCAL, 6, b"\1\0", data=_patched(_CENTRAL, 8, b"\1\0"))
    bomb = archive(
        sound_records() | {"archive/data/0": bytes(50 << 20)}, compression=zipfile.ZIP_DEFLATED
    )
    twice = archive([*sound_records().items(), (_PICKLE, pickle(EVIL))])
    two = archive(sound_records() | {"other/data.pkl": pickle(EVIL)})
    script = archive(sound_records() | {"archive/constants.pkl": pickle(b")")})
    many = archive({f"archive/data/{i}": b"" for i in range(60_000)} | sound_records())
    end64 = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 1 << 62, 1 << 62
    )
    wide = _with()
    at = wide.index(_END)
    lying64 = wide[:at] + end64 + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1) + wide[at:]
    return [
        Case("zip_sound", _with(), None),
        Case("zip_evil", _with(pickle=pickle(EVIL, protocol=2)), "posix.system"),
        Case("zip_evil_called", _object(call(name("os", "system"), text(COMMAND))), "os.system"),
        Case("zip_encrypted", encrypted, "encrypted"),
        Case("zip_bomb", bomb, "compressed"),
        Case("zip_twice", twice, "two records"),
        Case("zip_two_pickles", two, "not one that torch.save wrote"),
        Case("zip_no_pickle", _without(_PICKLE), "not one that torch.save wrote"),
        Case("zip_no_storage", _without("archive/data/0"), "storage is missing"),
        Case("zip_word_document", archive({"word/document.xml": b"<x/>"}), "not one that torch"),
        Case("zip_script", script, "TorchScript"),
        Case("zip_big_endian", _with(byteorder=b"big"), "big-endian"),
        Case("zip_traversal", _object(tensor(persistent(key="../../etc/passwd"))), "missing"),
        Case("zip_absolute", _object(tensor(persistent(key="/etc/passwd"))), "missing"),
        Case("zip_key_number", _object(call(name("torch", "Size"), b"))")), "damaged"),
        Case("zip_not_storage", _object(tuple_of(text("module"), b"NNNN") + b"Q"), "no storage"),
        Case("zip_storage_short", _with(data_0=bytes(20)), "wrong length"),
        Case("zip_storage_odd", _with(data_0=bytes(23)), "wrong length"),
        Case("zip_two_kinds", _object(_two_kinds()), "wrong length"),
        Case("zip_count", _object(tensor(persistent(count=1 << 30))), "wrong length"),
        Case("zip_trailing", _with(pickle=sound_records()[_PICKLE] + b"x"), "left over"),
        Case("zip_inside", _with(pickle=_with()), "no pickle"),
        Case("zip_truncated", _with()[:-30], "cut short"),
        Case("zip_half", _with()[:200], "cut short"),
        Case("zip_only_header", b"PK\3\4", "cut short"),
        Case("zip_empty", archive({}), "empty zip"),
        Case("zip_many", many, "too many records"),
        Case("zip_count_lies", _patched(_END, 10, b"\xff\xff"), "too many"),
        Case("zip_count_lies_little", _patched(_END, 10, b"\x09\0"), "cut short"),
        Case("zip_directory_far", _patched(_END, 16, _long(1 << 31)), "cut short"),
        Case("zip_directory_itself", _patched(_END, 16, _long(0)), "damaged"),
        Case("zip_offset_far", _patched(_CENTRAL, 42, _long(1 << 30)), "cut short"),
        Case("zip_offset_same", _patched(_CENTRAL, 42, _long(0)), "two names"),
        Case("zip_size_lies", _patched(_CENTRAL, 20, _long(1 << 30) * 2), "cut short"),
        Case("zip_sizes_differ", _patched(_CENTRAL, 24, _long(1 << 30)), "compressed"),
        Case("zip_crc", _patched(_CENTRAL, 16, _long(7)), "checksum"),
        Case("zip_local_name", _patched(_LOCAL, 30, b"x"), "two names"),
        Case("zip_name_lies", _patched(_CENTRAL, 28, b"\xff\xff"), "cut short"),
        Case("zip_extra_lies", _patched(_LOCAL, 28, b"\xff\xff"), "cut short"),
        Case("zip64_lies", lying64, "too many records"),
        Case("zip64_unnamed", _patched(_CENTRAL, 42, b"\xff" * 4), "cut short"),
    ]


def _two_kinds() -> bytes:
    """One record as floats and as integers: the same length, another meaning."""
    return tensor(persistent()) + tensor(persistent("IntStorage")) + b"\x86"


def streams() -> list[Case]:
    floats = tensor(persistent(view=b"N"))
    view = tensor(persistent(view=tuple_of(text("v"), b"K\2", b"K\4")), size=(4,), stride=(1,))
    outside = tensor(persistent(view=tuple_of(text("v"), b"K\4", b"K\4")), size=(4,), stride=(1,))
    far = tensor(persistent(count=1 << 32), size=(1 << 31,), stride=(1,))
    return [
        Case("stream_sound", stream(floats), None),
        Case("stream_view", stream(view), None),
        Case("stream_view_outside", stream(outside), "outside its storage"),
        Case("stream_evil", stream(EVIL), "posix.system"),
        Case("stream_evil_keys", stream(floats, keys=pickle(EVIL)), "posix.system"),
        Case("stream_keys_text", stream(floats, keys=pickle(text("0"))), "list of storages"),
        Case("stream_keys_twice", stream(floats, keys=pickle(_keys("0", "0"))), "list of storages"),
        Case("stream_keys_none", stream(floats, keys=pickle(b"]")), "left over"),
        Case("stream_keys_other", stream(floats, keys=pickle(_keys("1"))), "list of storages"),
        Case("stream_two_kinds", stream(_two_kinds()), "two kinds"),
        Case("stream_count", stream(floats, count=7), "wrong length"),
        Case("stream_far", stream(far, count=1 << 32), "more than 4 GB"),
        Case("stream_array_as_label", stream(tuple_of(floats, b"NNNN") + b"Q"), "no storage"),
        Case("stream_short", stream(floats)[:-1], "cut short"),
        Case("stream_trailing", stream(floats) + b"x", "left over"),
        Case("stream_magic_only", stream(floats)[:14], "cut short"),
        Case("stream_bfloat16_often", stream(_often(), count=8000, data=bytes(16_000)), "convert"),
        Case("stream_bfloat16_far", stream(_bfloat16(1 << 30), count=1 << 30), "cut short"),
    ]


def _keys(*keys: str) -> bytes:
    return b"](" + b"".join(map(text, keys)) + b"e"


def _bfloat16(count: int) -> bytes:
    """A gigabyte of weights that the file does not have."""
    return tensor(persistent("BFloat16Storage", count=count), size=(count - 1,), stride=(1,))


def _often() -> bytes:
    """The same weights in a thousand tensors, each of which would be a copy."""
    weights = persistent("BFloat16Storage", count=8000) + b"q\x00"
    viewed = tensor(b"h\x00", size=(8000,), stride=(1,))
    return b"](" + weights + viewed * 1000 + b"e"
