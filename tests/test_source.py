"""The picture that an edit is about: how an area of it, turned or not, is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from draggan.errors import BadInput
from draggan.source import Source

MODEL = (32, 32)


def picture(width: int = 32, height: int = 32) -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (height, width, 3)).astype(np.uint8)


def source(native: np.ndarray, **how: Any) -> Source:
    return Source.of(native, MODEL, quality="fast", **how)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_that_lies_on_its_side_is_seen_upright(quarters: int) -> None:
    native = picture()
    lying = np.ascontiguousarray(np.rot90(native, -quarters))  # clockwise
    upright, turned = source(native), source(lying, angle=90 * quarters)
    torch.testing.assert_close(turned.seen.image, upright.seen.image, rtol=0, atol=1e-5)
    torch.testing.assert_close(turned.seen.weight, upright.seen.weight, rtol=0, atol=1e-5)


def test_an_area_is_seen_as_if_it_were_the_whole_picture() -> None:
    native = picture(100, 80)
    part = source(native, area=(40, 20, 72, 52))
    whole = source(native[20:52, 40:72])
    torch.testing.assert_close(part.seen.image, whole.seen.image, rtol=0, atol=1e-5)


def test_the_same_frame_costs_no_second_look() -> None:
    own = source(picture())
    assert own.through(own.frame) is own


def test_the_callers_picture_may_change_afterwards() -> None:
    native = picture()
    own = source(native)
    native[:] = 0
    assert np.array_equal(own.native, picture())


def test_a_gray_picture_without_an_axis_is_remembered_as_such() -> None:
    assert source(picture()[..., 0]).flat and not source(picture()[..., :1]).flat


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(BadInput, match="does not lie inside the picture of 32 x 32"):
        source(picture(), area=(0, 0, 40, 10))
    with pytest.raises(BadInput, match="weight is 3 x 2"):
        source(picture(), weight=np.ones((2, 3)))
