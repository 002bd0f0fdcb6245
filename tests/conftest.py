"""Options, and fixtures that several test modules share: small networks, and daemons."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from draggan_daemon.engine import TorchEngine

from draggan.checkpoint import save_network
from draggan.stylegan2 import Architecture, StyleGAN2
from draggan.stylegan2_generator import StyleGAN2Generator

from .draggand_process import Draggand
from .hasty import hasten

torch.set_num_threads(1)  # the networks are tiny: more threads would only wait for each other


def pytest_addoption(parser: pytest.Parser) -> None:
    """Of tests/faults: how long and how often they try."""
    group = parser.getgroup("faults")
    group.addoption("--soak", type=float, default=5.0, help="seconds of the soak test")
    group.addoption("--fuzz-messages", type=int, default=30_000, help="mutated messages to send")
    group.addoption("--fuzz-seconds", type=float, default=12.0, help="for at most so long")
    group.addoption("--kills", type=int, default=4, help="kill -9 of daemon and of worker, each")


@pytest.fixture(autouse=True, scope="session")
def _no_state_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What daemons that tests start keep goes where the tests' own files go: journals, and what
    pictures were found to be."""
    for name in ("STATE", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = str(tmp_path_factory.mktemp(name.lower()))


@pytest.fixture(autouse=True)
def _no_log_outlives_its_test() -> Iterator[None]:
    """A command that ran in this process has begun one, on a stream that is closed by then."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.setLevel(level)
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler and handler not in before:
            root.removeHandler(handler)


def random_stylegan2(architecture: Architecture, *, seed: int = 0) -> StyleGAN2:
    """A network in which nothing is zero: noise strengths, biases and w_avg are random too."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = StyleGAN2(architecture)
        for name, tensor in network.state_dict().items():
            if name.endswith(("bias", "noise_strength", "w_avg")):
                tensor.add_(torch.randn_like(tensor), alpha=0.1)
    return network


@pytest.fixture
def draggand(tmp_path: Path) -> Iterator[Draggand]:
    """A daemon that is not started yet, with a user's folders of its own."""
    daemon = Draggand(tmp_path)
    yield daemon
    daemon.end()


@pytest.fixture
def tiny_generator() -> StyleGAN2Generator:
    """A random 32 px StyleGAN2: w_dim 16, 8 rows of W+, blocks 4, 8, 16 and 32."""
    architecture = Architecture(
        channels=(16, 16, 12, 8), z_dim=16, w_dim=16, mapping_layers=2, mapping_lr=0.1
    )
    return StyleGAN2Generator(random_stylegan2(architecture), name="tiny")


@pytest.fixture
def engine(
    tiny_generator: StyleGAN2Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> TorchEngine:
    """An engine whose user has one model, `tiny`, and little patience."""
    hasten(monkeypatch)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "draggan" / "models"
    folder.mkdir(parents=True)
    card = {"title": "Tiny", "licence": "none", "summary": "random"}
    save_network(tiny_generator.network, folder / "tiny.safetensors", metadata=card)
    return TorchEngine(device="cpu", threads=1)
