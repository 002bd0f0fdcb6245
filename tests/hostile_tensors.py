"""Tensors and NumPy values that point outside their bytes, or are none; all are refused."""

from __future__ import annotations

from .hostile_pickles import EVIL, Case
from .pickle_assembler import (
    ORDERED,
    TENSOR,
    call,
    dict_of,
    name,
    nested,
    number,
    pickle,
    raw,
    stream,
    tensor,
    text,
    tuple_of,
)


def tensors_and_numbers() -> list[Case]:
    storage = nested()
    many = nested(stream(count=16_384, data=bytes(65_536)))
    big = tensor(many, size=(16_384,), stride=(1,))
    wrong = {
        "outside": tensor(storage, size=(2, 4), stride=(4, 1)),
        "offset": tensor(storage, offset=1),
        "offset_negative": tensor(storage, offset=-1),
        "stride_negative": tensor(storage, offset=5, stride=(-3, -1)),
        "stride_huge": tensor(storage, size=(2,), stride=(1 << 62,)),
        "size_negative": tensor(storage, size=(-2, -3)),
        "stride_0": tensor(storage, size=(1 << 39,), stride=(0,)),
        "stride_0_small": tensor(storage, size=(7,), stride=(0,)),
        "overflow": tensor(storage, size=(1 << 32, 1 << 32), stride=(1 << 32, 1)),
        "rank": tensor(storage, size=(1,) * 9, stride=(1,) * 9),
        "lengths": tensor(storage, size=(6,), stride=(1, 1)),
        "size_true": call(TENSOR, storage, b"K\x00", b"\x88\x85", b"\x88\x85", b"\x89", ORDERED),
        "hooks": tensor(storage, hooks=dict_of(a=b"N")),
        "of_text": tensor(text("x")),
        "as_hooks": tensor(storage, hooks=tensor(storage)),
        "as_encoding": call(name("_codecs", "encode"), text("x"), tensor(storage)),
        "count_lies": tensor(nested(stream(count=1 << 32))),
        "count_small": tensor(nested(stream(count=5))),
        "empty_huge": tensor(storage, size=(0, 1 << 39, 1 << 39), stride=(1, 1, 1)),
    }
    dtype = name("numpy", "dtype")
    order = tuple_of(number(3), text("<"), *[b"N"] * 3, number(-1), number(-1), number(0))
    scalar = name("numpy.core.multiarray", "scalar")
    floats = call(dtype, text("f4"), b"\x89", b"\x88") + order + b"b"
    array = call(
        name("numpy._core.multiarray", "_reconstruct"),
        name("numpy", "ndarray"),
        tuple_of(number(0)),
        raw(b"b"),
    )
    objects = call(dtype, text("O8"), b"\x89", b"\x88")
    numpy = {
        "object": call(scalar, objects + order + b"b", raw(bytes(8))),
        "void": call(dtype, text("V4096"), b"\x89", b"\x88"),
        "dtype_expression": call(dtype, text("f4,(99999,99999)f8"), b"\x89", b"\x88"),
        "short_scalar": call(scalar, floats, raw(b"ab")),
        "array_short": array
        + tuple_of(number(1), tuple_of(number(9)), floats, b"\x89", raw(b""))
        + b"b",
        "array_pickled": array
        + tuple_of(number(1), tuple_of(number(1)), floats, b"\x89", b"]")
        + b"b",
        "array_unfinished": array,
        "dtype_unfinished": call(scalar, call(dtype, text("f4"), b"\x89", b"\x88"), raw(bytes(4))),
        "dtype_metadata": call(dtype, text("f4"), b"\x89", b"\x88")
        + tuple_of(number(3), text("<"), b"N", tuple_of(text("a")), *[b"N"] * 4)
        + b"b",
        "array_of_class": call(
            name("numpy.core.multiarray", "_reconstruct"), EVIL, b")", raw(b"b")
        ),
    }
    return [
        *(Case(f"tensor_{key}", pickle(body), "") for key, body in wrong.items()),
        *(Case(f"numpy_{key}", pickle(body), "") for key, body in numpy.items()),
        Case("storage_left", pickle(storage), "loose part"),
        Case("shared_4_gb", pickle(_seen_often(big)), "too often"),
    ]


def _seen_often(storage: bytes) -> bytes:
    """64 KB of weights, mentioned 80 000 times."""
    return storage + b"q\x00](" + b"h\x00" * 80_000 + b"e\x86"
