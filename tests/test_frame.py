"""The frame between picture and model: points, pixels and masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from draggan.frame import Frame, cell_centres

SIZES = [(64, 64), (300, 200), (200, 300), (17, 40), (1000, 31), (1, 1)]


@pytest.mark.parametrize("size", SIZES)
def test_points_come_back_where_they_were(size: tuple[int, int]) -> None:
    frame = Frame(size, (64, 64))
    points = torch.tensor([[0.0, 0.0], [0.5, 0.25], [float(size[0]), float(size[1])]])
    assert torch.allclose(frame.to_picture(frame.to_model(points)), points, atol=1e-3)


def test_a_wide_picture_lies_in_the_middle() -> None:
    frame = Frame((400, 200), (64, 64))
    corners = frame.to_model(torch.tensor([[0.0, 0.0], [400.0, 200.0]]))
    assert corners.tolist() == [[0, 16], [64, 48]]


@pytest.mark.parametrize("size", SIZES)
def test_a_mask_comes_back_in_its_own_size(size: tuple[int, int]) -> None:
    frame = Frame(size, (64, 64))
    mask = np.ones((size[1], size[0]), bool)
    whole = (0, 0, *size)
    back = frame.part_to_picture(frame.mask_to_model(mask)[None, None], whole)[0, 0]
    assert back.shape == mask.shape and back.min() > 0.99


def test_a_turned_frame_turns_clockwise_about_its_centre() -> None:
    frame = Frame((400, 200), (64, 64), centre=(100.0, 50.0), scale=2.0, angle=math.pi / 2)
    points = torch.tensor([[32.0, 32.0], [42.0, 32.0]])  # the middle, and to the right of it
    assert torch.allclose(
        frame.to_picture(points), torch.tensor([[100.0, 50.0], [100.0, 70.0]]), atol=1e-4
    )
    assert torch.allclose(frame.to_model(frame.to_picture(points)), points, atol=1e-4)


def test_a_frame_around_a_box_just_holds_it() -> None:
    frame = Frame.around((400, 200), (64, 64), (100, 20, 228, 84))
    assert frame.scale == 2 and frame.centre == (164, 52)
    assert frame.box() == (100, 0, 228, 116)  # cut off at the picture's upper edge


@pytest.mark.parametrize("angle", [0.0, 0.4])
@pytest.mark.parametrize("scale", [0.5, 2.5, 9.0])
def test_pixels_lie_where_points_say(scale: float, angle: float) -> None:
    """A ramp seen by the model holds each cell's own place in the picture, and comes back."""
    x, y = np.meshgrid(np.arange(640) + 0.5, np.arange(480) + 0.5)
    ramp = np.stack([x, y], -1).astype(np.float32)
    frame = Frame((640, 480), (16, 16), centre=(300.0, 220.0), scale=scale, angle=angle)
    seen = frame.from_picture(ramp, lambda a: a)
    wanted = frame.to_picture(cell_centres(16, 16))
    assert torch.allclose(seen[0].permute(1, 2, 0), wanted, atol=0.2)
    left, top, right, bottom = box = frame.box((4, 4, 12, 12))
    back = frame.part_to_picture(seen, box)[0].permute(1, 2, 0)
    points = cell_centres(right - left, bottom - top) + torch.tensor([left, top])
    cells = frame.to_model(points)
    inside = ((cells > 3) & (cells < 13)).all(-1)
    assert inside.any() and torch.allclose(back[inside], points[inside], atol=0.7)


def test_a_turned_frame_covers_what_lies_in_the_picture() -> None:
    frame = Frame((64, 64), (64, 64), scale=2.0, angle=math.pi / 4)
    covered = frame.covered()[0, 0]
    assert covered[32, 32] == 1 and covered[0, 0] == 0
    assert covered.sum() * 4 == pytest.approx(64 * 64, rel=0.03)


def test_the_frame_of_a_smaller_copy_sees_the_same() -> None:
    frame = Frame.around((4000, 3000), (64, 64), (1000, 1000, 1640, 1640), angle=0.3)
    small = frame.reduced(400)
    assert small.picture == (400, 300) and small.scale == 1 and small.angle == 0.3
    assert small.centre == pytest.approx((132, 132))
