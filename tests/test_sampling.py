"""Bilinear reading of feature maps agrees with enlarging them and indexing."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from draggan.generator import Grid
from draggan.sampling import disc_offsets, sample_bilinear, square_offsets


def test_reading_a_cell_centre_gives_the_cell():
    f = torch.randn(1, 3, 4, 5)
    value = sample_bilinear(f, torch.tensor([[2.5, 1.5]]))
    torch.testing.assert_close(value[0], f[0, :, 1, 2])


def test_reading_at_pixel_centres_equals_enlarging_the_map():
    f = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    large = F.interpolate(f, (16, 16), mode="bilinear", align_corners=False)
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    pixels = torch.stack((x, y), -1).double() + 0.5
    grid = Grid.covering(4, 4, (16, 16))
    values = sample_bilinear(f, grid.from_picture(pixels))  # (16, 16, 3)
    torch.testing.assert_close(values.permute(2, 0, 1), large[0])


def test_beyond_the_border_the_border_holds():
    f = torch.randn(1, 2, 4, 4)
    far = sample_bilinear(f, torch.tensor([[-9.0, 0.5], [9.0, 3.5]]))
    torch.testing.assert_close(far, torch.stack((f[0, :, 0, 0], f[0, :, 3, 3])))


def test_a_grid_with_a_margin_maps_there_and_back():
    grid = Grid(20, 20, (0.25, 0.25), (2.0, 2.0))
    points = torch.tensor([[0.0, 64.0], [13.0, 7.5]])
    torch.testing.assert_close(grid.to_picture(grid.from_picture(points)), points)
    assert grid.from_picture(points)[0].tolist() == [2.0, 18.0]


def test_offsets_are_symmetric_and_include_the_centre():
    for offsets in (disc_offsets(1.0, 0.5), square_offsets(1.0, 0.5)):
        assert [0.0, 0.0] in offsets.tolist()
        assert offsets.sum(0).tolist() == [0.0, 0.0]
    assert len(square_offsets(1.0, 0.5)) == 25
    assert disc_offsets(1.0, 0.5).norm(dim=-1).max() <= 1.0
