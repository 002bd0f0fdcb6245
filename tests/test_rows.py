from __future__ import annotations

import tracemalloc
import zlib

import numpy as np
import pytest
from draggan_wire.errors import BadMessage
from draggan_wire.rows import unrow


def encoded(picture: np.ndarray) -> bytes:
    """Rows x stride bytes as the coding wants them."""
    differences = picture.copy()
    differences[1:] -= picture[:-1]
    return zlib.compress(differences.tobytes(), 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (64, 48), (512, 1536), (33, 1001)])
def test_a_picture_comes_back_byte_for_byte(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    decoded = unrow(encoded(picture), stride=shape[1], rows=shape[0])
    assert decoded == picture.tobytes()


def test_bytes_wrap_around_without_touching_their_neighbours():
    picture = np.array([[255, 0, 128, 127], [0, 255, 127, 128], [1, 1, 1, 1]], dtype=np.uint8)
    assert unrow(encoded(picture), stride=4, rows=3) == picture.tobytes()


def test_data_may_be_any_buffer():
    picture = np.full((4, 4), 9, dtype=np.uint8)
    assert unrow(memoryview(bytearray(encoded(picture))), stride=4, rows=4) == b"\x09" * 16


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no deflated data at all",
        zlib.compress(bytes(99)),
        zlib.compress(bytes(101)),
        zlib.compress(bytes(100))[:-1],
        zlib.compress(bytes(100)) + b"x",
    ],
)
def test_data_that_are_not_just_the_picture_are_refused(data):
    with pytest.raises(BadMessage, match="damaged"):
        unrow(data, stride=10, rows=10)


def test_a_bomb_takes_no_more_memory_than_the_picture():
    bomb = zlib.compress(bytes(1 << 26))
    tracemalloc.start()
    with pytest.raises(BadMessage):
        unrow(bomb, stride=100, rows=100)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
