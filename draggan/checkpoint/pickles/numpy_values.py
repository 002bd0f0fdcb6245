"""NumPy's own pickled scalars, dtypes and arrays, rebuilt from checked parts; never unpickled."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .reading import STORAGE_ELEMENTS, Reading
from .refusal import damaged, foreign, too_large
from .storages import LARGEST_RANK, natural
from .tokens import Function, Table, Unfinished, is_text

_CODES = frozenset(["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])


class UnfinishedDtype(Unfinished):
    """numpy.dtype before BUILD tells its byte order."""

    def __init__(self, code: str) -> None:
        if code not in _CODES:
            raise foreign("numbers of an unusual kind")
        self.code = code

    def finish(self, reading: Reading, state: object) -> np.dtype:
        order: Any = state[1] if type(state) is tuple and len(state) in (8, 9) else None
        if not is_text(order, "<", ">", "|", "="):
            raise damaged("a number type")
        if any(part is not None for part in state[2:5]):  # type: ignore[index]
            raise foreign("numbers of an unusual kind")
        return np.dtype(self.code).newbyteorder("<" if order == "=" else order)


class UnfinishedArray(Unfinished):
    """numpy.ndarray before BUILD brings shape, dtype and bytes."""

    def finish(self, reading: Reading, state: object) -> np.ndarray:
        if type(state) is not tuple or len(state) != 5:
            raise damaged("an array")
        _, shape, dtype, fortran, data = state
        return _array(reading, data, dtype, shape, "F" if fortran is True else "C")


def dtype_from(reading: Reading, arguments: tuple) -> UnfinishedDtype:
    if not arguments or type(arguments[0]) is not str:
        raise foreign("numbers of an unusual kind")
    return UnfinishedDtype(arguments[0])


def scalar_from(reading: Reading, arguments: tuple) -> float | int | bool:
    """numpy.core.multiarray.scalar(dtype, bytes) as a plain number."""
    if len(arguments) != 2:
        raise damaged("a number")
    return _array(reading, arguments[1], arguments[0], (), "C").item()


def array_from(reading: Reading, arguments: tuple) -> UnfinishedArray:
    """numpy.core.multiarray._reconstruct(ndarray, (0,), b'b'): empty until BUILD."""
    if len(arguments) != 3 or arguments[0] is not NDARRAY:
        raise damaged("an array")
    return UnfinishedArray()


def array_from_buffer(reading: Reading, arguments: tuple) -> np.ndarray:
    """numpy.core.numeric._frombuffer(bytes, dtype, shape, order), of protocol 5."""
    if len(arguments) != 4 or not is_text(arguments[3], "C", "F"):
        raise damaged("an array")
    return _array(reading, *arguments)


def _array(
    reading: Reading, data: object, dtype: object, shape: object, order: object
) -> np.ndarray:
    if not isinstance(data, (bytes, memoryview)) or not isinstance(dtype, np.dtype):
        raise damaged("an array of something else than numbers")
    if type(shape) is not tuple:
        raise damaged("the shape of an array")
    if len(shape) > LARGEST_RANK:
        raise too_large("arrays of too many dimensions")
    sizes = [natural(n, STORAGE_ELEMENTS) for n in shape]
    if prod(sizes) * dtype.itemsize != len(data):
        raise damaged("an array of the wrong length")
    reading.tensors(len(data))
    if dtype.kind == "b":
        reading.copy(len(data))
        flat = np.frombuffer(data, np.uint8) != 0
    else:
        flat = np.frombuffer(data, dtype)
    array = flat.reshape(sizes, order="F" if order == "F" else "C")
    if dtype.isnative:
        return array
    reading.copy(len(data))
    return array.astype(dtype.newbyteorder("="))


NDARRAY = Function("numpy.ndarray", None)


def _table() -> dict[tuple[str, str], object]:
    table: dict[tuple[str, str], object] = {
        ("numpy", "dtype"): Function("numpy.dtype", dtype_from),
        ("numpy", "ndarray"): NDARRAY,
    }
    for core in ("numpy.core", "numpy._core"):
        table[f"{core}.multiarray", "scalar"] = Function("scalar", scalar_from)
        table[f"{core}.multiarray", "_reconstruct"] = Function("_reconstruct", array_from)
        table[f"{core}.numeric", "_frombuffer"] = Function("_frombuffer", array_from_buffer)
    return table


NUMPY: Table = _table()
