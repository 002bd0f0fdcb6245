"""Host pixel formats: nothing is lost on the way, and nonsense is refused."""

from __future__ import annotations

import numpy as np
import pytest

from draggan.errors import BadInput, BadPicture
from draggan.pixels import (
    FORMATS,
    alpha_of,
    as_native,
    count_non_finite,
    differing,
    pixel_format,
    rgb_of,
    with_rgb,
)


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_survive_the_way_through_a_native_array(name: str) -> None:
    form = pixel_format(name)
    data = np.random.RandomState(0).bytes(5 * 3 * form.bytes_per_pixel)
    native = form.from_bytes(data, 5, 3)
    assert native.shape == (3, 5, len(form.order))
    assert form.to_bytes(native) == data


def test_bgra_is_read_as_red_green_blue_alpha() -> None:
    native = pixel_format("bgra8").from_bytes(bytes([1, 2, 3, 4]), 1, 1)
    assert native.tolist() == [[[3, 2, 1, 4]]]


def test_sixteen_bit_samples_are_little_endian() -> None:
    native = pixel_format("rgb16").from_bytes(bytes([0, 1, 2, 0, 255, 255]), 1, 1)
    assert native.tolist() == [[[256, 2, 65535]]]


def test_a_wrong_number_of_bytes_is_refused_with_the_right_one() -> None:
    with pytest.raises(BadPicture, match="is 60 bytes, not 59"):
        pixel_format("rgba8").from_bytes(bytes(59), 5, 3)


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(BadPicture, match="nothing in it"):
        pixel_format("rgb8").from_bytes(b"", 0, 3)


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(BadInput) as caught:
        pixel_format("cmyk8")
    assert "bgra16" in caught.value.hint


def test_a_format_does_not_pack_another_ones_array() -> None:
    with pytest.raises(BadPicture, match="cannot be packed as rgb8"):
        pixel_format("rgb8").to_bytes(np.zeros((2, 2, 3), np.uint16))


def test_white_is_one_in_every_sample_type() -> None:
    for white in (np.uint8(255), np.uint16(65535), np.float32(1)):
        assert rgb_of(np.full((1, 1, 3), white)).tolist() == [[[1, 1, 1]]]


def test_gray_becomes_three_equal_channels() -> None:
    assert rgb_of(as_native(np.full((2, 2), 51, np.uint8)))[0, 0] == pytest.approx([0.2] * 3)


def test_alpha_is_found_where_there_is_one() -> None:
    picture = np.zeros((1, 1, 4), np.uint8)
    picture[..., 3] = 255
    assert alpha_of(picture) is not None and alpha_of(picture)[0, 0] == 1
    assert alpha_of(picture[..., :3]) is None


def test_values_that_are_no_numbers_are_read_as_zero_and_counted() -> None:
    picture = np.full((2, 2, 3), np.float32(0.5))
    picture[0, 0, 1], picture[1, 1, 2] = np.nan, np.inf
    assert rgb_of(picture)[0, 0].tolist() == [0.5, 0, 0.5]
    assert count_non_finite(picture) == 2


def test_values_beyond_white_survive_in_float_pictures() -> None:
    picture = np.full((1, 2, 3), np.float32(4))
    result = with_rgb(picture, np.full((1, 2, 3), np.float32(3)), np.array([[True, False]]))
    assert result[..., 0].tolist() == [[3, 4]]


def test_untouched_pixels_and_alpha_keep_their_bits() -> None:
    picture = np.random.RandomState(1).randint(0, 65535, (4, 4, 4)).astype(np.uint16)
    where = np.zeros((4, 4), bool)
    where[1, 2] = True
    result = with_rgb(picture, np.zeros((4, 4, 3), np.float32), where)
    assert result[1, 2].tolist() == [0, 0, 0, picture[1, 2, 3]]
    assert np.array_equal(result[~where], picture[~where])


def test_colours_are_rounded_and_clipped_in_integer_pictures() -> None:
    rgb = np.array([[[1.5, -1, 0.5]]], np.float32)
    result = with_rgb(np.zeros((1, 1, 3), np.uint8), rgb, np.ones((1, 1), bool))
    assert result.tolist() == [[[255, 0, 128]]]


@pytest.mark.parametrize("shape", [(3,), (2, 2, 5), (0, 2, 3), (1, 2, 2, 3)])
def test_arrays_of_other_shapes_are_no_pictures(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadPicture, match="is no picture"):
        as_native(np.zeros(shape, np.uint8))


def test_other_sample_types_are_refused() -> None:
    with pytest.raises(BadPicture, match="int64"):
        as_native(np.zeros((2, 2, 3), np.int64))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pixels_differ_where_any_samples_bits_do(dtype: str, channels: int) -> None:
    a = np.random.RandomState(0).random((5, 6, channels)).astype(dtype)
    if dtype == "float32":
        a[0, 0] = np.nan  # equal to itself all the same
    b = a.copy()
    b[3, 4, channels - 1] += 1
    assert np.argwhere(differing(a, b)).tolist() == [[3, 4]]
