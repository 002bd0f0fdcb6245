"""Picture files of every kind come in as 8-bit sRGB; the unusable is refused in a sentence."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from draggan.errors import BadInput, BadPicture, CannotWrite
from draggan.pictures import open_mask, open_picture, save_png
from draggan.writing import check_folder, replacing


def colours(width: int = 40, height: int = 24) -> np.ndarray:
    """A gradient with a different ramp in each channel, so that any mix-up shows."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // (width - 1), y * 255 // (height - 1), 255 - x * 255 // (width - 1)]
    return np.stack(planes, axis=2).astype(np.uint8)


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp"])
def test_lossless_formats_come_in_bit_for_bit(tmp_path: Path, name: str) -> None:
    Image.fromarray(colours()).save(tmp_path / name, lossless=True)
    picture = open_picture(tmp_path / name)
    assert picture.size == (40, 24)
    assert picture.notes == ()
    np.testing.assert_array_equal(picture.array, colours())


def test_a_jpeg_comes_in_close_to_what_it_was(tmp_path: Path) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.jpg", quality=95, subsampling=0)
    error = open_picture(tmp_path / "a.jpg").array.astype(int) - colours()
    assert np.abs(error).max() < 12


def test_transparency_is_kept_and_full_opacity_is_dropped(tmp_path: Path) -> None:
    alpha = np.full((24, 40), 255, np.uint8)
    Image.fromarray(np.dstack([colours(), alpha])).save(tmp_path / "opaque.png")
    assert open_picture(tmp_path / "opaque.png").array.shape == (24, 40, 3)
    alpha[:5] = 90
    Image.fromarray(np.dstack([colours(), alpha])).save(tmp_path / "clear.png")
    np.testing.assert_array_equal(
        open_picture(tmp_path / "clear.png").array, np.dstack([colours(), alpha])
    )


def test_a_palette_with_a_transparent_colour_works(tmp_path: Path) -> None:
    image = Image.fromarray(np.tile([[0, 1]], (16, 20)).astype(np.uint8), mode=None).convert("P")
    image.putpalette([200, 30, 10, 0, 0, 255])
    image.save(tmp_path / "a.png", transparency=0)
    array = open_picture(tmp_path / "a.png").array
    assert array[0, 0].tolist() == [200, 30, 10, 0]
    assert array[0, 1].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_gray_pictures_come_in_as_colour(tmp_path: Path, mode: str) -> None:
    Image.fromarray(colours()).convert(mode).save(tmp_path / "a.png")
    array = open_picture(tmp_path / "a.png").array
    assert array.shape == (24, 40, 3)
    assert (array[..., 0] == array[..., 2]).all()


def test_sixteen_bit_gray_keeps_its_range(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 40 * 24).reshape(24, 40).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    Image.fromarray(ramp).save(tmp_path / "a.tiff")
    for name in ("a.png", "a.tiff"):
        picture = open_picture(tmp_path / name)
        assert np.abs(picture.array[..., 1] - ramp / 257.0).max() <= 0.51
        assert picture.notes == () and np.array_equal(picture.samples[..., 0], ramp)


def test_a_dark_sixteen_bit_picture_stays_dark(tmp_path: Path) -> None:
    Image.fromarray(np.full((20, 20), 200, np.uint16)).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png").array.max() == 1


def test_sixteen_bit_colour_works(tmp_path: Path) -> None:
    deep = colours().astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    (tmp_path / "a.png").write_bytes(png(40, 24, 16, 2, rows))
    picture = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.array, colours())
    np.testing.assert_array_equal(picture.samples, deep)


def test_grey_stays_grey_with_its_transparency(tmp_path: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (20, 30, 2), np.uint8)
    Image.fromarray(grey[..., 0]).save(tmp_path / "grey.png")
    Image.fromarray(grey).save(tmp_path / "alpha.png")
    assert np.array_equal(open_picture(tmp_path / "grey.png").samples, grey[..., :1])
    assert np.array_equal(open_picture(tmp_path / "alpha.png").samples, grey)


def test_a_picture_in_which_nothing_can_be_seen_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 30, 4), np.uint8)).save(tmp_path / "a.png")
    assert "fully transparent" in refusal(tmp_path / "a.png").sentence


def test_a_floating_point_picture_works(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 40 * 24, dtype=np.float32).reshape(24, 40)
    Image.fromarray(ramp).save(tmp_path / "a.tiff")
    assert np.abs(open_picture(tmp_path / "a.tiff").array[..., 0] - ramp * 255).max() <= 0.51


def test_a_picture_without_a_single_number_is_refused(tmp_path: Path) -> None:
    nothing = np.full((24, 40), np.nan, np.float32)
    Image.fromarray(nothing).save(tmp_path / "nothing.tiff")
    with pytest.raises(BadPicture, match="are no numbers"):
        open_picture(tmp_path / "nothing.tiff")
    nothing[0, 0] = 0.5
    Image.fromarray(nothing).save(tmp_path / "something.tiff")
    assert open_picture(tmp_path / "something.tiff").array[0, 0, 0] == 128


def test_cmyk_works_and_says_that_its_colours_are_approximate(tmp_path: Path) -> None:
    Image.fromarray(colours()).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    picture = open_picture(tmp_path / "a.jpg")
    assert np.abs(picture.array.astype(int) - colours()).mean() < 6
    assert "CMYK" in picture.notes[0]


def test_lab_is_converted_through_its_own_space(tmp_path: Path) -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(colours()),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    lab.save(tmp_path / "a.tiff")
    assert np.abs(open_picture(tmp_path / "a.tiff").array.astype(int) - colours()).mean() < 4


def linear_light_profile() -> bytes:
    """A colour profile: sRGB's own bytes with its three tone curves set to gamma 1."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    for index in range(count):
        tag, offset, _ = struct.unpack(">4sII", data[132 + 12 * index : 144 + 12 * index])
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            data[offset : offset + 12] = struct.pack(">4sII", b"curv", 0, 0)
        if tag == b"desc":
            text = data.find("sRGB".encode("utf-16-be"), offset)
            data[text : text + 8] = "Line".encode("utf-16-be")
    return bytes(data)


def test_a_colour_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    half = Image.new("RGB", (20, 20), (128, 128, 128))
    half.save(tmp_path / "a.png", icc_profile=linear_light_profile())
    picture = open_picture(tmp_path / "a.png")
    assert abs(int(picture.array[0, 0, 0]) - 188) <= 2  # 50 % of linear light
    assert "profile" in picture.notes[0]


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(colours()).save(tmp_path / "a.png", icc_profile=profile)
    picture = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.array, colours())
    assert picture.notes == ()


def test_a_damaged_profile_is_told_and_ignored(tmp_path: Path) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png", icc_profile=b"not a profile")
    picture = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.array, colours())
    assert "ignored" in picture.notes[0]


def test_a_photo_is_turned_the_way_the_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise
    Image.fromarray(colours()).save(tmp_path / "a.png", exif=exif)
    picture = open_picture(tmp_path / "a.png")
    assert picture.size == (24, 40)
    np.testing.assert_array_equal(picture.array, np.rot90(colours(), -1))


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tiff"])
def test_of_several_pictures_the_first_is_used_and_told(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")
    first.save(tmp_path / name, save_all=True, append_images=[second])
    picture = open_picture(tmp_path / name)
    assert picture.array[10, 10, 0] > 200 and picture.array[10, 10, 2] < 50
    assert "first" in picture.notes[0]


def refusal(path: Path) -> BadPicture:
    with pytest.raises(BadPicture) as caught:
        open_picture(path)
    assert caught.value.hint
    assert "\n" not in caught.value.sentence
    return caught.value


def test_what_is_no_picture_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary")
    (tmp_path / "empty.png").touch()
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    os.mkfifo(tmp_path / "pipe.png")
    assert "no file" in refusal(tmp_path / "missing.png").sentence
    assert "folder" in refusal(tmp_path).sentence
    assert "not a picture" in refusal(tmp_path / "notes.txt").sentence
    assert "empty" in refusal(tmp_path / "empty.png").sentence
    assert "damaged" in refusal(tmp_path / "cut.png").sentence
    assert "regular file" in refusal(tmp_path / "pipe.png").sentence
    assert "no file" in refusal(Path("bad\0name.png")).sentence


@pytest.mark.parametrize("side", [14_000, 60_000])
def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png(side, side, 8, 2, b""))
    assert "too large" in refusal(tmp_path / "bomb.png").sentence


def test_a_tiny_picture_is_refused_with_its_size(tmp_path: Path) -> None:
    Image.new("RGB", (3, 200)).save(tmp_path / "a.png")
    assert "3 x 200" in refusal(tmp_path / "a.png").sentence


def test_no_other_program_is_started_for_a_strange_format(tmp_path: Path) -> None:
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n")
    assert "not a picture" in refusal(tmp_path / "a.eps").sentence


# Masks.


def test_a_mask_counts_by_brightness_or_by_alpha(tmp_path: Path) -> None:
    shape = np.zeros((24, 40), np.uint8)
    shape[4:9, 10:30] = 255
    Image.fromarray(shape).save(tmp_path / "gray.png")
    Image.fromarray(np.dstack([shape] * 3)).save(tmp_path / "rgb.png")
    Image.fromarray(np.dstack([np.zeros_like(shape)] * 3 + [shape])).save(tmp_path / "alpha.png")
    Image.fromarray(shape // 255).save(tmp_path / "ones.png")
    for name in ("gray.png", "rgb.png", "alpha.png", "ones.png"):
        np.testing.assert_array_equal(open_mask(tmp_path / name, (40, 24)), shape)


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    Image.new("L", (40, 24), 255).save(tmp_path / "a.png")
    with pytest.raises(BadInput, match="40 x 24 pixels, the picture is 24 x 40"):
        open_mask(tmp_path / "a.png", (24, 40))


def test_an_empty_mask_is_refused(tmp_path: Path) -> None:
    Image.new("L", (40, 24)).save(tmp_path / "a.png")
    with pytest.raises(BadInput, match="empty"):
        open_mask(tmp_path / "a.png", (40, 24))


# Writing.


def test_a_saved_png_reads_back_and_leaves_no_other_file(tmp_path: Path) -> None:
    save_png(tmp_path / "new" / "a.png", colours())
    np.testing.assert_array_equal(open_picture(tmp_path / "new" / "a.png").array, colours())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.png") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_write_that_cannot_be_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="part of that path is a file") as caught:
        save_png(tmp_path / "file" / "a.png", colours())
    assert "--out" in caught.value.hint


def test_checking_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    assert check_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_or_has_too_long_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for bad in (tmp_path / "file", tmp_path / "file" / "sub", tmp_path / "a" / ("x" * 300)):
        with pytest.raises(CannotWrite):
            check_folder(bad)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CannotWrite, match="may not write"):
        check_folder(tmp_path / "a")
