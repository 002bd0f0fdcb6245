"""Distances between pictures: zero for equals, blind where nothing weighs."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from draggan.losses import feature_distance, ms_ssim, psnr, pyramid_loss


def pictures(count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_equal_pictures_are_no_distance_apart() -> None:
    assert pyramid_loss(pictures(), pictures()).tolist() == [0, 0]


def test_each_picture_of_a_batch_has_its_own_distance() -> None:
    target = pictures(1)
    near, far = target + 0.01, target + 0.5
    both = pyramid_loss(torch.cat((near, far)), target)
    assert both.tolist() == pytest.approx([0.01, 0.5], abs=1e-4)


def test_what_weighs_nothing_has_no_influence() -> None:
    target, weight = pictures(1), torch.ones(1, 1, 32, 32)
    weight[..., :16] = 0
    spoilt = target.clone()
    spoilt[..., :16] += 1
    assert pyramid_loss(spoilt, target, weight).tolist() == [0]
    assert psnr(spoilt, target, weight) > psnr(spoilt, target) + 50


def test_with_a_tolerance_what_is_far_off_pulls_at_nothing() -> None:
    target = torch.zeros(1, 3, 32, 32)
    hidden = target.clone()
    hidden[..., 8:24, 8:24] = 2
    pulls = []
    for tolerance in (math.inf, 0.2):
        picture = target.clone().requires_grad_(True)
        pyramid_loss(picture + 0.01, hidden, tolerance=tolerance).sum().backward()
        assert picture.grad is not None
        pull = picture.grad.abs().sum(1)[0]
        pulls.append(float(pull[12:20, 12:20].mean() / pull[:4].mean()))
    assert pulls[1] < 0.05 * pulls[0]
    assert float(pyramid_loss(target + 0.2, target, tolerance=0.2)) == pytest.approx(0.1)


def test_a_half_weightless_picture_weighs_as_much_as_a_whole_one() -> None:
    target, weight = torch.zeros(1, 3, 32, 32), torch.ones(1, 1, 32, 32)
    weight[..., 16:] = 0
    inner = pyramid_loss(target + 0.2, target, weight)
    assert float(inner) == pytest.approx(0.2)


def test_a_lost_edge_costs_more_than_its_colours() -> None:
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 16:] = 1
    flat = torch.full_like(edge, 0.5)
    assert float(pyramid_loss(edge, flat)) > float(pyramid_loss(flat + 0.5, flat))


def test_far_shapes_are_told_apart_by_the_coarse_levels() -> None:
    """Plain L1 does not see that one of two wrong places is nearer; the pyramid does."""
    disc = torch.zeros(3, 3, 32, 32)
    for k, x in enumerate((0, 4, 24)):
        disc[k, :, 14:18, x : x + 4] = 1
    near, far = pyramid_loss(disc[1:], disc[:1]).tolist()
    assert near < far


def test_psnr_of_a_known_error() -> None:
    target = torch.zeros(1, 3, 8, 8)
    assert float(psnr(target + 0.2, target)) == pytest.approx(20, abs=1e-3)


def test_equal_pictures_have_one_structure() -> None:
    assert ms_ssim(pictures(), pictures()).tolist() == pytest.approx([1, 1], abs=1e-5)


def smooth() -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    return (torch.sin(x / 5) * torch.cos(y / 7) * 0.6).expand(1, 3, -1, -1)


def test_structure_counts_more_than_light() -> None:
    """At one and the same mean square error."""
    picture = smooth()
    grain = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    grain = grain / grain.square().mean().sqrt() * 0.2
    assert ms_ssim(picture + 0.2, picture) > ms_ssim(picture + grain, picture) + 0.1


def test_structure_is_the_same_seen_from_either_side() -> None:
    one, other = pictures().split(1)
    assert float(ms_ssim(one, other)) == pytest.approx(float(ms_ssim(other, one)), abs=1e-6)
    assert 0 <= float(ms_ssim(one, other)) < 0.5


def test_the_structure_of_what_weighs_nothing_does_not_count() -> None:
    picture, weight = smooth(), torch.ones(1, 1, 64, 64)
    weight[..., :32] = 0
    spoilt = picture.clone()
    spoilt[..., :16] = -picture[..., :16]
    assert ms_ssim(spoilt, picture, weight) > ms_ssim(spoilt, picture) + 0.1


def test_tiny_pictures_have_a_structure_too() -> None:
    assert float(ms_ssim(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4))) == pytest.approx(1)


def test_features_are_compared_whatever_their_strength() -> None:
    target = pictures(1)
    features = lambda p: [p, F.avg_pool2d(p, 4)]  # noqa: E731
    louder = lambda p: [5 * p, F.avg_pool2d(p, 4)]  # noqa: E731
    maps = features(target)
    assert float(feature_distance(target, maps, features)) == 0
    assert float(feature_distance(target, maps, louder)) == pytest.approx(0, abs=1e-6)
    assert float(feature_distance(-target, maps, features)) > 0.5
