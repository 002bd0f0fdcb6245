"""Files that attack whoever reads them: nothing runs, nothing escapes, little memory and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from .hostile_archives import archives, streams
from .hostile_pickles import (
    MARKER,
    Case,
    direct_calls,
    names,
    nested_streams,
    objects_and_opcodes,
    sizes,
)
from .hostile_tensors import tensors_and_numbers

ROOT = Path(__file__).parent.parent
PEAK_MB = 160
SECONDS = 10.0  # of a busy machine; two seconds alone


def corpus() -> list[Case]:
    pickles = [*direct_calls(), *names(), *nested_streams(), *objects_and_opcodes(), *sizes()]
    return [*pickles, *tensors_and_numbers(), *archives(), *streams()]


CASES = {case.name: case for case in corpus()}


@dataclass(frozen=True)
class Outcome:
    kind: str
    sentence: str
    hint: str
    seconds: float
    events: list[str]


@dataclass(frozen=True)
class Watched:
    outcomes: dict[str, Outcome]
    peak_mb: float
    folder: Path


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "files").mkdir()
    for case in CASES.values():
        (folder / "files" / case.name).write_bytes(case.data)
    child = subprocess.run(
        [sys.executable, "-m", "tests.watched_reading", str(folder / "files")],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'daemon'}"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    *lines, peak = child.stdout.splitlines()
    outcomes = {name: Outcome(*rest) for name, *rest in map(json.loads, lines)}
    return Watched(outcomes, int(peak) / 1024, folder)


def test_every_file_of_the_corpus_was_tried(watched: Watched) -> None:
    assert len(CASES) == len(corpus()) >= 150, "two cases of one name"
    assert set(watched.outcomes) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_or_read_as_inert_values(watched: Watched, name: str) -> None:
    outcome, says = watched.outcomes[name], CASES[name].says
    if says is None:
        assert outcome.kind == "read", outcome
        return
    assert outcome.kind == "refused", outcome
    assert outcome.sentence.startswith(f"{name} ") and outcome.sentence.endswith(".")
    assert says in outcome.sentence and outcome.hint


def test_reading_hostile_files_imports_runs_and_opens_nothing(watched: Watched) -> None:
    assert {name: seen.events for name, seen in watched.outcomes.items() if seen.events} == {}
    assert [path.name for path in watched.folder.iterdir()] == ["files"], f"{MARKER} is there"


def test_hostile_files_cost_little_memory_and_time(watched: Watched) -> None:
    assert watched.peak_mb < PEAK_MB
    slowest = max(watched.outcomes, key=lambda name: watched.outcomes[name].seconds)
    assert watched.outcomes[slowest].seconds < SECONDS, slowest
