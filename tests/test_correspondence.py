"""The correspondence says where content was before, what stood still, and what is new."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from draggan.correspondence import Correspondence, correspondence
from draggan.generator import Features, Grid
from draggan.stylegan2_generator import StyleGAN2Generator

SIDE = 64  # of the picture; features at half of it


def scene(shift: tuple[float, float], *, inside: float = 12.0) -> tuple[Features, torch.Tensor]:
    """A textured disc on a textured ground, the disc moved by `shift` pixels."""
    y, x = torch.meshgrid(torch.arange(SIDE) + 0.5, torch.arange(SIDE) + 0.5, indexing="ij")
    ground = bumps(x, y, seed=1)
    u, v = x - shift[0], y - shift[1]
    far = ((u - SIDE / 2) ** 2 + (v - SIDE / 2) ** 2).sqrt()
    cover = (inside - far).add(0.5).clamp(0, 1)
    whole = ground + (bumps(u, v, seed=2) - ground) * cover  # (C, 64, 64)
    maps = [F.adaptive_avg_pool2d(whole[None], size) for size in (4, 8, 16, 32)]
    grid = Grid.covering(32, 32, (SIDE, SIDE))
    return Features(maps[-1], grid, 32, tuple(maps[:-1])), whole[None, :3].clamp(-1, 1)


def bumps(x: torch.Tensor, y: torch.Tensor, *, seed: int, channels: int = 24) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    count = 160
    cx, cy = (torch.rand(count, generator=g) * SIDE for _ in (0, 1))
    heights = torch.randn(count, channels, generator=g) * 0.4
    near = torch.exp(-((x[..., None] - cx) ** 2 + (y[..., None] - cy) ** 2) / (2 * 3.0**2))
    return (near @ heights).permute(2, 0, 1)


def centres(size: int = SIDE) -> torch.Tensor:
    return Correspondence.identity((size, size), (SIDE, SIDE)).source


@pytest.mark.parametrize("shift", [(6.0, 0.0), (-3.5, 2.5), (1.0, -5.0)])
def test_what_moved_is_found_where_it_was(shift):
    (before, first), (after, second) = scene((0, 0)), scene(shift)
    found = correspondence(before, after, pictures=(first, second))
    error = found.source - (centres() - torch.tensor(shift).view(1, 2, 1, 1))
    x, y = (centres()[0] - torch.tensor([32.0 + shift[0], 32.0 + shift[1]]).view(2, 1, 1)).unbind()
    inner = x.square() + y.square() < 8**2
    assert error.norm(dim=1)[0, inner].median() < 0.5
    assert found.confidence[0, 0, inner].median() > 0.8


def test_what_did_not_move_stays_put_exactly():
    (before, first), (after, second) = scene((0, 0)), scene((6, 0))
    found = correspondence(before, after, pictures=(first, second))
    x, y = (centres()[0] - 32).unbind()
    far = (x - 3).square() + y.square() > 26**2
    assert torch.equal(found.source[0, :, far], centres()[0, :, far])
    assert (found.confidence[0, 0, far] == 1).all()


def test_the_same_latent_twice_is_the_identity():
    before, picture = scene((2, 1))
    found = correspondence(before, before, pictures=(picture, picture))
    assert torch.equal(found.source, centres())
    assert (found.confidence == 1).all()


def test_the_answer_is_the_same_bit_for_bit():
    (before, first), (after, second) = scene((0, 0)), scene((4, 3))
    one, two = (correspondence(before, after, pictures=(first, second)) for _ in range(2))
    assert torch.equal(one.source, two.source)
    assert torch.equal(one.confidence, two.confidence)


def test_without_pictures_the_grid_is_that_of_the_features():
    (before, _), (after, _) = scene((0, 0)), scene((4, 0))
    found = correspondence(before, after)
    assert found.source.shape == (1, 2, 32, 32)
    assert found.picture == (SIDE, SIDE)
    assert found.source[0, 0, 16, 17] == pytest.approx(35 - 4, abs=1)


def test_another_grid_keeps_the_pixels_of_the_model():
    whole = Correspondence.identity((SIDE, SIDE), (SIDE, SIDE))
    assert torch.equal(whole.at((16, 16)).source, centres(16))
    assert whole.at((SIDE, SIDE)) is whole


def test_a_generator_of_other_blocks_works_too(tiny_generator: StyleGAN2Generator):
    ws = tiny_generator.sample([1, 2])
    before, after = (tiny_generator.features(w[None], 16) for w in ws)
    pictures = tiny_generator.render(ws[:1]), tiny_generator.render(ws[1:])
    found = correspondence(before, after, pictures=pictures)
    assert found.source.shape == (1, 2, 32, 32)
    assert found.source.isfinite().all()
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()
