"""Finding a picture: the stages in their order, the better kept, and the second time at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from draggan import finding
from draggan.errors import BadInput, BadPicture, BadSaved
from draggan.finding import FindingStep, Found, Shelf, check_quality, find, placed
from draggan.frame import Frame
from draggan.inversion import InversionStep
from draggan.inversion_cache import InversionCache
from draggan.likeness import likeness_score
from draggan.residual import ResidualOptions
from draggan.saved import Place
from draggan.source import Source
from draggan.tuning import TuningOptions
from draggan.viewing import View

from .hasty import BALANCED, hasten


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    hasten(monkeypatch)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(InversionCache(tmp_path / "inversions"), "0" * 32)


def source(generator: Any, quality: str = "balanced", **how: Any) -> Source:
    native = np.random.RandomState(0).randint(0, 256, (40, 50, 3)).astype(np.uint8)
    return Source.of(native, (generator.width, generator.height), quality=quality, **how)


def last_found(steps: list[FindingStep]) -> Found:
    return [step.found for step in steps if step.found is not None][-1]


QUICK = ["samples", "starts", "w", "w+", "detail"]


def test_a_picture_is_found_quickly_first_and_better_after(tiny_generator: Any) -> None:
    steps = list(find(tiny_generator, source(tiny_generator)))
    stages = [stage for stage, _ in groupby(step.stage for step in steps)]
    assert stages == [*QUICK, "w+", "tuning", "detail", "done"]
    counted = [step for step in steps if step.stage != "samples"]
    assert [step.index for step in counted] == list(range(1, len(counted) + 1))
    assert {step.total for step in counted} == {len(counted)}


def test_the_quick_way_ends_where_the_better_one_would_begin(tiny_generator: Any) -> None:
    fast = list(find(tiny_generator, source(tiny_generator, "fast")))
    full = list(find(tiny_generator, source(tiny_generator)))
    assert [stage for stage, _ in groupby(step.stage for step in fast)] == QUICK
    assert {step.total for step in fast if step.stage != "samples"} == {fast[-1].index}
    ready = next(step for step in full if step.ready)
    assert fast[-1].found is not None and ready.found is not None
    assert torch.equal(fast[-1].found.ws, ready.found.ws) and fast[-1].psnr == ready.psnr


def test_it_is_ready_with_its_detail_and_stays_so(tiny_generator: Any) -> None:
    steps = list(find(tiny_generator, source(tiny_generator)))
    first = next(k for k, step in enumerate(steps) if step.ready)
    assert steps[first].stage == "detail" and steps[first + 1].stage == "w+"
    found = steps[first].found
    assert found is not None and found.residual is not None and found.likeness is not None
    assert all(step.ready for step in steps[first:])


def test_nothing_changes_under_a_drag_before_all_of_the_better_is_there(
    tiny_generator: Any,
) -> None:
    steps = list(find(tiny_generator, source(tiny_generator)))
    first = next(k for k, step in enumerate(steps) if step.ready)
    assert all(step.found is None for step in steps[first + 1 : -1])


def going_to(ws: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The better latent is that one, whatever the picture; weights and features stay."""

    def refine(generator: Any, image: Any, start: Any, **how: Any) -> Iterator[InversionStep]:
        yield InversionStep(1, 1, "done", ws, 0.0, -50.0, generator)

    still = replace(
        BALANCED.better,  # type: ignore[type-var]
        tuning=TuningOptions(steps=0),
        residual=ResidualOptions(steps=0),
    )
    monkeypatch.setattr("draggan.finding.inversion.refine", refine)
    quality = replace(BALANCED, better=still, residual=ResidualOptions(steps=0))
    monkeypatch.setattr(finding, "QUALITIES", {"balanced": quality})


def test_what_is_no_better_is_not_taken(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_to(tiny_generator.sample([5]) * 40, monkeypatch)
    steps = list(find(tiny_generator, source(tiny_generator)))
    ready = next(step for step in steps if step.ready)
    assert steps[-1].stage == "done" and steps[-1].found is None
    assert last_found(steps) is ready.found and steps[-1].psnr == ready.psnr


def test_what_is_better_is_taken(tiny_generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = tiny_generator.sample([5])
    going_to(ws, monkeypatch)
    with torch.no_grad():
        picture = (tiny_generator.render(ws)[0].clamp(-1, 1).permute(1, 2, 0) + 1) / 2
    own = Source.of(picture.numpy(), (32, 32), quality="balanced")
    steps = list(find(tiny_generator, own))
    assert steps[-1].found is not None and torch.equal(steps[-1].found.ws, ws)
    assert steps[-1].psnr > max(step.psnr for step in steps[:-1] if step.found is not None)


def looking_again(monkeypatch: pytest.MonkeyPatch, scores: list[float]) -> None:
    """The looks' likenesses are `scores`; the second one is a tolerant one."""
    again = replace(BALANCED.inversion, starts=2, thorough=True, tolerance=0.3)
    monkeypatch.setattr(finding, "QUALITIES", {"balanced": replace(BALANCED, again=again)})
    monkeypatch.setattr(finding, "likeness_score", lambda *_: scores.pop(0))


def test_where_the_first_look_convinces_nobody_there_is_another(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking_again(monkeypatch, [0.4, 0.7, 0.7])
    steps = list(find(tiny_generator, source(tiny_generator)))
    stages = [stage for stage, _ in groupby(step.stage for step in steps)]
    assert stages == [*QUICK[:4], *QUICK[1:], "w+", "tuning", "detail", "done"]
    first = next(k for k, step in enumerate(steps) if step.ready)
    before, found = last_found(steps[: first - 1]), steps[first].found
    assert found is not None and found.likeness is not None and found.likeness.score == 0.7
    assert not torch.equal(found.ws, before.ws)
    assert steps[-1].index == steps[-1].total


@pytest.mark.parametrize(("first", "second"), [(0.9, 1.0), (0.4, 0.41)])
def test_the_first_look_stays_where_it_convinces_or_the_other_is_no_better(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch, first: float, second: float
) -> None:
    looking_again(monkeypatch, [first] * 2 if first > 0.8 else [first, second, first])
    steps = list(find(tiny_generator, source(tiny_generator)))
    looks = [step.stage for step in steps].count("starts")
    assert looks == (1 if first > 0.8 else 2) * BALANCED.inversion.start_steps
    ready = next(step for step in steps if step.ready)
    assert ready.found is not None and ready.found.likeness is not None
    assert ready.found.likeness.score == first


def test_a_frame_is_looked_through_once_it_rests(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, ws = source(tiny_generator, "fast"), tiny_generator.sample([5])
    scales = [own.frame.scale * (1 + k / 100) for k in range(1, 9)]
    frames = [replace(own.frame, scale=scale) for scale in scales]

    def invert(generator: Any, image: Any, **how: Any) -> Iterator[InversionStep]:
        for frame in frames:
            yield InversionStep(1, 9, "w", ws, 0.0, 10.0, generator, frame)
        yield InversionStep(9, 9, "done", ws, 0.0, 10.0, generator, frames[-1])

    looks = []

    def look(self: Source, frame: Frame) -> View:
        looks.append(frame)
        return own.seen

    monkeypatch.setattr("draggan.finding.inversion.invert", invert)
    monkeypatch.setattr(Source, "look", look)
    assert last_found(list(find(tiny_generator, own))).frame == frames[-1]
    assert looks == frames[-1:]


def test_the_likeness_is_the_latents_alone(tiny_generator: Any) -> None:
    own = source(tiny_generator)
    found = last_found(list(find(tiny_generator, own)))
    with torch.no_grad():
        picture = tiny_generator.render(found.ws)
    assert found.likeness is not None
    assert found.likeness.score == likeness_score(picture, found.seen.image, found.seen.weight)


def test_the_second_time_it_is_known_at_once_and_to_the_bit(
    tiny_generator: Any, shelf: Shelf
) -> None:
    once = last_found(list(find(tiny_generator, source(tiny_generator), shelf=shelf)))
    (step,) = find(tiny_generator, source(tiny_generator), shelf=shelf)
    again = step.found
    assert (step.stage, step.index, step.total, step.ready) == ("known", 1, 1, True)
    assert again is not None and torch.equal(again.ws, once.ws)
    assert (again.psnr, again.frame, again.likeness) == (once.psnr, once.frame, once.likeness)
    assert once.residual is not None and again.residual is not None
    assert torch.equal(again.residual.maps, once.residual.maps)
    assert torch.equal(again.residual.channels, once.residual.channels)
    assert again.delta.tensors.keys() == once.delta.tensors.keys() and once.delta.tensors
    for name, tensor in once.delta.tensors.items():
        assert torch.equal(again.delta.tensors[name], tensor)


def test_another_quality_or_picture_is_not_known(tiny_generator: Any, shelf: Shelf) -> None:
    list(find(tiny_generator, source(tiny_generator), shelf=shelf))
    weight = np.ones((40, 50), np.float32)
    weight[3, 3] = 0
    for other in (source(tiny_generator, "fast"), source(tiny_generator, weight=weight)):
        assert next(find(tiny_generator, other, shelf=shelf)).stage != "known"


def test_what_was_left_early_is_not_known(tiny_generator: Any, shelf: Shelf) -> None:
    for step in find(tiny_generator, source(tiny_generator), shelf=shelf):
        if step.ready:
            break
    assert next(find(tiny_generator, source(tiny_generator), shelf=shelf)).stage != "known"


def test_a_picture_that_weighs_nothing_is_refused_at_once(tiny_generator: Any) -> None:
    weight = np.zeros((40, 50), np.float32)
    weight[0, 0] = 1
    with pytest.raises(BadPicture):
        find(tiny_generator, source(tiny_generator, weight=weight))


def test_a_quality_that_does_not_exist_is_refused_with_those_that_do() -> None:
    check_quality("best")
    with pytest.raises(BadInput, match="superb") as refusal:
        check_quality("superb")
    assert "fast, balanced, best" in refusal.value.hint


def test_a_frame_far_wider_than_the_picture_is_not_looked_through(
    tiny_generator: Any, shelf: Shelf
) -> None:
    own = source(tiny_generator)
    wide = Place((25.0, 20.0), 1e5, 0.3)
    with pytest.raises(BadSaved):
        placed(own.frame, wide)
    list(find(tiny_generator, own, shelf=shelf))
    plain = shelf.cache.get

    class Foreign:
        def get(self, *how: Any) -> Any:
            known = plain(*how)
            assert known is not None
            return replace(known, place=wide)

        def put(self, *how: Any) -> None: ...

    steps = find(tiny_generator, own, shelf=Shelf(Foreign(), shelf.fingerprint))  # type: ignore[arg-type]
    assert next(steps).stage != "known"
