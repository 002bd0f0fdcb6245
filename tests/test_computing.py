"""What the settings make of the worker, in this process and in one of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from draggan_daemon import child_process, computing
from draggan_daemon.config import Config, InversionSettings, WorkerSettings
from draggan_daemon.engine import TorchEngine
from draggan_daemon.in_process import InProcessWorker

SMALL = replace(Config(), inversions=InversionSettings(max_bytes=12345), device=("cpu",))


def test_what_may_be_kept_of_pictures_reaches_an_engine_in_a_thread() -> None:
    config = replace(SMALL, worker=WorkerSettings(isolation="thread"))
    worker = computing.make_worker(config)
    assert isinstance(worker, InProcessWorker) and isinstance(worker._engine, TorchEngine)
    assert worker._engine._inversion_bytes == 12345
    worker.end()
    while not worker.ended():
        pass
    worker.release()


def test_what_may_be_kept_of_pictures_reaches_an_engine_in_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(
        computing, "ChildWorker", lambda command, **how: commands.append(list(command))
    )
    computing.make_worker(SMALL)
    (command,) = commands
    (at,) = (i for i, word in enumerate(command) if word == "-c")
    made: list[dict[str, object]] = []
    monkeypatch.setattr(child_process, "begin", lambda options: Child())
    monkeypatch.setattr(
        "draggan_daemon.engine.TorchEngine",
        lambda **how: made.append(how) or Idle(),  # type: ignore[func-returns-value]
    )
    words = ["child", *command[at + 2 :], "--fd", "1", "--parent", "2", "--level", "3"]
    monkeypatch.setattr("sys.argv", words)
    child_process.main()
    assert made[0]["inversion_bytes"] == 12345


class Child:
    def run(self, make_engine) -> None:  # type: ignore[no-untyped-def]
        make_engine()


class Idle:
    def warm_up(self) -> None:
        pass
