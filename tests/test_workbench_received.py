"""What the daemon sends is looked at before a host gets it."""

from __future__ import annotations

import pytest
from draggan_wire.crop import Crop
from draggan_wire.errors import BadInput
from draggan_wire.messages import Image
from draggan_wire.workbench.received import check_size, name_of_format

IMAGE = Image("rgba8", 3, 2, bytes(24))


def test_a_picture_that_fits_its_crop_is_taken() -> None:
    check_size(IMAGE, Crop(7, 9, 3, 2))


@pytest.mark.parametrize("width, height", [(2, 3), (3, 3), (4, 2)])
def test_a_picture_of_another_size_is_refused_with_both_sizes(width: int, height: int) -> None:
    with pytest.raises(BadInput, match=f"3 x 2 pixels in place of {width} x {height}") as raised:
        check_size(IMAGE, Crop(0, 0, width, height))
    assert "same version" in raised.value.hint


def test_a_format_is_called_as_the_host_calls_it() -> None:
    assert name_of_format(IMAGE, {"rgba8": "R'G'B'A u8"}) == "R'G'B'A u8"


def test_a_format_that_the_host_has_no_name_for_is_refused() -> None:
    with pytest.raises(BadInput, match=r"not asked for \(rgba8\)") as raised:
        name_of_format(IMAGE, {"bgra8": "U8"})
    assert "same version" in raised.value.hint
