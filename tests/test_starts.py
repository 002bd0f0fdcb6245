"""First looks at a picture: the whole of it, its parts, and what is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from draggan.starts import Looks, uncovered

IMAGE, EVERYWHERE = torch.zeros(1, 3, 30, 40), torch.ones(1, 1, 30, 40)


@dataclass
class Seen:
    """An encoder and a bank whose answers say how much of the picture they have seen."""

    def starts(self, image: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return weight.mean() * torch.tensor([[1.0], [-1.0]])

    def estimate(self, image: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return weight.mean().reshape(1, 1) + 100

    def nearest(self, image: torch.Tensor, weight: torch.Tensor, count: int) -> torch.Tensor:
        return torch.full((count, 1), 7.0)


def looks(*, encoder: bool = True) -> Looks:
    seen: Any = Seen()
    return Looks(seen, seen if encoder else None)


def test_one_look_and_what_is_nearest_are_where_it_starts() -> None:
    assert looks().first(IMAGE, EVERYWHERE, nearest=2).flatten().tolist() == [1, 7, 7]
    assert looks(encoder=False).first(IMAGE, EVERYWHERE, nearest=0).flatten().tolist() == [101]


def test_covered_it_is_looked_at_once_more_for_each_part() -> None:
    found = looks().first(IMAGE, EVERYWHERE, nearest=0, covered=True).flatten()
    shares = [1.0, *uncovered(IMAGE).mean((1, 2, 3, 4)).tolist()]
    assert torch.allclose(found[::2], torch.tensor(shares)) and torch.equal(
        found[1::2], -found[::2]
    )


def test_each_pixel_is_covered_in_one_look_and_seen_in_others() -> None:
    seen = uncovered(IMAGE)
    assert seen.shape[1:] == (1, 1, 30, 40) and set(seen.flatten().tolist()) == {0.0, 1.0}
    assert seen.amin(0).max() == 0 and seen.amax(0).min() == 1


def test_where_a_part_is_all_that_there_is_it_is_not_covered() -> None:
    top = EVERYWHERE.clone()
    top[..., 10:, :] = 0
    found = looks().first(IMAGE, top, nearest=0, covered=True)
    assert len(found) == 2 * len(uncovered(IMAGE)) and found.abs().min() > 0
