from __future__ import annotations

import io
import zlib
from dataclasses import replace

import numpy as np
import pytest
from draggan_wire.coded import decoded, from_rgb, jpeg_size
from draggan_wire.errors import BadMessage
from draggan_wire.messages import Frame, Image
from draggan_wire.pixels import size_in_bytes
from PIL import Image as Pillow

WIDTH, HEIGHT = 24, 16


def pillow(data: bytes, width: int, height: int) -> bytes:
    """A host's decoder."""
    return Pillow.open(io.BytesIO(data)).convert("RGB").tobytes()


def colours(mode: str = "RGB") -> np.ndarray:
    """A picture that survives JPEG well."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    picture = np.stack([x * 10, y * 15, 255 - x * 10], -1).astype(np.uint8)
    return np.asarray(Pillow.fromarray(picture).convert(mode))


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(colours(mode)).save(file, "JPEG", quality=95, subsampling=0, **options)
    return file.getvalue()


def rows(raw: bytes, stride: int) -> bytes:
    picture = np.frombuffer(raw, np.uint8).reshape(-1, stride)
    differences = picture.copy()
    differences[1:] -= picture[:-1]
    return zlib.compress(differences.tobytes())


def frame(image: Image, kind: str = "preview", **fields: object) -> Frame:
    return Frame("s", 1, kind, 1, image, **fields)


def shown(format: str, mode: str = "RGB") -> np.ndarray:
    """What comes out of a JPEG in a format, as an array of its samples."""
    coded = Image(format, WIDTH, HEIGHT, jpeg(mode), "jpeg")
    image = decoded(frame(coded), pillow).image
    assert (image.format, image.coding) == (format, "raw")
    dtype = "<u2" if format.endswith("16") else np.uint8
    return np.frombuffer(image.data, dtype).reshape(HEIGHT, WIDTH, -1)


def test_a_raw_frame_is_left_alone():
    raw = frame(Image("gray8", 2, 2, b"1234"))
    assert decoded(raw, None) is raw


@pytest.mark.parametrize("format", ["gray8", "rgb8", "bgra8", "rgba16", "rgbaf32"])
def test_rows_come_back_without_loss(format: str):
    raw = Image(format, 5, 7, np.random.default_rng(0).bytes(size_in_bytes(format, 5, 7)))
    coded = replace(raw, data=rows(raw.data, len(raw.data) // 7), coding="rows")
    assert decoded(frame(coded, "kept"), None).image == raw


def test_the_changed_pixels_may_come_in_rows_too():
    plane = Image("gray8", 3, 2, bytes([0, 255, 0, 255, 255, 0]))
    coded = replace(plane, data=rows(plane.data, 3), coding="rows")
    result = decoded(frame(Image("rgb8", 3, 2, bytes(18)), "result", changed=coded), None)
    assert result.changed == plane and result.image.data == bytes(18)


@pytest.mark.parametrize(
    ("format", "order"), [("rgb8", (0, 1, 2)), ("rgba8", (0, 1, 2, 3)), ("bgra8", (2, 1, 0, 3))]
)
def test_a_jpeg_takes_the_pictures_own_format(format: str, order: tuple[int, ...]):
    opaque = np.dstack([colours(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    assert np.abs(shown(format).astype(int) - opaque[..., list(order)]).max() < 12


@pytest.mark.parametrize(
    ("format", "order"), [("rgb16", (0, 1, 2)), ("rgba16", (0, 1, 2, 3)), ("bgra16", (2, 1, 0, 3))]
)
def test_sixteen_bits_reach_from_black_to_white(format: str, order: tuple[int, ...]):
    opaque = np.dstack([colours(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    assert np.abs(shown(format) / 257.0 - opaque[..., list(order)]).max() < 12
    assert (shown(format) % 257 == 0).all()


@pytest.mark.parametrize(("format", "channels"), [("gray8", 1), ("graya8", 2)])
def test_a_grey_jpeg_stays_grey(format: str, channels: int):
    grey = shown(format, "L")
    assert grey.shape[2] == channels
    assert np.abs(grey[..., 0].astype(int) - colours("L")).max() < 6
    assert channels == 1 or (grey[..., 1] == 255).all()


def test_pixels_are_laid_out_exactly():
    assert from_rgb(b"\1\2\3\4\5\6", "bgra8") == b"\3\2\1\xff\6\5\4\xff"
    assert from_rgb(b"\1\2\3", "rgba16") == b"\1\1\2\2\3\3\xff\xff"
    assert from_rgb(memoryview(b"\7\7\7\x09\x09\x09"), "graya8") == b"\7\xff\x09\xff"


def test_the_size_of_a_jpeg_is_read_without_decoding_it():
    assert jpeg_size(jpeg()) == (WIDTH, HEIGHT)
    assert jpeg_size(jpeg("L", comment=b"\xff\xc0 no frame")) == (WIDTH, HEIGHT)


def inflated(data: bytes) -> bytes:
    """The same JPEG with a header that asks for four gigabytes."""
    place = data.index(b"\xff\xc0")
    return data[: place + 5] + b"\x80\x00\x80\x00" + data[place + 9 :]


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00\x00" * 9,
        jpeg()[:20],
        jpeg(progressive=True),
        inflated(jpeg()),
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        jpeg().replace(b"\xff\xc0", b"\xff\xc2"),
    ],
)
def test_what_is_no_such_jpeg_never_reaches_the_hosts_decoder(data: bytes):
    def refuse(data: bytes, width: int, height: int) -> bytes:
        raise AssertionError("the decoder has been asked")

    with pytest.raises(BadMessage, match="announced size"):
        decoded(frame(Image("rgb8", WIDTH, HEIGHT, data, "jpeg")), refuse)


def fail(data: bytes, width: int, height: int) -> bytes:
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("decoder", "format", "kind"),
    [
        (None, "rgb8", "preview"),
        (fail, "rgb8", "preview"),
        (lambda data, width, height: b"short", "rgb8", "preview"),
        (pillow, "rgbaf32", "preview"),
        (pillow, "rgb8", "result"),
    ],
)
def test_what_cannot_be_shown_is_said_in_words(decoder, format: str, kind: str):
    coded = Image(format, WIDTH, HEIGHT, jpeg(), "jpeg")
    with pytest.raises(BadMessage, match="cannot be shown"):
        decoded(frame(coded, kind), decoder)
