"""Preparing a model: progress, time, being stopped, and a cache that may be spoilt."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from draggan import preparation
from draggan.encoder import encoder_for
from draggan.encoder_files import prepared_file, prepared_in_words, samples_file, unfinished_file
from draggan.encoder_saved import read_lessons, read_teaching
from draggan.errors import BadInput, CannotWrite
from draggan.generator import WeightDelta
from draggan.preparation import PreparationOptions, PreparationStep, prepare

SHORT = PreparationOptions(minutes=0.02, samples=64, metric=8, regressed=64, save_every=0.2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "draggan"


def until(generator: Any, stage: str, options: PreparationOptions = SHORT) -> PreparationStep:
    """Stops at a step of that stage; where it is the encoder's, at one that knows an error."""
    steps = prepare(generator, options=options)
    for step in steps:
        if step.stage == stage and (step.error or stage != "encoder"):
            steps.close()
            return step
    raise AssertionError(f"there was no {stage}")


def test_a_preparation_says_how_far_it_is_and_leaves_an_encoder(
    tiny_generator: Any, cache: Path
) -> None:
    seen = list(prepare(tiny_generator, options=SHORT))
    assert list(dict.fromkeys(step.stage for step in seen)) == ["samples", "encoder", "done"]
    assert all(a.minutes <= b.minutes for a, b in pairwise(seen))
    assert all(0 < step.share <= 1 for step in seen)
    assert SHORT.minutes <= seen[-1].minutes < 4 * SHORT.minutes + 0.1
    assert encoder_for(tiny_generator) is not None
    assert list(cache.iterdir()) == [prepared_file("tiny")]  # nothing else stays


def test_a_model_that_is_prepared_is_left_as_it_is(tiny_generator: Any) -> None:
    list(prepare(tiny_generator, options=SHORT))
    before = prepared_file("tiny").read_bytes()
    (only,) = prepare(tiny_generator, options=SHORT)
    assert only.stage == "done" and prepared_file("tiny").read_bytes() == before


def test_one_that_was_stopped_goes_on_where_it_was(tiny_generator: Any) -> None:
    assert prepared_in_words("tiny") == "no"
    stopped = until(tiny_generator, "encoder")
    assert prepared_in_words("tiny") == "begun, not finished"
    assert encoder_for(tiny_generator) is None
    seen = list(prepare(tiny_generator, options=SHORT))
    assert "samples" not in [step.stage for step in seen]
    assert seen[0].minutes >= stopped.minutes and seen[0].error
    assert prepared_in_words("tiny") == "yes"


def test_samples_are_kept_when_it_is_stopped_among_them(tiny_generator: Any) -> None:
    until(tiny_generator, "samples")
    found = read_lessons(samples_file("tiny"), tiny_generator)
    assert found is not None and len(found[0]) == 8


def test_what_a_kill_leaves_is_not_older_than_the_time_between_two_saves(
    tiny_generator: Any,
) -> None:
    steps = prepare(tiny_generator, options=SHORT)
    for step in steps:
        if step.stage == "encoder" and step.share > 0.8:
            break
    found = read_teaching(unfinished_file("tiny"), tiny_generator)  # and no end in good order
    assert found is not None
    assert step.minutes * 60 - found[1] < SHORT.save_every + 0.5
    steps.close()


@pytest.mark.parametrize("file", [samples_file, unfinished_file])
def test_what_is_spoilt_is_made_anew(tiny_generator: Any, file: Any) -> None:
    until(tiny_generator, "encoder")
    whole = file("tiny").read_bytes()
    for damage in (whole[:100], b"", b"\xff" * 99, whole[: len(whole) // 2]):
        file("tiny").write_bytes(damage)
        assert until(tiny_generator, "encoder").stage == "encoder"
    assert encoder_for(tiny_generator) is None


def test_what_another_model_of_that_name_has_left_is_not_used(tiny_generator: Any) -> None:
    until(tiny_generator, "encoder")
    name = "synthesis.b32.torgb.bias"
    other = tiny_generator.with_weights(WeightDelta({name: torch.full((3,), 0.5)}))
    assert read_lessons(samples_file("tiny"), other) is None
    assert read_teaching(unfinished_file("tiny"), other) is None
    assert read_teaching(unfinished_file("tiny"), tiny_generator) is not None


def test_a_cache_that_takes_no_files_is_found_out_at_once(
    tiny_generator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CannotWrite):
        prepare(tiny_generator, options=SHORT)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_a_time_that_makes_no_sense_is_refused(tiny_generator: Any, minutes: float) -> None:
    with pytest.raises(BadInput):
        prepare(tiny_generator, options=PreparationOptions(minutes=minutes))


def test_time_in_which_nobody_asked_for_a_step_does_not_count(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(preparation.time, "monotonic", lambda: now[0])
    steps = prepare(tiny_generator, options=SHORT)
    next(steps)
    now[0] += 1000
    assert next(steps).minutes == 0
    steps.close()
