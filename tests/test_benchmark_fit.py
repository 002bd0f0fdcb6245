"""The judge: fitting the renderer to pictures."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from draggan.benchmark.fit import Stage, fit
from draggan.critters import from_unit, render, sample_parameters, to_unit
from draggan.errors import BadInput


def near(parameters: Tensor, by: float) -> Tensor:
    """Every parameter off by up to `by` of its range."""
    random = torch.Generator().manual_seed(1)
    off = by * (2 * torch.rand(parameters.shape, generator=random) - 1)
    return from_unit((to_unit(parameters) + off).clamp(0, 1))


def test_landmarks_of_a_render_are_found_to_a_fraction_of_a_pixel() -> None:
    truth = sample_parameters(2, seed=3)
    start = near(truth, 0.15)
    scene = render(truth, 32)
    found = fit(scene.image, [start])
    before = (render(start, 32).landmarks - scene.landmarks).norm(dim=-1).mean()
    after = (found.landmarks - scene.landmarks).norm(dim=-1).mean()
    assert before > 0.8 and after < 0.2
    assert found.residual.max() < 0.03
    assert found.parameters.shape == (2, 31)


def test_each_picture_keeps_the_start_that_explains_it_best() -> None:
    truth = sample_parameters(2, seed=4)
    wrong = sample_parameters(2, seed=5)
    starts = [torch.stack([truth[0], wrong[1]]), torch.stack([wrong[0], truth[1]])]
    quick = Stage(32, 2, 0.001)
    found = fit(render(truth, 32).image, starts, coarse=quick, fine=())
    assert (to_unit(found.parameters) - to_unit(truth)).abs().max() < 0.03


def test_what_is_no_critter_leaves_a_large_residual() -> None:
    stripes = (torch.arange(32) // 4 % 2 * 2.0 - 1).expand(1, 3, 32, 32)
    found = fit(stripes, [sample_parameters(1, seed=0)], coarse=Stage(32, 10, 0.15), fine=())
    assert found.residual.item() > 0.3


def test_one_picture_is_judged_alike_alone_and_among_others() -> None:
    truth = sample_parameters(3, seed=6)
    pictures, start, quick = render(truth, 32).image, near(truth, 0.1), Stage(32, 5, 0.1)
    together = fit(pictures, [start], coarse=quick, fine=())
    alone = fit(pictures[1:2], [start[1:2]], coarse=quick, fine=())
    torch.testing.assert_close(together.one(1).landmarks, alone.landmarks, atol=0.05, rtol=0)


@pytest.mark.parametrize("shape", [(1, 3, 32, 16), (3, 32, 32)])
def test_pictures_that_are_not_square_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput):
        fit(torch.zeros(shape), [sample_parameters(1, seed=0)])


def test_a_fit_without_a_start_is_refused() -> None:
    with pytest.raises(BadInput):
        fit(torch.zeros(1, 3, 32, 32), [])
