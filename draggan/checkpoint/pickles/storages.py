"""Typed bytes and the tensors that view them, bounds-checked; imports numpy, never torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .reading import STORAGE_ELEMENTS, Reading
from .refusal import damaged, foreign, too_large
from .tokens import Function, Table, is_text

LARGEST_RANK = 8
LONGEST_KEY = 100
LARGEST_STRIDE = 1 << 40


def _widened(bfloat16: np.ndarray) -> np.ndarray:
    """Float32 of the same values: bfloat16 is its upper half."""
    # `asarray`: numpy turns what it computes from a single number into a scalar.
    return np.asarray(bfloat16.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _truth(octets: np.ndarray) -> np.ndarray:
    return np.asarray(octets != 0)  # an array also of a single number


@dataclass(frozen=True, eq=False)
class StorageType:
    """One of torch's storage classes: the elements as stored, and what they become."""

    stored: np.dtype
    becomes: np.dtype
    convert: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Storage:
    """A flat row of elements, read-only and possibly unaligned: a view of the file."""

    kind: StorageType
    flat: np.ndarray  # (count,)

    def part(self, offset: int, count: int) -> Storage:
        if offset + count > len(self.flat):
            raise damaged("a view outside its storage")
        return Storage(self.kind, self.flat[offset : offset + count])


def _plain(code: str) -> StorageType:
    return StorageType(np.dtype(code), np.dtype(code))


_KINDS = {
    "FloatStorage": _plain("<f4"),
    "DoubleStorage": _plain("<f8"),
    "HalfStorage": _plain("<f2"),
    "LongStorage": _plain("<i8"),
    "IntStorage": _plain("<i4"),
    "ShortStorage": _plain("<i2"),
    "CharStorage": _plain("i1"),
    "ByteStorage": _plain("u1"),
    "UntypedStorage": _plain("u1"),
    "BoolStorage": StorageType(np.dtype("u1"), np.dtype(bool), _truth),
    "BFloat16Storage": StorageType(np.dtype("<u2"), np.dtype("<f4"), _widened),
}
_MODULES = ("torch", "torch.cuda", "torch.storage")

STORAGE_TYPES: Table = {
    (module, name): kind for module in _MODULES for name, kind in _KINDS.items()
}


def natural(value: object, limit: int) -> int:
    """A whole number from 0 to below `limit`; Refused for anything else, True included."""
    if type(value) is not int or not 0 <= value < limit:
        raise damaged("a size out of range")
    return value


def storage(kind: StorageType, view: memoryview) -> Storage:
    """The elements in these bytes."""
    count, rest = divmod(len(view), kind.stored.itemsize)
    if rest:
        raise damaged("a storage of the wrong length")
    return Storage(kind, np.frombuffer(view, dtype=kind.stored, count=count))


def stand_in(kind: StorageType, count: int) -> Storage:
    """A storage that takes no memory, for when the bytes come later in the file."""
    zeros = np.broadcast_to(np.zeros(1, kind.becomes), (count,))
    return Storage(StorageType(kind.becomes, kind.becomes), zeros)


@dataclass(frozen=True)
class StorageKey:
    """What a persistent id says of a storage."""

    kind: StorageType
    key: str
    count: int
    part: tuple[int, int] | None  # (first element, elements) of a view; files before torch 0.4


def storage_key(persistent_id: Any) -> StorageKey:
    """Checks ('storage', type, key, location, count[, view]); the location is ignored."""
    if type(persistent_id) is not tuple or len(persistent_id) not in (5, 6):
        raise foreign("a reference to something that is no storage")
    label, kind, key, _, count = persistent_id[:5]
    if not is_text(label, "storage") or not isinstance(kind, StorageType) or type(key) is not str:
        raise foreign("a reference to something that is no storage")
    if len(key) > LONGEST_KEY:
        raise damaged("the key of a storage")
    view = persistent_id[5] if len(persistent_id) == 6 else None
    part = None
    if view is not None:
        if type(view) is not tuple or len(view) != 3:
            raise damaged("a view of a storage")
        part = (natural(view[1], STORAGE_ELEMENTS), natural(view[2], STORAGE_ELEMENTS))
    return StorageKey(kind, key, natural(count, STORAGE_ELEMENTS), part)


def rebuild_tensor(reading: Reading, arguments: tuple) -> np.ndarray:
    """torch._utils._rebuild_tensor_v2: a strided view of a storage, every index inside it."""
    if len(arguments) not in (4, 6, 7) or not isinstance(arguments[0], Storage):
        raise damaged("a tensor without storage")
    _check_hooks(arguments[5:6])
    source, offset, size, stride = arguments[:4]
    if type(size) is not tuple or type(stride) is not tuple or len(size) != len(stride):
        raise damaged("the shape of a tensor")
    if len(size) > LARGEST_RANK:
        raise too_large("tensors of too many dimensions")
    sizes = [natural(n, LARGEST_STRIDE) for n in size]
    strides = [natural(n, LARGEST_STRIDE) for n in stride]
    return _view(reading, source, natural(offset, STORAGE_ELEMENTS), sizes, strides)


def _check_hooks(found: tuple) -> None:
    for hooks in found:
        if hooks is not None and (type(hooks) is not dict or hooks):
            raise foreign("a tensor with hooks")


def _view(
    reading: Reading, source: Storage, offset: int, sizes: list[int], strides: list[int]
) -> np.ndarray:
    kind, flat, count = source.kind, source.flat, prod(sizes)
    reading.tensors(count * kind.becomes.itemsize)
    if count == 0:
        return _empty(sizes, kind.becomes)
    last = offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    if last >= len(flat) or count > len(flat):
        raise damaged("a tensor outside its storage")
    steps = [n * flat.strides[0] for n in strides]
    view = np.lib.stride_tricks.as_strided(flat[offset:], sizes, steps, writeable=False)
    if kind.convert is None:
        return view
    reading.copy(count * 8)  # at the height of the conversion
    return kind.convert(view)


def _empty(sizes: list[int], dtype: np.dtype) -> np.ndarray:
    natural(prod(filter(None, sizes)), STORAGE_ELEMENTS)  # numpy's limit is not far above
    return np.zeros(sizes, dtype)


def rebuild_parameter(reading: Reading, arguments: tuple) -> np.ndarray:
    """torch._utils._rebuild_parameter[_with_state]: the array itself, without hooks."""
    if not 2 <= len(arguments) <= 4 or not isinstance(arguments[0], np.ndarray):
        raise damaged("a parameter without tensor")
    _check_hooks(arguments[2:3])
    return arguments[0]


TENSORS: Table = {
    ("torch._utils", "_rebuild_tensor"): Function("_rebuild_tensor", rebuild_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): Function("_rebuild_tensor_v2", rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): Function("_rebuild_parameter", rebuild_parameter),
    ("torch._utils", "_rebuild_parameter_with_state"): Function(
        "_rebuild_parameter_with_state", rebuild_parameter
    ),
}
