"""The pictures of the inversion benchmark: what is done to them, and that their truth follows."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from draggan.benchmark.tasks import TASKS, Case, make_cases
from draggan.benchmark.trials import KINDS, Trial, Turned, make_trial, photographs
from draggan.critters import landmarks, render, to_unit
from draggan.errors import BadInput

SIZE = 64


@pytest.fixture(scope="module")
def case() -> Case:
    return make_cases(1, TASKS[:1], size=SIZE, seed=5)[0]


@pytest.fixture(scope="module")
def trials(case: Case) -> dict[str, Trial]:
    return {kind: make_trial(kind, case, SIZE) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_picture_with_a_drag_and_a_judge(
    kind: str, trials: dict[str, Trial]
) -> None:
    trial = trials[kind]
    assert trial.kind == kind and trial.image.shape == (1, 3, SIZE, SIZE)
    assert trial.image.abs().max() <= 1 and trial.case is not None
    assert trial.weight is not None and trial.weight.shape == (1, 1, SIZE, SIZE)
    assert 0.05 < trial.weight.mean() < 1 and set(trial.weight.unique().tolist()) == {0, 1}


def test_no_two_kinds_are_the_same_picture(trials: dict[str, Trial]) -> None:
    pictures = {trial.image.numpy().tobytes() for trial in trials.values()}
    assert len(pictures) == len(KINDS)


@pytest.mark.parametrize("kind", ["painted over", "noisy"])
def test_what_is_drawn_by_lot_is_the_same_each_time(
    kind: str, case: Case, trials: dict[str, Trial]
) -> None:
    assert torch.equal(make_trial(kind, case, SIZE).image, trials[kind].image)


def test_what_is_beyond_its_range_really_is_and_its_drag_too(case: Case) -> None:
    trial = make_trial("beyond its range", case, SIZE)
    assert trial.case is not None
    for end in (trial.case.source, trial.case.goal):
        assert (to_unit(end) < 0).any() or (to_unit(end) > 1).any()
    rows = trial.case.rows
    seen = landmarks(trial.case.source, SIZE)[0, rows]
    assert torch.equal(trial.case.handles, seen)
    assert (trial.case.handles - trial.case.targets).norm(dim=-1).max() > 1


def test_what_is_painted_over_hides_no_handle(case: Case) -> None:
    trial = make_trial("painted over", case, SIZE)
    changed = (trial.image - render(case.source, SIZE).image).abs().amax(1)[0] > 0
    assert 0.01 < changed.float().mean() < 0.2


def test_another_background_leaves_the_animal(trials: dict[str, Trial]) -> None:
    plain, foreign = trials["held-out"], trials["foreign background"]
    assert plain.weight is not None
    outside = (1 - plain.weight) > 0
    change = (plain.image - foreign.image).abs().mean(1, keepdim=True)
    assert change[outside].mean() > 2 * change[~outside].mean()


def test_points_go_where_the_turned_picture_shows_them() -> None:
    turned = Turned(SIZE)
    spot = torch.full((1, 3, SIZE, SIZE), -1.0)
    spot[:, :, 40:43, 20:23] = 1  # its centre is at 21.5, 41.5
    seen = turned.picture(spot)[0, 0].add(1).clamp_min(0)
    y, x = torch.meshgrid(*[torch.arange(SIZE) + 0.5] * 2, indexing="ij")
    centre = torch.stack([(seen * axis).sum() / seen.sum() for axis in (x, y)])
    torch.testing.assert_close(
        centre, turned.points(torch.tensor([[21.5, 41.5]]))[0], rtol=0, atol=0.2
    )


def test_what_was_turned_is_turned_back(case: Case) -> None:
    trial = make_trial("turned, smaller", case, SIZE)
    upright, middle = trial.upright(trial.image), slice(SIZE // 4, -SIZE // 4)
    difference = (upright - render(case.source, SIZE).image).abs()[..., middle, middle]
    assert difference.mean() < 0.06 < (trial.image - upright).abs().mean()


def test_a_kind_that_does_not_exist_is_refused(case: Case) -> None:
    with pytest.raises(BadInput, match="no kind 'upside down'"):
        make_trial("upside down", case, SIZE)


def test_photographs_are_taken_where_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    def photograph() -> Any:
        return np.random.default_rng(0).integers(0, 256, (512, 600, 3), np.uint8)

    package = ModuleType("skimage")
    names = ("chelsea", "astronaut", "coffee")
    package.data = SimpleNamespace(**dict.fromkeys(names, photograph))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "skimage", package)
    found = photographs(SIZE)
    assert [trial.kind for trial in found] == [f"photograph: {name}" for name in names]
    for trial in found:
        assert trial.image.shape == (1, 3, SIZE, SIZE) and trial.case is None
    monkeypatch.setitem(sys.modules, "skimage", None)
    assert photographs(SIZE) == ()
