"""What a drag uncovers is as opaque as what is like it."""

from __future__ import annotations

import torch
from torch import Tensor

from draggan.generator import Features, Grid
from draggan.matting import uncovered_alpha

SIDE = 16


def features(inside: Tensor) -> Features:
    """A map whose cells say whether they are inside (16, 16), with a little of their own."""
    own = 0.1 * torch.randn(6, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    kind = torch.stack([inside, 1 - inside]).float()
    whole = torch.cat([kind, own])[None]
    return Features(whole, Grid.covering(SIDE, SIDE, (64, 64)), 16)


def disc(x: float) -> Tensor:
    """A head of radius 5 about (x, 8)."""
    cells = torch.arange(SIDE) + 0.5
    return ((cells - x).square() + (cells[:, None] - 8).square() < 25).float()


def alpha(plane: Tensor) -> Tensor:
    return torch.nn.functional.interpolate(plane[None, None], (64, 64))


def test_a_cheek_that_comes_to_light_is_opaque_and_the_background_is_not() -> None:
    hidden = alpha(torch.ones(SIDE, SIDE))
    found = uncovered_alpha(features(disc(6)), features(disc(8)), alpha(disc(6)), hidden)
    assert found[0, 0, 32, 4 * 11] > 0.9  # inside after, outside before
    assert found[0, 0, 32, 4 * 2] < 0.1  # outside after, inside before


def test_what_was_seen_before_is_not_answered() -> None:
    hidden = torch.zeros(1, 1, 64, 64)
    hidden[..., 40:] = 1
    found = uncovered_alpha(features(disc(6)), features(disc(8)), alpha(disc(6)), hidden)
    assert not found[..., :40].any() and bool(found[..., 40:50].any())


def test_a_picture_without_anything_clear_stays_opaque() -> None:
    hidden, whole = torch.ones(1, 1, 64, 64), torch.ones(1, 1, 64, 64)
    found = uncovered_alpha(features(disc(6)), features(disc(8)), whole, hidden)
    assert bool((found == 1).all())


def test_nothing_hidden_is_nothing_to_answer() -> None:
    found = uncovered_alpha(
        features(disc(6)), features(disc(8)), alpha(disc(6)), torch.zeros(1, 1, 64, 64)
    )
    assert not found.any()
