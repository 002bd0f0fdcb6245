"""A feature residual: what the latent cannot say is said, what it can is left to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from draggan import residual
from draggan.correspondence import Correspondence
from draggan.errors import BadInput, BadSaved
from draggan.generator import Features, Generator
from draggan.residual import FeatureResidual, ResidualOptions, ResidualStep, carried, fit

QUICK = ResidualOptions(steps=20)


def shifted(features: Features, cells: float, confidence: float = 1.0) -> Correspondence:
    """Everything has moved right by so many cells."""
    still = Correspondence.identity((16, 16), (32, 32), like=features.map)
    left = torch.tensor([cells / features.grid.scale[0], 0.0])[None, :, None, None]
    return Correspondence(still.source - left, still.confidence * confidence, still.picture)


def rendered(generator: Generator, ws: Tensor, change: FeatureResidual | None = None) -> Tensor:
    with torch.no_grad():
        features = generator.features(ws, generator.drag_block())
        features = features if change is None else change.added(features)
        return generator.render_from(features, ws)


def stained(generator: Generator, ws: Tensor) -> Tensor:
    """The generator's picture with something foreign in its left half."""
    image = rendered(generator, ws).clamp(-1, 1)
    image[..., 8:24, 2:14] = torch.tensor([0.9, -0.8, 0.3])[:, None, None]
    return image


def fitted(generator: Generator, **keywords: Any) -> ResidualStep:
    ws = generator.sample([3])
    keywords = {"options": QUICK, **keywords}
    return list(fit(generator, ws, stained(generator, ws), **keywords))[-1]


def test_what_the_latent_cannot_say_is_explained(tiny_generator: Any) -> None:
    ws = tiny_generator.sample([3])
    steps = list(fit(tiny_generator, ws, stained(tiny_generator, ws), options=QUICK))
    assert steps[-1].psnr > steps[0].psnr + 4
    assert [step.index for step in steps] == list(range(1, QUICK.steps + 2))


def test_the_residual_of_a_step_gives_the_picture_that_it_reports(tiny_generator: Any) -> None:
    ws = tiny_generator.sample([3])
    image = stained(tiny_generator, ws)
    for step in fit(tiny_generator, ws, image, options=QUICK):
        if step.index in (1, 10, 21):
            picture = rendered(tiny_generator, ws, step.residual)
            assert float(residual.psnr(picture, image)) == pytest.approx(step.psnr, abs=1e-4)


def test_where_the_latent_explains_the_picture_nothing_is_added(tiny_generator: Any) -> None:
    change = fitted(tiny_generator).residual.map(torch.zeros(1))
    assert change[..., :6].abs().max() > 0
    assert change[..., 12:].abs().max() == 0


def test_what_weighs_nothing_is_not_explained(tiny_generator: Any) -> None:
    weight = torch.ones(1, 1, 32, 32)
    weight[..., :16] = 0
    last = fitted(tiny_generator, weight=weight)
    assert last.residual.map(torch.zeros(1)).abs().max() == 0


def test_a_residual_is_small_to_keep(tiny_generator: Any) -> None:
    large = torch.zeros(256, 128, 128)
    assert 2 * residual._rank(large, residual.RANK) * (128 * 128 + 256) <= residual.MAX_BYTES
    kept = fitted(tiny_generator).residual
    assert kept.channels.dtype == kept.maps.dtype == torch.float16


def test_a_residual_comes_along_with_what_moves(tiny_generator: Any) -> None:
    features = tiny_generator.features(tiny_generator.sample([3]), 16)
    last = fitted(tiny_generator).residual
    own = last.map(features.map)
    whole = carried(last, shifted(features, 3))
    assert torch.equal(whole[..., 3:], own[..., :-3])
    half = carried(last, shifted(features, 0.5))
    torch.testing.assert_close(half[..., 1:], (own[..., 1:] + own[..., :-1]) / 2)


def test_a_residual_that_stays_is_the_same_bit_for_bit(tiny_generator: Any) -> None:
    features = tiny_generator.features(tiny_generator.sample([3]), 16)
    last = fitted(tiny_generator).residual
    own = last.map(features.map)
    assert torch.equal(carried(last, shifted(features, 0)), own)


def test_nothing_is_carried_to_what_is_newly_visible(tiny_generator: Any) -> None:
    features = tiny_generator.features(tiny_generator.sample([3]), 16)
    last = fitted(tiny_generator).residual
    assert carried(last, shifted(features, 1, 0.0)).abs().max() == 0


def test_features_of_another_shape_are_refused(tiny_generator: Any) -> None:
    last = fitted(tiny_generator).residual
    with pytest.raises(BadInput, match="does not fit"):
        last.added(tiny_generator.features(tiny_generator.sample([3]), 8))


def test_a_saved_residual_is_the_same_bit_for_bit(tiny_generator: Any) -> None:
    features = tiny_generator.features(tiny_generator.sample([3]), 16)
    last = fitted(tiny_generator).residual
    again = FeatureResidual.expanded(last.compact(), tiny_generator)
    assert torch.equal(again.map(features.map), last.map(features.map))


def test_a_strangers_residual_is_checked(tiny_generator: Any) -> None:
    own = fitted(tiny_generator).residual.compact()
    for name, wrong in (
        ("channels", own["channels"][:, 1:]),
        ("channels", own["channels"].astype(np.float32)),
        ("maps", own["maps"][:, :, 1:]),
        ("maps", own["maps"] * np.float16("nan")),
        ("other", own["maps"]),
    ):
        with pytest.raises(BadSaved):
            FeatureResidual.expanded({**own, name: wrong}, tiny_generator)
