"""The inversion benchmark: found, dragged, judged, and told in a table; with a tiny network."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from draggan.benchmark import baselines
from draggan.benchmark import inversion as benchmark
from draggan.errors import BadInput, DragganError
from draggan.losses import psnr

from .hasty import hasten

STEPS = 3


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_generator: Any) -> None:
    """A network that draws no animals, few steps, and a judge who sees what he is to see."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    hasten(monkeypatch)
    monkeypatch.setattr(benchmark, "load_generator", lambda *_, **__: tiny_generator)
    monkeypatch.setattr(
        benchmark, "critter_mapping", lambda generator: lambda z: generator.sample([7])
    )
    monkeypatch.setattr(benchmark, "_dragged", lambda inverted, trial: trial.image)
    monkeypatch.setattr(benchmark, "_judged", lambda trial, found: dict.fromkeys(found, 2.0))
    for name in ("w_only", "wplus_only"):
        plain = getattr(baselines, name)
        few = lambda g, image, plain=plain: plain(g, image, steps=STEPS)  # noqa: E731
        monkeypatch.setattr(baselines, name, few)
    pti = baselines.pivotal_tuning
    monkeypatch.setattr(
        baselines,
        "pivotal_tuning",
        lambda g, image: pti(g, image, w_steps=STEPS, weight_steps=STEPS),
    )


def run(*flags: str) -> int:
    parser = argparse.ArgumentParser()
    benchmark.add_arguments(parser)
    return benchmark.run_command(parser.parse_args(["--pictures", "1", *flags]))


ONE = ("--kind", "held-out")


def test_every_method_has_a_row_and_one_over_all_kinds(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kinds = ("--kind", "held-out", "--kind", "noisy")
    methods = [f"--method={method}" for method in benchmark.METHODS]
    assert run(*kinds, *methods, "--json", str(tmp_path / "rows.json")) == 0
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    found = {(row["kind"], row["method"]) for row in rows}
    wanted = {(kind, m) for kind in ("held-out", "noisy", "all drawn") for m in benchmark.METHODS}
    assert found == wanted - {("noisy", "true latent")}
    printed = capsys.readouterr().out
    for title in ("PSNR", "MS-SSIM", "drag", "local", "CPU-s"):
        assert title in printed


def test_the_figures_of_a_picture_are_its_own(tmp_path: Path) -> None:
    methods = ("--method", "no drag", "--method", "balanced", "--method", "W")
    assert run(*ONE, *methods, "--json", str(tmp_path / "rows.json")) == 0
    read = json.loads((tmp_path / "rows.json").read_text())
    still, ours, w_only = read["results"]
    assert (still["method"], ours["method"], w_only["method"]) == ("no drag", "balanced", "W")
    assert still["ms_ssim"] == pytest.approx(1) and still["psnr"] > ours["psnr"] > 0
    assert 0 < ours["first"] < ours["cpu_seconds"] and ours["likeness"] is not None
    assert w_only["likeness"] is None and w_only["first"] is None
    assert math.isfinite(ours["locality"]) and ours["landmark"] == 2 < ours["start"]


def test_the_pictures_can_be_looked_at(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert run(*ONE, "--method", "W", "--method", "W+", "--sheet", str(sheet)) == 0
    with Image.open(sheet) as found:
        array = np.asarray(found)
    assert array.shape[1] >= 5 * 32 and array.std() > 10


def test_a_drag_is_made_where_the_picture_shows_its_handles(tiny_generator: Any) -> None:
    (trial,) = benchmark.make_trials(tiny_generator, ["turned, smaller"], 1, seed=5)
    handles, targets = benchmark._points(trial)
    assert trial.case is not None and len(handles) == len(targets) == len(trial.case.handles)
    assert not torch.equal(handles, trial.case.handles)


def test_no_pictures_and_folders_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least one"):
        run("--pictures", "0")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DragganError):
        run(*ONE, "--sheet", str(tmp_path / "file" / "sheet.png"))


# The recipes that are published.


@pytest.fixture
def wanted(tiny_generator: Any) -> torch.Tensor:
    with torch.no_grad():
        return tiny_generator.render(tiny_generator.sample([3])).clamp(-1, 1)


def quality(found: baselines.Inverted, image: torch.Tensor) -> float:
    with torch.no_grad():
        return float(psnr(found.generator.render(found.ws), image))


def test_each_recipe_comes_nearer_with_more_room_and_more_steps(
    tiny_generator: Any, wanted: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    short = quality(baselines.w_only(tiny_generator, wanted, steps=2), wanted)
    w = baselines.w_only(tiny_generator, wanted, steps=60)
    wplus = baselines.wplus_only(tiny_generator, wanted, steps=60)
    assert (w.ws == w.ws[:, :1]).all() and not (wplus.ws == wplus.ws[:, :1]).all()
    assert w.generator is tiny_generator is wplus.generator
    assert quality(w, wanted) > short and quality(wplus, wanted) > short
    few = baselines.pivotal_tuning(tiny_generator, wanted, w_steps=60, weight_steps=0)
    tuned = baselines.pivotal_tuning(tiny_generator, wanted, w_steps=60, weight_steps=30)
    assert torch.equal(tuned.ws, few.ws) and quality(tuned, wanted) > quality(few, wanted) + 1
