"""Pivotal tuning: one picture is explained, all others stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from draggan.drag import DragOptions, drag
from draggan.errors import BadInput
from draggan.generator import Generator, WeightDelta
from draggan.losses import pyramid_loss
from draggan.tuning import TuningOptions, TuningStep, tunable, tune

QUICK = TuningOptions(steps=16, lr=0.01)


def foreign(generator: Generator, ws: torch.Tensor) -> torch.Tensor:
    """What a relative of the generator draws there, one with other fine weights."""
    random = torch.Generator().manual_seed(0)
    changes = {
        name: 0.2 * tensor.std() * torch.randn(tensor.shape, generator=random)
        for name, tensor in tunable(generator, 16).items()
    }
    with torch.no_grad():
        return generator.with_weights(WeightDelta(changes)).render(ws)


def tuned_with(generator: Generator, options: TuningOptions, **keywords: Any) -> TuningStep:
    ws = generator.sample([3])
    return list(tune(generator, ws, foreign(generator, ws), options=options, **keywords))[-1]


def drift(generator: Generator, step: TuningStep) -> float:
    """How far other seeds' pictures have moved."""
    ws = generator.sample(range(100, 108))
    with torch.no_grad():
        tuned = generator.with_weights(step.delta).render(ws)
        return float(pyramid_loss(tuned, generator.render(ws)).mean())


def test_a_picture_beyond_the_generator_gains(tiny_generator: Any) -> None:
    ws = tiny_generator.sample([3])
    steps = list(tune(tiny_generator, ws, foreign(tiny_generator, ws), options=QUICK))
    assert steps[-1].loss < 0.6 * steps[0].loss
    assert [s.index for s in steps] == list(range(1, steps[-1].total + 1))


def test_the_delta_of_a_step_gives_the_picture_that_it_reports(tiny_generator: Any) -> None:
    ws = tiny_generator.sample([3])
    image = foreign(tiny_generator, ws)
    for step in tune(tiny_generator, ws, image, options=QUICK):
        if step.index in (1, 10, 17):
            with torch.no_grad():
                picture = tiny_generator.with_weights(step.delta).render(ws)
            assert float(pyramid_loss(picture, image)) == pytest.approx(step.loss, rel=1e-4)


def test_locality_keeps_other_latents_pictures(tiny_generator: Any) -> None:
    free = drift(tiny_generator, tuned_with(tiny_generator, replace(QUICK, locality=0)))
    kept = drift(tiny_generator, tuned_with(tiny_generator, replace(QUICK, locality=4)))
    assert kept < 0.6 * free


def test_what_weighs_nothing_is_not_tuned_for(tiny_generator: Any) -> None:
    """A picture that differs from the pivot's only where it has no weight asks for no change."""
    ws, weight = tiny_generator.sample([3]), torch.ones(1, 1, 32, 32)
    with torch.no_grad():
        image = tiny_generator.render(ws)
    image[..., :16], weight[..., :16] = 1, 0
    (*_, last) = tune(tiny_generator, ws, image, weight=weight, options=replace(QUICK, steps=3))
    assert max(float(change.abs().max()) for change in last.delta.tensors.values()) < 1e-6


def test_only_weights_of_fine_blocks_change(tiny_generator: Any) -> None:
    names = set(tunable(tiny_generator, 16))
    assert names == {
        f"synthesis.b{r}.{layer}.weight" for r in (16, 32) for layer in ("conv0", "conv1", "torgb")
    }
    assert set(tuned_with(tiny_generator, QUICK).delta.tensors) == names


def test_the_frozen_generator_is_left_as_it_was(tiny_generator: Any) -> None:
    ws = tiny_generator.sample([5])
    with torch.no_grad():
        before = tiny_generator.render(ws)
        tuned_with(tiny_generator, QUICK)
        assert torch.equal(tiny_generator.render(ws), before)


def test_a_drag_works_on_the_tuned_generator(tiny_generator: Any) -> None:
    tuned = tiny_generator.with_weights(tuned_with(tiny_generator, QUICK).delta)
    steps = list(
        drag(
            tuned,
            tiny_generator.sample([3]),
            [(12.0, 12.0)],
            [(16.0, 12.0)],
            options=DragOptions(block=16),
        )
    )
    assert steps[-1].distances[0] < steps[0].distances[0]


def test_a_generator_without_named_weights_is_refused(tiny_generator: Any) -> None:
    class Other:
        blocks, network = (16,), None

    with pytest.raises(BadInput, match="cannot be tuned"):
        tune(Other(), torch.zeros(1, 1, 4), torch.zeros(1, 3, 8, 8))  # type: ignore[arg-type]


def test_convolutions_change_by_thin_factors(tiny_generator: Any) -> None:
    """Few enough to be worth it; what is drawn is drawn by their product."""
    step = tuned_with(tiny_generator, replace(QUICK, rank=2))
    assert set(step.delta.factors) == {n for n in tunable(tiny_generator, 16) if "conv" in n}
    for name, (left, right) in step.delta.factors.items():
        assert left.dtype == right.dtype == torch.float16
        assert torch.linalg.matrix_rank(step.delta.tensors[name].flatten(1)) <= 2


def test_without_steps_the_weights_stay(tiny_generator: Any) -> None:
    ws = tiny_generator.sample([3])
    (only,) = tune(tiny_generator, ws, foreign(tiny_generator, ws), options=TuningOptions(steps=0))
    assert (only.index, only.total) == (1, 1)
    assert not only.delta.tensors
