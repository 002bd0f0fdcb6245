"""Alignment: the frame moves as its numbers say, and sees what a frame placed there sees."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from draggan.alignment import FARTHEST, Alignment, Surroundings, bounded
from draggan.frame import Frame
from draggan.viewing import View, view

SIZE = 96


def picture() -> np.ndarray:
    """Smooth, so that resampling hardly matters, and the same nowhere."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    planes = (np.sin(5 * x + 2 * y), np.cos(4 * y - x), np.sin(7 * x * y))
    return (np.stack(planes, 2) * 0.4 + 0.5).astype(np.float32)


def surroundings(weight: np.ndarray | None = None) -> Surroundings:
    frame = Frame((SIZE, SIZE), (32, 32), scale=1.2)
    native = picture()

    def look(at: Frame) -> View:
        return view(native, at, weight)

    return Surroundings(frame, look)


def aligned(wide: Surroundings | None = None) -> Alignment:
    return Alignment(wide or surroundings(), (32, 32), torch.zeros(1))


MOVES = ((0.0, 0.0, 0.0, 0.0), (0.1, -0.05, 0.0, 0.0), (0.0, 0.0, 0.2, 0.0), (0.05, 0.0, -0.1, 0.4))


@pytest.mark.parametrize("numbers", MOVES)
def test_it_sees_what_the_placed_frame_sees(numbers: tuple[float, ...]) -> None:
    wide, moved = surroundings(), torch.tensor([numbers])
    image, weight = aligned(wide).seen(moved)
    expected = wide.look(wide.placed(moved[0]))
    assert float((image - expected.image).abs().max()) < 0.02
    assert float(weight.mean()) == pytest.approx(float(expected.weight.mean()), abs=0.01)


def test_a_frame_is_shifted_by_shares_of_its_own_sides() -> None:
    frame = surroundings().placed(torch.tensor([0.25, 0.0, 0.0, 0.0]))
    assert frame.centre == pytest.approx((SIZE / 2 + 0.25 * 32 * 1.2, SIZE / 2))


def test_size_and_angle_add_up() -> None:
    frame = surroundings().placed(torch.tensor([0.0, 0.0, math.log(2), 0.3]))
    assert frame.scale == pytest.approx(2.4) and frame.angle == pytest.approx(0.3)


def test_gradients_lead_back_to_the_truth() -> None:
    alignment = aligned()
    truth = torch.tensor([[0.06, -0.04, 0.1, 0.15]])
    wanted = alignment.seen(truth)[0]
    numbers = torch.zeros(1, 4, requires_grad=True)
    optimiser = torch.optim.Adam([numbers], lr=0.02)
    for _ in range(80):
        loss = (alignment.seen(numbers)[0] - wanted).square().mean()
        (numbers.grad,) = torch.autograd.grad(loss, [numbers])
        optimiser.step()
    assert torch.allclose(numbers, truth, atol=0.02)


def test_what_weighs_nothing_is_not_seen() -> None:
    weight = np.ones((SIZE, SIZE), np.float32)
    weight[:, : SIZE // 2] = 0
    _, seen = aligned(surroundings(weight)).seen(torch.zeros(1, 4))
    assert float(seen[..., :15].max()) == 0 and float(seen[..., 17:].min()) > 0.99


def test_staying_costs_nothing_and_leaving_the_picture_costs_most() -> None:
    alignment = aligned()
    numbers = torch.tensor([[0.0, 0, 0, 0], [0.1, 0, 0, 0], [0.2, 0.2, 0.4, 0]])
    cost = alignment.cost(numbers, alignment.seen(numbers)[1])
    assert float(cost[0]) == pytest.approx(0, abs=1e-6) and cost[0] < cost[1] < cost[2]


def test_it_goes_only_so_far() -> None:
    far = bounded(torch.tensor([[9.0, -9.0, 9.0, -9.0]]))
    assert torch.allclose(far.abs(), torch.tensor([FARTHEST]))
