"""Frames coded for slow links: without loss for every pixel format, or small."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from draggan_daemon.engine import TorchEngine
from draggan_daemon.engine.coding import JpegLadder, fits_jpeg, rows
from draggan_daemon.worker import Coding
from draggan_wire.coded import decoded as read_coded
from draggan_wire.messages import Frame, Image, Open, Seek
from draggan_wire.pixels import BYTES_PER_PIXEL
from draggan_wire.rows import unrow
from numpy.typing import NDArray
from PIL import Image as Pillow

from draggan.pixels import pixel_format
from tests.engine_stage import GO, drag, messages, turns

SAMPLES = {"6": "<u2", "2": "<f4"}  # by the last letter of the format's name; others are bytes


def photo(width: int, height: int, channels: int) -> NDArray:
    """Values in [0, 1] that change slowly, with a little noise, (height, width, channels)."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (9 + k) + k) * np.cos(y / (7 + 2 * k)) for k in range(channels)]
    noise = np.random.default_rng(0).normal(0, 0.01, (height, width, channels))
    return np.clip(0.5 + 0.4 * np.stack(waves, -1) + noise, 0, 1)


def picture(format: str, width: int = 61, height: int = 37, *, opaque: bool = False) -> Image:
    samples = SAMPLES.get(format[-1], "u1")
    channels = BYTES_PER_PIXEL[format] // np.dtype(samples).itemsize
    white = 1 if samples == "<f4" else np.iinfo(samples).max
    values = photo(width, height, channels) * white
    if opaque:
        values[..., -1] = white
    return Image(format, width, height, values.astype(samples).tobytes())


def decoded(image: Image) -> NDArray:
    """The bytes of a picture in the coding "rows", (height, stride): a reference without the wire.

    Each byte is the sum of all differences above it, modulo 256.
    """
    assert image.coding == "rows"
    differences = np.frombuffer(zlib.decompress(image.data), np.uint8).reshape(image.height, -1)
    return np.cumsum(differences, axis=0, dtype=np.int64).astype(np.uint8)


def jpeg(image: Image) -> NDArray:
    assert image.coding == "jpeg"
    shown = Pillow.open(io.BytesIO(image.data))
    assert shown.format == "JPEG" and "progression" not in shown.info  # a baseline one
    return np.asarray(shown)


@pytest.mark.parametrize("format", BYTES_PER_PIXEL)
@pytest.mark.parametrize("size", [(61, 37), (1, 1), (5, 1), (1, 7)], ids=str)
def test_rows_give_every_format_back_bit_for_bit(format: str, size: tuple[int, int]) -> None:
    raw = picture(format, *size)
    coded = rows(raw)
    assert (coded.format, coded.width, coded.height) == (format, *size)
    assert decoded(coded).tobytes() == raw.data
    stride = size[0] * BYTES_PER_PIXEL[format]
    assert unrow(coded.data, stride=stride, rows=size[1]) == raw.data


@pytest.mark.parametrize("format", ["rgb8", "rgba8", "rgb16", "rgbaf32"])
def test_rows_give_noise_and_odd_floats_back_too(format: str) -> None:
    noise = np.random.default_rng(1).bytes(64 * 64 * BYTES_PER_PIXEL[format])
    raw = Image(format, 64, 64, noise)
    assert decoded(rows(raw)).tobytes() == noise


def test_rows_are_smaller_than_the_picture() -> None:
    raw = picture("rgb8", 256, 256)
    assert len(rows(raw).data) < 0.7 * len(raw.data)
    assert len(rows(Image("gray8", 256, 256, bytes(256 * 256))).data) < 1000


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_jpeg_shows_the_colours_and_no_transparency(white: int, channels: int) -> None:
    values = np.uint8 if white == 255 else np.uint16
    native = (photo(64, 48, channels) * white).astype(values)
    shown = jpeg(JpegLadder().encode(native, "rgb8", None))
    wanted = native[..., :1] if channels < 3 else native[..., :3]
    assert shown.shape == ((48, 64) if channels < 3 else (48, 64, 3))
    error = shown.reshape(wanted.shape) / 255 - wanted / white
    assert np.abs(error).mean() < 0.02


def test_quality_goes_down_with_the_budget_and_comes_back_with_it() -> None:
    native = (photo(256, 256, 3) * 255).astype(np.uint8)
    ladder = JpegLadder()
    best = len(ladder.encode(native, "rgb8", None).data)
    small = [len(ladder.encode(native, "rgb8", best * 3 // 4).data) for _ in range(3)]
    assert all(size <= best * 3 // 4 for size in small)
    assert small == small[:1] * 3  # it stays where it fits
    back = [len(ladder.encode(native, "rgb8", 10 * best).data) for _ in range(4)]
    assert back[-1] == best and back == sorted(back)


def test_a_budget_that_nothing_meets_gets_the_smallest() -> None:
    native = (photo(256, 256, 3) * 255).astype(np.uint8)
    ladder = JpegLadder()
    least = len(ladder.encode(native, "rgb8", 1).data)
    assert least < len(JpegLadder().encode(native, "rgb8", None).data)


def test_floats_and_transparent_pictures_are_no_jpegs() -> None:
    assert fits_jpeg(np.zeros((4, 4, 3), np.uint8)) and fits_jpeg(np.zeros((4, 4, 1), np.uint16))
    assert fits_jpeg(np.full((4, 4, 4), 255, np.uint8))
    assert not fits_jpeg(np.full((4, 4, 4), 255, np.uint16))
    assert not fits_jpeg(np.zeros((4, 4, 2), np.uint8))
    assert not fits_jpeg(np.ones((4, 4, 4), np.float32))


def preview(engine: TorchEngine) -> Image:
    *steps, _ = turns(engine.drag(drag(steps=2), GO))
    assert steps[1].preview is not None
    return steps[1].preview().image


@pytest.mark.parametrize(
    ("format", "opaque", "coding"),
    [
        ("rgb8", False, "jpeg"),
        ("gray8", False, "jpeg"),
        ("rgb16", False, "jpeg"),
        ("bgra8", True, "jpeg"),
        ("bgra8", False, "rows"),
        ("rgbaf32", True, "rows"),
    ],
)
def test_previews_are_jpegs_where_nothing_is_lost_but_detail(
    engine: TorchEngine, format: str, opaque: bool, coding: str
) -> None:
    image = picture(format, 24, 20, opaque=opaque)
    engine.code("a", Coding(previews="jpeg", results="rows"))
    turns(engine.open("a", Open("tiny", image=image, quality="fast"), GO))
    raw = TorchEngine(device="cpu", threads=1)
    turns(raw.open("a", Open("tiny", image=image, quality="fast"), GO))
    coded, plain = preview(engine), preview(raw)
    assert (coded.coding, coded.format, coded.width) == (coding, format, 24)
    if coding == "rows":
        assert decoded(coded).tobytes() == plain.data


def _by_pillow(data: bytes, width: int, height: int) -> bytes:
    return Pillow.open(io.BytesIO(data)).convert("RGB").tobytes()


@pytest.mark.parametrize("format", ["gray8", "rgb8", "rgba8", "bgra8", "rgb16", "bgra16"])
def test_a_client_reads_a_jpeg_in_the_order_of_its_own_samples(format: str) -> None:
    raw = picture(format, opaque=format not in ("gray8", "rgb8", "rgb16"))
    native = pixel_format(format).from_bytes(memoryview(raw.data), raw.width, raw.height)
    sent = Frame("a", 1, "preview", 1, JpegLadder().encode(native, format, None))
    seen = read_coded(sent, _by_pillow).image
    samples = SAMPLES.get(format[-1], "u1")
    one, two = (np.frombuffer(image.data, samples).astype(float) for image in (raw, seen))
    size = np.iinfo(samples).max
    assert seen.coding == "raw" and np.abs(one - two).mean() / size < 0.02


def test_results_travel_without_loss_with_what_has_changed(engine: TorchEngine) -> None:
    image = picture("bgra8", 24, 20)
    turns(engine.open("a", Open("tiny", image=image, quality="fast"), GO))
    asked = drag(steps=4, lr=0.05, keep_every=2)
    *kept, result, _ = messages(engine.drag(asked, GO))
    turns(engine.seek(Seek("a", 0)))
    engine.code("a", Coding(previews="jpeg", results="rows", budget=1))
    *small, last, _ = messages(engine.drag(asked, GO))
    for plain, coded in zip([*kept, result], [*small, last], strict=True):
        assert isinstance(plain, Frame) and isinstance(coded, Frame)
        assert decoded(coded.image).tobytes() == plain.image.data
        assert coded.changed is not None and plain.changed is not None
        assert decoded(coded.changed).tobytes() == plain.changed.data


def test_a_session_is_coded_for_its_own_client_and_anew_for_the_next(engine: TorchEngine) -> None:
    image = picture("rgb8", 24, 20)
    for session in ("a", "b"):
        turns(engine.open(session, Open("tiny", image=image, quality="fast"), GO))
    engine.code("b", Coding(results="rows"))
    codings = {}
    for session in ("a", "b"):
        (shown,) = messages(engine.seek(Seek(session, 0)))
        assert isinstance(shown, Frame)
        codings[session] = shown.image.coding
    assert codings == {"a": "raw", "b": "rows"}
    engine.close("b")
    turns(engine.open("b", Open("tiny", image=image, quality="fast"), GO))
    (shown,) = messages(engine.seek(Seek("b", 0)))
    assert isinstance(shown, Frame) and shown.image.coding == "raw"
