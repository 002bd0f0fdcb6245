"""The inversion benchmark: both kinds of pictures are measured and printed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from draggan.benchmark import inversion as benchmark
from draggan.errors import BadInput
from draggan.inversion import InversionOptions
from draggan.tuning import TuningOptions


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_generator: Any) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    quick = InversionOptions(samples=8, starts=2, start_steps=1, w_steps=2, wplus_steps=2)
    monkeypatch.setattr("draggan.inversion.QUALITIES", {"balanced": quick})
    monkeypatch.setattr("draggan.tuning.QUALITIES", {"balanced": TuningOptions(steps=2)})
    monkeypatch.setattr(benchmark, "load_generator", lambda *_, **__: tiny_generator)


def run(*flags: str) -> int:
    parser = argparse.ArgumentParser()
    benchmark.add_arguments(parser)
    return benchmark.run_command(parser.parse_args(flags))


def test_the_table_has_a_mean_and_a_worst_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--pictures", "1") == 0
    printed = capsys.readouterr().out
    for title in ("held-out, mean", "held-out, worst", "foreign, mean", "foreign, worst"):
        assert title in printed


def test_json_holds_the_rows_and_every_picture(tmp_path: Path) -> None:
    assert run("--pictures", "1", "--json", str(tmp_path / "rows.json")) == 0
    read = json.loads((tmp_path / "rows.json").read_text())
    assert [row["pictures"] for row in read["rows"]][1:3] == ["held-out, worst", "foreign, mean"]
    assert [result["kind"] for result in read["results"]] == ["held-out", "foreign"]
    assert all(result["locality"] > 0 for result in read["results"])
    assert "dB" in read["counted"]["tuned"]


def test_no_pictures_is_refused() -> None:
    with pytest.raises(BadInput):
        run("--pictures", "0")
