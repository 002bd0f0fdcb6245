"""Sixteen bits per channel go into files and come out of them as they are."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draggan.deep_pictures import read_deep, write_deep
from draggan.pictures import FORMATS, open_picture, save_picture

DEEP = np.random.default_rng(0).integers(0, 65536, (70, 33, 4)).astype(np.uint16)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_written_is_read_again(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "deep.png"
    with path.open("wb") as file:
        write_deep(file, DEEP[..., :channels])
    found = read_deep(path, FORMATS)
    assert found is not None and np.array_equal(found, DEEP[..., :channels])
    with Image.open(path) as image:  # others read it, too
        image.load()
        assert image.size == (33, 70)


def tiff(array: np.ndarray, order: str) -> bytes:
    """An uncompressed TIFF of one strip."""
    height, width, channels = array.shape
    pixels = array.astype(f"{order}u2").tobytes()

    def num(value: int, size: int) -> bytes:
        return value.to_bytes(size, "little" if order == "<" else "big")

    entries = [(256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1), (262, 3, 2)]
    entries += [(273, 4, 400), (277, 3, channels), (278, 3, height), (279, 4, len(pixels))]
    out = bytearray((b"II" if order == "<" else b"MM") + num(42, 2) + num(8, 4))
    out += num(len(entries), 2)
    for tag, kind, value in entries:
        if tag == 258:
            out += num(tag, 2) + num(3, 2) + num(channels, 4) + num(300, 4)
            continue
        out += num(tag, 2) + num(kind, 2) + num(1, 4)
        out += num(value, 2) + bytes(2) if kind == 3 else num(value, 4)
    out += bytes(300 - len(out)) + num(16, 2) * channels
    return bytes(out + bytes(400 - len(out))) + pixels


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_either_byte_order_is_read_in_full(tmp_path: Path, order: str) -> None:
    path = tmp_path / "deep.tif"
    path.write_bytes(tiff(DEEP[..., :3], order))
    found = read_deep(path, FORMATS)
    assert found is not None and np.array_equal(found, DEEP[..., :3])


def test_a_deep_grey_tiff_is_read_in_full(tmp_path: Path) -> None:
    path = tmp_path / "grey.tif"
    Image.fromarray(DEEP[..., 0]).save(path, compression="tiff_lzw")
    found = read_deep(path, FORMATS)
    assert found is not None and np.array_equal(found, DEEP[..., :1])


def test_what_has_eight_bits_is_not_deep(tmp_path: Path) -> None:
    Image.fromarray((DEEP[..., :3] >> 8).astype(np.uint8)).save(tmp_path / "a.png")
    assert read_deep(tmp_path / "a.png", FORMATS) is None


def test_a_deep_picture_is_opened_and_saved_with_all_of_its_bits(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png", DEEP)
    picture = open_picture(tmp_path / "a.png")
    assert np.array_equal(picture.samples, DEEP) and picture.notes == ()
    assert picture.array.dtype == np.uint8 and np.abs(picture.array - DEEP / 257).max() <= 0.5


def test_a_deep_picture_lies_the_way_that_it_is_looked_at(tmp_path: Path) -> None:
    raw = io.BytesIO()
    write_deep(raw, DEEP[..., :3])
    exif = Image.Exif()
    exif[274] = 6
    data, chunk = raw.getvalue(), exif.tobytes().removeprefix(b"Exif\0\0")
    from draggan.deep_pictures import _chunk

    (tmp_path / "a.png").write_bytes(data[:33] + _chunk(b"eXIf", chunk) + data[33:])
    found = open_picture(tmp_path / "a.png").samples
    assert np.array_equal(found, np.rot90(DEEP[..., :3], -1))
