"""Motion supervision pulls content the right way and holds what has arrived."""

from __future__ import annotations

import pytest
import torch

from draggan.generator import Features, Grid
from draggan.motion import FixedRegion, MotionSupervision

from .test_tracking import GRID, bumps

HANDLE = torch.tensor([[48.0, 48.0]])
MOVES, PINNED = torch.tensor([False]), torch.tensor([True])


def slope(target: tuple[float, float], pins: torch.Tensor = MOVES) -> float:
    """How the loss changes as the content shifts to the right, in cells; < 0: it is pulled."""
    motion = MotionSupervision(bumps((0, 0)), HANDLE, pins, radius=1.5, step=1.0)
    leaf = bumps((0, 0)).map.clone().requires_grad_(True)
    loss = motion.loss(Features(leaf, GRID, 24), HANDLE, torch.tensor([target]))
    (gradient,) = torch.autograd.grad(loss, leaf)
    rightwards = bumps((0.05, 0)).map - bumps((-0.05, 0)).map
    return (gradient * rightwards).sum().item() / 0.1


def test_content_is_pulled_towards_its_target():
    assert slope((80.0, 48.0)) < -0.01
    assert slope((16.0, 48.0)) > 0.01


def pinned_loss(shift: tuple[float, float]) -> float:
    motion = MotionSupervision(bumps((0, 0)), HANDLE, PINNED, radius=1.5, step=1.0)
    return motion.loss(bumps(shift), HANDLE, HANDLE).item()


def test_a_pin_is_held_to_the_first_picture():
    assert pinned_loss((0, 0)) < 1e-6
    assert pinned_loss((0.5, 0)) > 0.05


def test_a_handle_that_moves_may_look_different_on_its_way():
    motion = MotionSupervision(bumps((0, 0)), HANDLE, MOVES, radius=1.5, step=1.0)
    other = bumps((0, 0), seed=5)
    assert motion.loss(other, HANDLE, HANDLE).item() < 1e-6


def test_a_step_is_no_longer_than_the_way_that_is_left():
    motion = MotionSupervision(bumps((0, 0)), HANDLE, MOVES, radius=1.5, step=1.0)
    ways = [motion.loss(bumps((0, 0)), HANDLE, HANDLE + torch.tensor([[x, 0.0]])).item()
            for x in (0.0, 1.0, 4.0, 30.0)]  # fmt: skip
    assert ways[0] < 1e-6
    assert 0 < ways[1] < 0.5 * ways[2]
    assert ways[2] == pytest.approx(ways[3], rel=1e-4)  # one cell, however far it is


def test_only_the_fixed_region_counts_and_its_size_does_not():
    start = bumps((0, 0))
    changed = Features(start.map.clone(), GRID, 24)
    changed.map[..., :12] += 1.0  # the left half
    left, right = torch.zeros(96, 96), torch.zeros(96, 96)
    left[:, :48], right[:, 48:] = 1, 1
    assert FixedRegion(start, left, block=24).loss(changed).item() == 0  # the left half may move
    held = FixedRegion(start, right, block=24).loss(changed).item()
    strip = torch.ones(96, 96)
    strip[:, :16] = 0
    assert held > 0
    assert abs(FixedRegion(start, strip, block=24).loss(changed).item() - held) < 1e-4


def test_picture_points_land_on_the_grid_by_its_own_map():
    margin = Features(bumps((0, 0)).map, Grid(24, 24, (0.25, 0.25), (0.5, 0.0)), 24)
    plain = MotionSupervision(
        bumps((0, 0)), HANDLE + torch.tensor([[2.0, 0]]), MOVES, radius=1, step=1
    )
    moved = MotionSupervision(margin, HANDLE, MOVES, radius=1, step=1)
    torch.testing.assert_close(plain.template, moved.template)


def test_the_fixed_regions_differences_are_taken_in_single_precision():
    start = bumps((0, 0))
    half = Features(start.map.half() * 100, GRID, 24)  # its sum leaves float16's range
    changed = Features(half.map + 10, GRID, 24)
    mask = torch.zeros(96, 96)
    mask[:, :48] = 1
    loss = FixedRegion(half, mask, block=24).loss(changed)
    exact = [Features(f.map.double(), GRID, 24) for f in (half, changed)]
    expected = FixedRegion(exact[0], mask, block=24).loss(exact[1])
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(expected.item(), rel=1e-4)
