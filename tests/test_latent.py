"""The three spaces of a drag, and the bounds on how far it may go."""

from __future__ import annotations

import pytest
import torch

from draggan.generator import Prior
from draggan.latent import LatentPath


@pytest.fixture
def prior() -> Prior:
    root = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    return Prior(torch.zeros(6), root @ root.t())


def path(prior: Prior, space, **options) -> LatentPath:
    start = torch.randn(1, 8, 6, generator=torch.Generator().manual_seed(1))
    return LatentPath(start, prior, rows=4, space=space, local=options.pop("local", 0.5))


@pytest.mark.parametrize("space", ["prior", "w+", "w"])
def test_every_space_starts_at_the_start_and_moves_the_leading_rows_alone(prior, space):
    p = path(prior, space)
    torch.testing.assert_close(p.ws(), p.start)
    with torch.no_grad():
        for parameter in p.parameters:
            parameter.add_(torch.randn_like(parameter))
    change = (p.ws() - p.start).abs().sum(-1)[0]
    assert (change[:4] > 0).all() and (change[4:] == 0).all()


def test_one_shared_w_moves_all_rows_alike(prior):
    p = path(prior, "w")
    with torch.no_grad():
        p.own.add_(1.0)
    change = (p.ws() - p.start)[0, :4]
    torch.testing.assert_close(change, change[:1].expand(4, -1))


def test_the_prior_space_has_the_priors_covariance(prior):
    p = path(prior, "prior", local=0.0)
    assert p.root is not None
    torch.testing.assert_close(p.root @ p.root, prior.covariance, rtol=1e-4, atol=1e-4)


def test_loosening_changes_no_latent_but_gives_each_row_more_way(prior):
    p = path(prior, "prior", local=0.25)
    with torch.no_grad():
        p.own.add_(torch.randn_like(p.own))
    before = p.ws().detach()
    p.loosen()
    torch.testing.assert_close(p.ws(), before)
    with torch.no_grad():
        p.own[:, 0].add_(1.0)
    tight = path(prior, "prior", local=0.25)
    with torch.no_grad():
        tight.own[:, 0].add_(1.0)
    loose_step, tight_step = p.ws() - before, tight.ws() - tight.start
    torch.testing.assert_close(loose_step[0, 0], 4 * tight_step[0, 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("space", ["prior", "w+", "w"])
def test_the_ball_bounds_the_distance_from_the_start(prior, space):
    p = path(prior, space)
    with torch.no_grad():
        p.parameters[-1].add_(10.0)
    p.bound(clip=None, ball=0.5)
    length = ((p.ws() - p.start)[0, :4] / prior.std).square().mean().sqrt()
    assert length.item() == pytest.approx(0.5, rel=1e-3)


def test_clipping_keeps_the_latent_near_the_mean_but_never_pulls_the_start(prior):
    p = path(prior, "w+")
    with torch.no_grad():
        p.own.add_(100.0)
    p.bound(clip=2.0, ball=None)
    limit = torch.maximum(2 * prior.std, p.start[0, :4])
    assert (p.ws()[0, :4] <= limit + 1e-4).all()
    fresh = path(prior, "w+")
    fresh.bound(clip=0.0, ball=None)
    torch.testing.assert_close(fresh.ws(), fresh.start)
