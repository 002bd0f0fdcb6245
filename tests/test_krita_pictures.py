"""Pictures from the wire as Qt draws them."""

from __future__ import annotations

import io
import random
import struct

import pytest
from PIL import Image as Pillow

from tests.krita_plugin import load, qt_application

qt_application()
pictures = load("pictures")
Image = load("draggan_wire.messages").Image
BLUE, GREEN, RED = 10, 120, 250


def rgba(picture: object, x: int, y: int) -> tuple[int, ...]:
    return picture.pixelColor(x, y).getRgb()  # type: ignore[attr-defined]


def test_colours_and_places_of_8_bits_stay() -> None:
    data = bytes([BLUE, GREEN, RED, 255, 1, 2, 3, 255, 0, 0, 0, 0])
    picture = pictures.to_qimage(Image("bgra8", 3, 1, data))
    assert (picture.width(), picture.height()) == (3, 1)
    assert [rgba(picture, x, 0) for x in range(3)] == [
        (RED, GREEN, BLUE, 255),
        (3, 2, 1, 255),
        (0, 0, 0, 0),
    ]


def test_colours_of_16_bits_become_those_of_8() -> None:
    data = struct.pack("<4H", BLUE * 257, GREEN * 257, RED * 257, 65535)
    assert rgba(pictures.to_qimage(Image("bgra16", 1, 1, data)), 0, 0) == (RED, GREEN, BLUE, 255)


def test_a_picture_outlives_the_bytes_that_it_came_from() -> None:
    data = bytearray([BLUE, GREEN, RED, 255])
    picture = pictures.to_qimage(Image("bgra8", 1, 1, data))
    data[:] = bytes(4)
    assert rgba(picture, 0, 0) == (RED, GREEN, BLUE, 255)


def test_other_formats_are_no_picture() -> None:
    assert pictures.to_qimage(Image("gray8", 1, 1, b"x")).isNull()


@pytest.mark.parametrize(
    ("size", "expected"), [((300, 200), (72, 48)), ((10, 40), (18, 72)), ((72, 72), (72, 72))]
)
def test_a_small_picture_keeps_its_proportions(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    image = Image("bgra8", *size, bytes([BLUE, GREEN, RED, 255]) * (size[0] * size[1]))
    small = pictures.thumbnail(image)
    assert (small.width(), small.height()) == expected
    assert rgba(small, 5, 5) == (RED, GREEN, BLUE, 255)


@pytest.mark.parametrize(("width", "height"), [(8, 8), (17, 5), (1, 1), (640, 480)])
def test_a_jpeg_becomes_packed_rgb(width: int, height: int) -> None:
    picture = Pillow.new("RGB", (width, height), (RED, GREEN, BLUE))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95, subsampling=0)
    decode = pictures.jpeg_decoder()
    rgb = decode(file.getvalue(), width, height)
    assert len(rgb) == 3 * width * height
    for place in (0, len(rgb) // 6 * 3, len(rgb) - 3):
        assert rgb[place : place + 3] == pytest.approx(bytes([RED, GREEN, BLUE]), abs=3)


def test_a_grey_jpeg_becomes_rgb_too() -> None:
    file = io.BytesIO()
    Pillow.new("L", (5, 3), 77).save(file, "JPEG", quality=95)
    assert set(pictures.decode_jpeg(file.getvalue(), 5, 3)) == {77}


def test_what_is_no_jpeg_of_its_size_is_an_error() -> None:
    file = io.BytesIO()
    Pillow.new("RGB", (8, 8)).save(file, "JPEG")
    for data, size in [(file.getvalue(), (9, 8)), (random.Random(0).randbytes(500), (8, 8))]:
        with pytest.raises(ValueError, match="no JPEG"):
            pictures.decode_jpeg(data, *size)
