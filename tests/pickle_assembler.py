"""Assembles pickles opcode by opcode, and torch's two containers around them.

Nothing here uses the pickle module's writer, which would refuse to write most of what we need.
"""

from __future__ import annotations

import io
import struct
import warnings
import zipfile


def text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def raw(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def number(value: int) -> bytes:
    size = (value.bit_length() + 8) // 8
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def stack_name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def list_of(*items: bytes) -> bytes:
    return b"](" + b"".join(items) + b"e"


def dict_of(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + tuple_of(*arguments) + b"R"


def pickle(body: bytes, *, protocol: int = 4) -> bytes:
    return b"\x80" + bytes([protocol]) + body + b"."


# ---- the formats of torch


LOAD = name("torch.storage", "_load_from_bytes")
TENSOR = name("torch._utils", "_rebuild_tensor_v2")
ORDERED = name("collections", "OrderedDict") + b")R"
MAGIC = pickle(number(0x1950A86A20F9469CFC6C), protocol=2)
SYSTEM = pickle(dict_of(protocol_version=number(1001), little_endian=b"\x88"), protocol=2)


def persistent(
    kind: str = "FloatStorage", *, key: str = "0", count: int = 6, view: bytes = b""
) -> bytes:
    """A reference to a storage; `view` is the part of it in files of the oldest torch."""
    storage = (text("storage"), name("torch", kind), text(key), text("cpu"), number(count))
    return tuple_of(*storage, view) + b"Q"


def stream(
    body: bytes | None = None,
    *,
    keys: bytes | None = None,
    count: int = 6,
    data: bytes = bytes(24),
) -> bytes:
    """A legacy stream whose object is `body`; by default a storage of six floats."""
    parts = [MAGIC, pickle(number(1001), protocol=2), SYSTEM]
    parts.append(pickle(persistent(count=count) if body is None else body, protocol=2))
    parts.append(pickle(list_of(text("0")), protocol=2) if keys is None else keys)
    return b"".join(parts) + struct.pack("<Q", count) + data


def tensor(
    storage: bytes,
    offset: int = 0,
    size: tuple = (2, 3),
    stride: tuple = (3, 1),
    hooks: bytes = ORDERED,
) -> bytes:
    sizes, strides = (tuple_of(*map(number, numbers)) for numbers in (size, stride))
    return call(TENSOR, storage, number(offset), sizes, strides, b"\x89", hooks)


def nested(data: bytes | None = None) -> bytes:
    return call(LOAD, raw(stream() if data is None else data))


def sound_records() -> dict[str, bytes]:
    """What torch.save writes for one tensor of six floats."""
    return {
        "archive/data.pkl": pickle(tensor(persistent()), protocol=2),
        "archive/byteorder": b"little",
        "archive/data/0": bytes(24),
        "archive/version": b"3\n",
    }


def archive(
    records: dict[str, bytes] | list[tuple[str, bytes]], *, compression: int = zipfile.ZIP_STORED
) -> bytes:
    """A zip archive of these records; a list may hold a name twice."""
    file = io.BytesIO()
    pairs = records.items() if isinstance(records, dict) else records
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as zipped:
        warnings.simplefilter("ignore")  # two records of one name
        for record, data in pairs:
            zipped.writestr(record, data)
    return file.getvalue()
