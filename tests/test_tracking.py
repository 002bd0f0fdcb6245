"""Tracking finds where content went, to a fraction of a cell, and knows when it is gone."""

from __future__ import annotations

import pytest
import torch

from draggan.generator import Features, Grid
from draggan.tracking import PatchTracker, Search, places

GRID = Grid.covering(24, 24, (96, 96))  # 4 pixels a cell


def bumps(shift: tuple[float, float], *, seed: int = 0, size: int = 24) -> Features:
    """Smooth random content on a grid, shifted by so many cells."""
    g = torch.Generator().manual_seed(seed)
    centres = torch.rand(60, 2, generator=g) * size + torch.tensor(shift)
    heights = torch.randn(60, 8, generator=g)
    y, x = torch.meshgrid(torch.arange(size) + 0.5, torch.arange(size) + 0.5, indexing="ij")
    cells = torch.stack((x, y), -1)  # (h, w, 2)
    near = torch.exp(-(cells[:, :, None] - centres).square().sum(-1) / (2 * 1.5**2))  # (h, w, 60)
    return Features((near @ heights).permute(2, 0, 1)[None], GRID, 24)


def tracker_of(handles: torch.Tensor, *, radius: float) -> PatchTracker:
    start = bumps((0, 0))
    return PatchTracker(start, handles, start, places(96, 96), Search(radius))


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.2), (1.4, 0.65), (-0.8, 1.1)])
def test_a_shift_is_found_to_a_small_part_of_a_cell(shift):
    handles = torch.tensor([[40.0, 52.0], [61.0, 33.0]])
    tracker = tracker_of(handles, radius=2.0)
    found = tracker.track(bumps(shift), handles)
    error = (found.points - handles) / 4 - torch.tensor(shift)
    assert error.norm(dim=-1).max() < 0.15
    assert found.mismatch.max() < 0.35


def test_content_that_is_gone_has_a_mismatch_near_one():
    handles = torch.tensor([[40.0, 52.0]])
    tracker = tracker_of(handles, radius=1.0)
    assert tracker.track(bumps((0, 0)), handles).mismatch.item() == pytest.approx(0, abs=1e-6)
    assert tracker.track(bumps((0, 0), seed=5), handles).mismatch.item() > 0.5


def test_a_handle_never_leaves_the_picture():
    handles = torch.tensor([[1.0, 95.0]])
    tracker = tracker_of(handles, radius=2.0)
    found = tracker.track(bumps((-1.5, 1.5)), handles).points
    assert (found >= 0).all() and (found <= 96).all()
