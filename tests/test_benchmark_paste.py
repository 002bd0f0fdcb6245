"""The paste benchmark: every method is measured against the truth, and nothing leaks out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from draggan.benchmark import paste as benchmark
from draggan.errors import BadInput


def run(*flags: str) -> int:
    parser = argparse.ArgumentParser()
    benchmark.add_arguments(parser)
    return benchmark.run_command(parser.parse_args(flags))


@pytest.mark.slow
def test_detail_that_is_carried_truly_is_nearer_to_the_truth_than_an_enlarged_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "LAYER", (600, 400))
    sheet, rows = tmp_path / "sheet.png", tmp_path / "rows.json"
    assert run("--size", "512", "--tasks", "ears", "--json", str(rows), "--sheet", str(sheet)) == 0
    assert "ours, true motion" in capsys.readouterr().out and sheet.stat().st_size > 0
    read = json.loads(rows.read_text())
    of = {row["method"]: row for row in read["rows"] if row["scene"] == "mean, fur"}
    assert of["ours, true motion"]["inside"] > of["plain"]["inside"] + 1
    assert of["ours, selection"]["outside"] == 0
    assert len(read["timing"]) == 2


def test_pixels_that_did_not_move_count_as_touched_if_one_can_see_it() -> None:
    original = np.full((64, 64, 3), 100, np.uint8)
    moved = np.zeros((64, 64), bool)
    moved[:8, :8] = True
    result = original.copy()
    result[32:, :32] += 1
    result[32:, 32:] += 2
    *_, touched = benchmark._quality(result, original, original, moved)
    assert touched == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("size", ["32", "4096"])
def test_sizes_that_cannot_be_drawn_are_refused(size: str) -> None:
    with pytest.raises(BadInput):
        run("--size", size)
