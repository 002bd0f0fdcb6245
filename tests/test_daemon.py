"""`draggand` as a process: starting, answering, ending, and the words it has for mishaps."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from draggan_daemon.cli import program
from draggan_wire.messages import (
    Ping,
    Pong,
)

from .draggand_process import COMMAND, PATIENCE, Draggand, answer_to, environment


def test_the_front_door_is_there_soon_and_small(draggand: Draggand) -> None:
    begin = time.monotonic()
    process = draggand.serve()
    client = draggand.client()
    assert time.monotonic() - begin < 5  # 1 s is the aim; a loaded machine needs air
    assert isinstance(answer_to(client, client.send(Ping())), Pong)
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        resident = next(line for line in status.read_text().splitlines() if "VmRSS" in line)
        assert int(resident.split()[1]) < 100_000
        assert "torch" not in Path(f"/proc/{process.pid}/maps").read_text()
    client.close()


def test_status_names_the_daemon_and_stop_ends_it(draggand: Draggand) -> None:
    process = draggand.serve()
    draggand.client().close()
    facts = json.loads(draggand.run("status", "--json").stdout)
    assert facts["answering"] and facts["process"] == process.pid
    assert facts["protocol"] == 1 and facts["models"]
    assert "answers at" in draggand.run("status").stdout
    assert draggand.run("stop").returncode == 0
    assert process.wait(PATIENCE) == 0
    assert not draggand.socket.exists()


def test_without_a_daemon_status_and_stop_say_so(draggand: Draggand) -> None:
    for command in (["status"], ["stop"], ["status", "--json"]):
        done = draggand.run(*command)
        assert done.returncode == 69
        assert "Traceback" not in done.stderr and (done.stderr or done.stdout)


def test_a_second_daemon_is_refused_and_the_first_goes_on(draggand: Draggand) -> None:
    draggand.serve()
    client = draggand.client()
    second = draggand.run("serve")
    assert second.returncode == 69 and "already answers" in second.stderr
    assert isinstance(answer_to(client, client.send(Ping())), Pong)
    client.close()


def test_a_killed_daemons_socket_does_not_stand_in_the_way(draggand: Draggand) -> None:
    first = draggand.serve()
    draggand.client().close()
    first.kill()
    first.wait()
    assert draggand.socket.exists()
    draggand.serve()
    draggand.client().close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(draggand: Draggand, number: signal.Signals) -> None:
    process = draggand.serve()
    draggand.client().close()
    process.send_signal(number)
    _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and "Traceback" not in log
    assert not draggand.socket.exists()


def test_an_ephemeral_daemon_ends_when_nobody_comes(draggand: Draggand) -> None:
    process = draggand.serve("--ephemeral", "--idle-exit", "0.5s")
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["serve", "--device", "tpu"], 78, "no device"),
        (["serve", "--idle-exit", "soon"], 78, "no length of time"),
        (["serve", "--config", "/nowhere/at/all.toml"], 78, "all.toml"),
        (["dance"], 2, "dance"),
    ],
)
def test_mistakes_have_a_sentence_and_a_code(
    draggand: Draggand, arguments: list[str], code: int, words: str
) -> None:
    done = draggand.run(*arguments)
    assert done.returncode == code and words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_local_socket_is_no_place_for_tcp(draggand: Draggand) -> None:
    done = subprocess.run(
        [*COMMAND, "serve", "--endpoint", "tcp://127.0.0.1:5555"],
        env=environment(draggand.folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 78 and "local sockets only" in done.stderr


def test_models_and_version_need_no_daemon(draggand: Draggand) -> None:
    assert "critters" in draggand.run("models").stdout
    version = draggand.run("--version").stdout
    for part in ("draggand ", "protocol 1", "pyzmq ", "libzmq ", "torch "):
        assert part in version


def test_every_command_explains_itself_and_loads_no_other(draggand: Draggand) -> None:
    told = draggand.run("--help").stdout
    for name in program._COMMANDS:
        assert f"\n    {name}" in told
    code = (
        "import sys; from draggan_daemon.cli import main; main(['config', 'check'])\n"
        "heavy = {'zmq', 'sqlite3', 'torch', 'draggan_wire.client', 'draggan_daemon.door'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(draggand.folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_fault_of_the_program_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("draggan_daemon.cli.models._run", fail)
    assert program.main(["models"]) == 70
    told = capsys.readouterr().err
    assert "fault of the program: ZeroDivisionError('oh')" in told and "Traceback" not in told
