"""Improving a seam: the ring meets the original, the rest stays the edit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from draggan.errors import BadInput
from draggan.generator import Features
from draggan.seam import SeamOptions, improve


def pasted() -> tuple[Tensor, Tensor]:
    """A ring at the left of a picture of 32 px, and what is well away from it."""
    ring, far = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    ring[..., 4:8] = 1
    far[..., 24:] = 1
    return ring, far


def edited(generator: Any) -> tuple[Features, Tensor, Tensor, Tensor]:
    """An edit's features and latent, its picture, and an original in other colours."""
    ws = generator.sample([4])
    with torch.no_grad():
        features = generator.features(ws, generator.drag_block())
        edit = generator.render_from(features, ws)
    return features, ws, edit, (0.8 * edit + 0.3).clamp(-1, 1)


def gap(picture: Tensor, original: Tensor, where: Tensor) -> float:
    return float(((picture - original).abs() * where).sum() / (3 * where.sum()))


def test_the_ring_meets_the_original(tiny_generator: Any) -> None:
    features, ws, edit, original = edited(tiny_generator)
    ring, _ = pasted()
    better = improve(tiny_generator, features, ws, original, ring)
    assert gap(better, original, ring) < 0.5 * gap(edit, original, ring)


def test_what_is_far_from_the_ring_stays_the_edit(tiny_generator: Any) -> None:
    features, ws, edit, original = edited(tiny_generator)
    ring, far = pasted()
    better = improve(tiny_generator, features, ws, original, ring, options=SeamOptions(steps=3))
    assert torch.equal(better * far, edit * far)
    assert not torch.equal(better, edit)


def test_without_a_ring_there_is_nothing_to_improve(tiny_generator: Any) -> None:
    features, ws, edit, original = edited(tiny_generator)
    better = improve(tiny_generator, features, ws, original, torch.zeros(1, 1, 32, 32))
    assert torch.equal(better, edit)


def test_the_same_edit_gives_the_same_picture(tiny_generator: Any) -> None:
    features, ws, _, original = edited(tiny_generator)
    ring, _ = pasted()
    once, again = (
        improve(tiny_generator, features, ws, original, ring, options=SeamOptions(steps=3))
        for _ in range(2)
    )
    assert torch.equal(once, again)


def test_a_ring_of_another_size_is_refused(tiny_generator: Any) -> None:
    features, ws, _, original = edited(tiny_generator)
    with pytest.raises(BadInput, match="does not fit"):
        improve(tiny_generator, features, ws, original, torch.ones(1, 1, 16, 16))
