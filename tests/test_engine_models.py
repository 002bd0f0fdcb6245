"""Models in memory: loaded once, and let go of step by step when nobody uses them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from draggan_daemon.engine import IdleTimes, TorchEngine
from draggan_daemon.engine.loaded_models import LoadedModels
from draggan_wire.messages import Frame, Open, Seek

from draggan.checkpoint import save_network
from draggan.stylegan2_generator import StyleGAN2Generator
from tests.engine_stage import GO, RGB, messages, open_seed

TIMES = IdleTimes(gpu=600, memory=1800)


@pytest.fixture
def loads(engine: TorchEngine, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", "draggand.engine")
    return caplog


def test_a_model_without_a_session_leaves_memory_in_time(loads: pytest.LogCaptureFixture) -> None:
    engine = TorchEngine(device="cpu", threads=1, idle=TIMES)
    first = open_seed(engine)
    engine.idle(0)
    engine.close("a")
    engine.idle(1)
    engine.idle(1799)
    open_seed(engine)
    engine.close("a")
    assert loads.text.count("loaded tiny") == 1
    engine.idle(1800)  # counted from its last use
    engine.idle(3599)
    assert "has left memory" not in loads.text
    engine.idle(3600)
    assert loads.text.count("tiny has left memory") == 1
    assert open_seed(engine).image == first.image and loads.text.count("loaded tiny") == 2


def test_a_model_with_a_session_stays_however_long(loads: pytest.LogCaptureFixture) -> None:
    engine = TorchEngine(device="cpu", threads=1, idle=TIMES)
    open_seed(engine)
    for now in (0, 2000, 4000, 1e6):
        engine.idle(now)
    open_seed(engine, "b")
    assert loads.text.count("loaded tiny") == 1 and "has left" not in loads.text


def test_nothing_to_look_after_is_no_trouble() -> None:
    TorchEngine(device="cpu", threads=1).idle(5.0)


def test_an_engine_loads_torch_when_it_is_told_to_and_not_before() -> None:
    code = (
        "import sys, os; from draggan_daemon.engine import TorchEngine\n"
        "engine = TorchEngine(device='cpu', threads=1); engine.idle(0); engine.close('a')\n"
        "assert 'torch' not in sys.modules and os.environ['GOMP_SPINCOUNT']\n"
        "engine.warm_up(); assert 'torch' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Placed:
    """A generator of which only the place is known."""

    device: torch.device

    def to(self, *, device: str) -> Placed:
        return Placed(torch.device(device))


@pytest.fixture
def on_gpu(engine: TorchEngine, monkeypatch: pytest.MonkeyPatch) -> LoadedModels:
    """Models on a device that is only said to be there."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(
        "draggan.checkpoint.load_generator", lambda name, device: Placed(torch.device(device))
    )
    return LoadedModels(wanted="auto", threads=0, idle=TIMES)


def place(models: LoadedModels) -> str:
    return models._models["tiny"].generator.device.type


def test_a_model_nobody_uses_leaves_the_gpu_and_comes_back(on_gpu: LoadedModels) -> None:
    generator = on_gpu.get("tiny").generator
    on_gpu.rest(0, [generator])
    on_gpu.rest(100, [])
    on_gpu.rest(599, [])
    assert place(on_gpu) == "cuda"
    on_gpu.rest(600, [])
    assert place(on_gpu) == "cpu"
    assert on_gpu.get("tiny").generator.device.type == "cuda"
    on_gpu.rest(700, [])
    assert place(on_gpu) == "cuda"  # its time begins anew
    on_gpu.rest(2500, [])
    assert on_gpu._models == {}


def test_in_need_what_nobody_uses_leaves_the_gpu_at_once(on_gpu: LoadedModels) -> None:
    generator = on_gpu.get("tiny").generator
    on_gpu.put_aside([generator])
    assert place(on_gpu) == "cuda"
    on_gpu.put_aside([])
    assert place(on_gpu) == "cpu"


def test_a_model_in_an_opening_is_in_use(
    engine: TorchEngine, loads: pytest.LogCaptureFixture
) -> None:
    job = engine.open("a", Open("tiny", image=RGB, quality="fast"), GO)
    next(job)
    engine.idle(0)
    engine.idle(5000)
    messages(job)
    open_seed(engine, "b")
    assert loads.text.count("loaded tiny") == 1 and "has left" not in loads.text


def test_a_session_whose_models_file_was_replaced_keeps_its_own(
    engine: TorchEngine, tmp_path: Path, tiny_generator: StyleGAN2Generator
) -> None:
    first = open_seed(engine)
    path = tmp_path / "draggan" / "models" / "tiny.safetensors"
    save_network(tiny_generator.network, path, metadata={"title": "Newer"})
    open_seed(engine, "b")
    engine.idle(0)
    engine.idle(5000)
    (again,) = messages(engine.seek(Seek("a", 0)))
    assert isinstance(again, Frame) and again.image == first.image
