"""The speed table: what is timed, on what, and who may fail; no test looks at a clock's result."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from draggan.benchmark import released_code, speed, speed_worker
from draggan.benchmark.counting import Peaks, Work, count
from draggan.benchmark.speed_child import Child, ChildFailed
from draggan.benchmark.speed_rows import CONTENDERS, find_contenders
from draggan.benchmark.speed_scene import Setting, make_scene, random_network
from draggan.benchmark.speed_worker import Job, Session
from draggan.checkpoint import save_network
from draggan.drag import PRESETS, DragOptions, drag
from draggan.errors import BadInput
from draggan.stylegan2 import Architecture, channel_schedule
from draggan.stylegan2_generator import StyleGAN2Generator

from .conftest import random_stylegan2

PEAKS = Peaks({"float32": 100.0, "bfloat16": 200.0}, 20.0)

# A renderer of the released one's form that computes nothing, and prints as much as that one does.
RENDERER = """
import numpy, requests, matplotlib.cm
class Renderer:
    def __init__(self, disable_timing=False):
        self._pkl_data = {}
    def init_network(self, res, pkl=None, w_load=None, w_plus=True, lr=0.1):
        print("loading", pkl)
        self.G, self.w0, self.w = self._pkl_data[pkl]["G_ema"], w_load, w_load.clone()
    def _render_drag_impl(self, res, points, targets, mask, lambda_mask, feature_idx=0, r1=0, r2=0,
                          is_drag=False, to_pil=False):
        assert all(isinstance(i, int) for p in points + targets for i in p)
        assert mask is None or 0 < float(mask.mean()) < 1
        self.w = self.w + 0.01
        res.image, res.stop = numpy.zeros((32, 32, 3), numpy.uint8), False
"""
NETWORK = """
class Generator:
    def __init__(self, **settings):
        self.img_resolution, self.synthesis = settings["img_resolution"], self
        self.block_resolutions = [4, 8, 16, 32]
    def load_state_dict(self, state, strict):
        assert strict and "synthesis.b32.conv1.weight" in state
"""


@pytest.fixture
def tiny_file(tmp_path: Path) -> str:
    """A network of the published channel schedule, which the released code can build."""
    path = tmp_path / "tiny.safetensors"
    channels = channel_schedule(32, channel_base=256, channel_max=16)
    architecture = Architecture(channels, z_dim=16, w_dim=16, mapping_layers=2, mapping_lr=0.1)
    card = {"title": "Tiny", "family": "stylegan2", "licence": "none", "summary": "random"}
    save_network(random_stylegan2(architecture), path, metadata=card)
    return str(path)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder of the released code's form."""
    folder = tmp_path / "checkout"
    files = {
        "viz/renderer.py": RENDERER,
        "training/networks_stylegan2.py": NETWORK,
        "viz/__init__.py": "",
        "training/__init__.py": "",
        "torch_utils/__init__.py": "",
        "dnnlib/__init__.py": "",
        "legacy.py": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    speed.add_arguments(parser)
    return parser.parse_args(words)


class FakeChild:
    """Answers at once; the row named `failing` dies when it is timed."""

    failing = ""

    def __init__(self, job: Job) -> None:
        self.row = job.row
        self.ready = {"size": (32, 32), "stand_ins": [], "start": [0.0, 0.0], "memory": 10**9}

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        if self.row == self.failing:
            raise ChildFailed("its memory ran out")
        slow = 8.0 if self.row == "released-costs" else 1.0
        seconds = {"cpu": slow, "kernel": 0.25, "wall": 2 * slow, "busy": slow}
        if command["do"] == "count":
            return {"gflop": 50.0, "gigabytes": 1.0, "operators": 100}
        if command["do"] == "walk":
            return {"latent": [3.0, 4.0 if self.row == "full" else 4.01], "updates": 50}
        return {
            "steps": [seconds] * command["steps"],
            "previews": [{"cpu": 2.0, "kernel": 0.0, "wall": 2.0, "busy": 2.0}]
            * command["previews"],
            "latent": [1.0, 0.0],
            "updates": 4,
            "together": 1,
            "restarts": 0,
            "memory": 2 * 10**9,
        }

    def close(self) -> None: ...


@pytest.fixture
def fake_children(monkeypatch: pytest.MonkeyPatch) -> type[FakeChild]:
    class Fake(FakeChild): ...

    monkeypatch.setattr(speed, "Child", Fake)
    monkeypatch.setattr(speed, "measure_peaks", lambda *_: PEAKS)
    return Fake


def found(*rows: str) -> dict[str, Any]:
    setting = Setting("tiny", 1, False)
    return speed.run([setting], find_contenders(rows, reference=False), speed.Plan(), speed.Place())


def test_ratios_mean_the_stand_in_where_there_is_no_released_code(fake_children: Any) -> None:
    costs, full, half = found("released-costs", "full", "half")["rows"]
    assert (costs["ratio"], full["ratio"], full["baseline"]) == (1, 8, "released, its costs")
    assert full["memory_gb"] == 2 and full["steps"] == 6 and full["spread"] == 0
    assert full["floor_share"] == pytest.approx(0.5) and full["bound"] == "arithmetic"
    assert half["floor_share"] == pytest.approx(0.25)


def test_previews_are_charged_to_the_steps_between_them(fake_children: Any) -> None:
    _, full = found("released-costs", "full")["rows"]
    every = {p["every"]: p for p in full["previews"]}
    assert every[1]["busy_seconds"] == 3 and every[5]["busy_seconds"] == pytest.approx(1.4)
    assert every[10]["ratio"] == pytest.approx(8.2 / 1.2)


def test_latents_are_compared_as_shares_of_their_way(fake_children: Any) -> None:
    full, nudged = found("full", "auto")["same"]
    assert (full["one"], full["other"], full["updates"]) == ("ours, full map", "ours", 50)
    assert full["difference"] == pytest.approx(0.01 / 5)
    assert (nudged["other"], nudged["difference"]) == ("another start", 0)


def test_a_row_that_fails_leaves_a_note_and_the_others_stay(fake_children: Any) -> None:
    fake_children.failing = "released-costs"
    result = found("released-costs", "full")
    assert [row["row"] for row in result["rows"]] == ["full"]
    assert result["notes"] == ["released, its costs, tiny: its memory ran out"]
    assert result["rows"][0]["ratio"] is None


def test_the_command_prints_tables_and_writes_the_same_rows(
    fake_children: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--points", "1", "--mask", "no", "--rows", "released-costs", "full", "auto"]
    assert speed.run_command(arguments(*words, "--json", str(tmp_path / "rows.json"))) == 0
    printed = capsys.readouterr().out
    assert "ours, full map" in printed and "every 5" in printed and "same answer" in printed
    read = json.loads((tmp_path / "rows.json").read_text())
    assert [row["row"] for row in read["rows"]] == ["released-costs", "full", "auto"]
    assert read["rows"][1]["ratio"] == 8 and len(read["rows"][1]["samples"]) == 6
    assert read["peaks"]["gigabytes"] == 20 and read["same"][0]["updates"] == 50
    assert "median" in read["counted"]["cpu_seconds"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--rows", "fastest"], "no row called 'fastest'"),
        (["--rows", "released-code"], "only be timed where it lies"),
        (["--reference", "nowhere"], "nowhere is no checkout of the released DragGAN code"),
        (["--device", "abacus"], "no device 'abacus' here"),
        (["--points", "9"], "no drag of 9 points"),
        (["--rounds", "0"], "counted from 1"),
        (["--preview", "0"], "counted from 1"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(words: list[str], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        speed.run_command(arguments(*words))


def test_every_row_can_be_dragged_counted_and_shown(tiny_file: str) -> None:
    for contender in CONTENDERS[1:]:
        session = Session(Job(contender.name, Setting(tiny_file, 2, False)))
        taken = session.time(steps=2, seconds=0, warm_up=1, previews=1)
        assert len(taken["steps"]) == 2 and len(taken["previews"]) == 1
        assert taken["memory"] > 10**7 and taken["updates"] == 3
        assert session.begin(session.start, 1.0).preview().shape == (32, 32, 3)
        assert session.count()["gflop"] > 0


def test_every_turn_takes_the_same_way_as_a_plain_drag(tiny_file: str) -> None:
    session = Session(Job("full", Setting(tiny_file, 1, True)))
    generator = speed_worker.open_network(tiny_file)
    options = replace(PRESETS["default"], steps=4, windows="never")
    scene = session.scene
    *_, last = drag(
        generator, session.start, scene.handles, scene.targets, mask=scene.mask, options=options
    )
    for _ in range(2):
        taken = session.time(steps=3, seconds=0, warm_up=1, previews=0)
        latent = torch.tensor(taken["latent"]).view_as(last.ws)
        torch.testing.assert_close(latent, last.ws)


def test_a_walk_takes_small_steps_from_a_start_that_can_be_nudged(tiny_file: str) -> None:
    session = Session(Job("auto", Setting(tiny_file, 1, False)))
    start = session.start.flatten()
    quick = torch.tensor(session.time(steps=3, seconds=0, warm_up=0, previews=0)["latent"]) - start
    slow, nudged = (torch.tensor(session.walk(3, nudge)["latent"]) - start for nudge in (0.0, 0.1))
    assert 0.1 < slow.norm() / quick.norm() < 0.5
    torch.testing.assert_close(nudged.norm(), 0.1 * start.norm(), rtol=0.2, atol=0)


def test_a_drag_that_ends_is_begun_again(tiny_file: str) -> None:
    session = Session(Job("full", Setting(tiny_file, 1, False)))

    class Short:
        ended = False

        def step(self) -> None:
            assert not self.ended
            self.ended = True

        def preview(self) -> Any: ...

        def latent(self) -> torch.Tensor:
            return session.start

    session.begin = lambda ws, rate: Short()
    taken = session.time(steps=3, seconds=0, warm_up=0, previews=0)
    assert len(taken["steps"]) == 3 and taken["restarts"] == 2
    assert session.walk(steps=9)["updates"] == 1


def test_handles_lie_on_pixel_centres_far_from_their_targets() -> None:
    scene = make_scene(Setting("any", 5, True), 512, 512)
    handles, targets = torch.tensor(scene.handles), torch.tensor(scene.targets)
    assert len(handles) == 5 and bool((handles % 1 == 0.5).all() and (targets % 1 == 0.5).all())
    assert (handles - targets).norm(dim=1).min() > 0.35 * 512
    assert scene.mask is not None and 0.3 < scene.mask.mean() < 0.6
    assert all(scene.mask[int(y), int(x)] == 1 for x, y in scene.handles)


def test_a_random_network_holds_no_zeros_and_is_always_the_same() -> None:
    first, second = random_network(16).state_dict(), random_network(16).state_dict()
    assert all(torch.equal(a, second[name]) for name, a in first.items())
    assert all(a.any() for a in first.values())
    with pytest.raises(BadInput, match="500 px"):
        random_network(500)


def test_counted_arithmetic_includes_the_backward_pass() -> None:
    a, b = torch.randn(8, 16, requires_grad=True), torch.randn(16, 32)
    once = 2 * 8 * 16 * 32 / 1e9
    assert count(lambda: a @ b).gflop == pytest.approx(once)
    work = count(lambda: (a @ b).sum().backward())
    assert work.gflop == pytest.approx(2 * once)
    assert work.operators > 2 and work.gigabytes > 4 * (8 * 16 + 16 * 32 + 8 * 32) / 1e9


def test_convolutions_of_packed_weights_are_counted_like_any_other(tiny_file: str) -> None:
    generator = speed_worker.open_network(tiny_file)
    ws = generator.sample([1]).requires_grad_(True)
    path = generator.prepare(ws.detach(), 32, rows=8)
    centres = torch.zeros(0, 2)
    path.features(ws, centres)
    plain = count(lambda: generator.features(ws, 32).map.sum().backward()).gflop
    prepared = count(lambda: path.features(ws, centres).map.sum().backward()).gflop
    assert prepared == pytest.approx(plain, rel=0.1)


def test_the_least_time_is_that_of_the_rows_own_precision() -> None:
    assert PEAKS.least(Work(50, 2, 1), "float32") == (0.5, 0.1)
    assert PEAKS.least(Work(50, 8, 1), "bfloat16") == (0.25, 0.4)


def test_the_released_code_is_run_in_a_process_of_its_own(tiny_file: str, checkout: Path) -> None:
    child = Child(Job("released-code", Setting(tiny_file, 1, True), reference=str(checkout)))
    try:
        assert set(child.ready["stand_ins"]) <= set(released_code.UNUSED)
        taken = child.ask({"do": "time", "steps": 2, "seconds": 0, "warm_up": 1, "previews": 1})
    finally:
        child.close()
    moved = torch.tensor(taken["latent"]) - torch.tensor(child.ready["start"])
    rows = moved.view(8, 16)
    torch.testing.assert_close(rows[:6], torch.full((6, 16), 0.03))
    assert not rows[6:].any()


def test_a_checkout_that_cannot_be_imported_is_refused_in_a_sentence(
    tiny_file: str, checkout: Path
) -> None:
    (checkout / "viz/renderer.py").write_text("import a_module_that_nobody_has")
    with pytest.raises(BadInput, match="cannot be run here: No module named"):
        Child(Job("released-code", Setting(tiny_file, 1, False), reference=str(checkout)))


def test_a_network_that_the_released_code_cannot_build_is_refused(
    tiny_generator: StyleGAN2Generator,
) -> None:
    checkout = released_code.Checkout(renderer=None, generator=None, stand_ins=())
    with pytest.raises(BadInput, match="cannot build a network of this shape"):
        released_code.released_generator(checkout, tiny_generator.network)


def test_a_process_that_dies_is_told_from_a_fault(tiny_file: str) -> None:
    child = Child(Job("full", Setting(tiny_file, 1, False)))
    with pytest.raises(ChildFailed, match="TypeError"):
        child.ask({"do": "time", "nonsense": 1})
    with pytest.raises(ChildFailed):
        child.ask({"do": "count"})
    child.close()


def test_options_of_ours_differ_only_in_how_they_compute() -> None:
    ours = [c.options for c in find_contenders(["full", "windowed", "auto"], reference=False)]
    assert all(
        replace(options, windows="auto", precision="float32") == DragOptions() for options in ours
    )
