"""How well a model knows a picture is told by its shapes."""

from __future__ import annotations

import torch
from torch import Tensor

from draggan.critters import render, sample_parameters
from draggan.likeness import Likeness, likeness_score


def head(seed: int, size: int = 64) -> Tensor:
    return render(sample_parameters(1, seed=seed), size).image


def test_the_picture_itself_is_the_best_likeness() -> None:
    assert likeness_score(head(1), head(1)) > 0.999


def test_other_colours_are_a_better_likeness_than_another_animal() -> None:
    tinted = head(1) * 0.8 + 0.1
    assert likeness_score(tinted, head(1)) > 0.95 > likeness_score(head(2), head(1)) + 0.2


def test_noise_is_like_nothing() -> None:
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert likeness_score(head(1), noise) < 0.2


def test_grain_takes_little_from_a_likeness() -> None:
    grain = 0.1 * torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert likeness_score(head(1), head(1) + grain) > 0.8


def test_what_weighs_nothing_is_not_compared() -> None:
    image, weight = head(1), torch.ones(1, 1, 64, 64)
    image[..., 32:] = head(5)[..., 32:]
    weight[..., 32:] = 0
    assert likeness_score(head(1), image, weight) > 0.98 > likeness_score(head(1), image) + 0.1


def test_two_empty_pictures_are_alike_and_finite() -> None:
    empty = torch.zeros(1, 3, 64, 64)
    assert likeness_score(empty, empty) == 1
    assert 0 <= likeness_score(head(1), empty) < 0.5


def test_a_picture_that_is_not_square_has_a_likeness() -> None:
    image = head(1)[..., :40]
    assert likeness_score(image, image) > 0.999


def test_words_go_from_very_close_to_poor() -> None:
    words = [Likeness(score).words for score in (0.95, 0.7, 0.5, 0.1)]
    assert words[0] == "very close" and words[1] == "close"
    assert words[2].startswith("rough") and words[3].startswith("poor")
