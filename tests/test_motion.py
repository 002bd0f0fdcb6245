"""Motion supervision pulls content the right way and holds what has arrived."""

from __future__ import annotations

import torch

from draggan.generator import Features, Grid
from draggan.motion import FixedRegion, MotionSupervision

from .test_tracking import GRID, bumps


def loss_after(shift: tuple[float, float], target: tuple[float, float]) -> float:
    """The loss for a handle tracked exactly, its content shifted by so many cells."""
    handle = torch.tensor([[48.0, 48.0]])
    motion = MotionSupervision(bumps((0, 0)), handle, radius=1.5, step=1.0)
    return motion.loss(bumps(shift), handle, torch.tensor([target])).item()


def test_moving_towards_the_target_lowers_the_loss():
    right = (80.0, 48.0)
    assert loss_after((0.5, 0), right) < loss_after((0, 0), right) < loss_after((-0.5, 0), right)


def test_a_step_is_no_longer_than_the_way_that_is_left():
    near = (49.0, 48.0)  # a quarter of a cell
    arrived = loss_after((0.25, 0), near)
    assert arrived < 0.25 * loss_after((0, 0), near)
    assert arrived < 0.1 * loss_after((1, 0), near)


def test_a_handle_on_its_target_is_held():
    here = (48.0, 48.0)
    assert loss_after((0, 0), here) < 1e-6
    assert loss_after((0.5, 0), here) > 0.05


def test_the_gradient_flows_into_the_features():
    f = bumps((0, 0))
    motion = MotionSupervision(f, torch.tensor([[48.0, 48.0]]), radius=1.0, step=1.0)
    leaf = f.map.clone().requires_grad_(True)
    features = Features(leaf, GRID, 24)
    motion.loss(features, torch.tensor([[48.0, 48.0]]), torch.tensor([[70.0, 48.0]])).backward()
    assert leaf.grad is not None and leaf.grad.abs().sum() > 0


def test_only_the_fixed_region_counts_and_its_size_does_not():
    start = bumps((0, 0))
    changed = Features(start.map.clone(), GRID, 24)
    changed.map[..., :12] += 1.0  # the left half
    left, right = torch.zeros(96, 96), torch.zeros(96, 96)
    left[:, :48], right[:, 48:] = 1, 1
    assert FixedRegion(start, left).loss(changed).item() == 0  # the left half may move
    held = FixedRegion(start, right).loss(changed).item()
    strip = torch.ones(96, 96)
    strip[:, :16] = 0
    assert held > 0
    assert abs(FixedRegion(start, strip).loss(changed).item() - held) < 1e-4


def test_picture_points_land_on_the_grid_by_its_own_map():
    margin = Features(bumps((0, 0)).map, Grid(24, 24, (0.25, 0.25), (0.5, 0.0)), 24)
    plain = MotionSupervision(bumps((0, 0)), torch.tensor([[50.0, 48.0]]), radius=1, step=1)
    moved = MotionSupervision(margin, torch.tensor([[48.0, 48.0]]), radius=1, step=1)
    torch.testing.assert_close(plain.template, moved.template)
