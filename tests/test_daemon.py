"""`draggand` as a process: starting, answering, ending, and the words it has for mishaps."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from draggan_daemon.cli import program
from draggan_wire.client import Client, Connected, Event
from draggan_wire.edit import Edit, EditOptions
from draggan_wire.exchange import Exchange
from draggan_wire.messages import (
    Closed,
    Credit,
    Done,
    Drag,
    DragSettings,
    Envelope,
    Error,
    Frame,
    Image,
    Open,
    Opened,
    Ping,
    Pong,
    Progress,
    Ready,
    Seek,
    State,
    Stop,
)

from draggan.checkpoint import save_network
from draggan.stylegan2_generator import StyleGAN2Generator

from .edit_stage import FakeCanvas

needs_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
COMMAND = [sys.executable, "-m", "draggan_daemon"]
PATIENCE = 30.0
_FOLDERS = ("CONFIG", "DATA", "CACHE", "STATE")


def environment(tmp_path: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("DRAGGAND_")}
    return {**own, **{f"XDG_{name}_HOME": str(tmp_path) for name in _FOLDERS}}


class Draggand:
    """A daemon process and its socket."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.socket = tmp_path / "run" / "d.sock"
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        without = ("models", "--version", "config")
        where = [] if arguments[0] in without else ["--endpoint", self.endpoint]
        return subprocess.run(
            [*COMMAND, *arguments, *where],
            env=environment(self.folder),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.socket}"

    def settings(self, text: str) -> None:
        """The user's own file."""
        folder = self.folder / "draggand"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "config.toml").write_text(text)

    def serve(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--device", "cpu", "--endpoint", self.endpoint, *arguments],
            env={**environment(self.folder), **variables},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def client(self) -> Client:
        """A client that has been welcomed."""
        client = Client(self.endpoint, name="test")
        hear(client, lambda event: isinstance(event, Connected))
        return client

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


def hear(client: Client, wanted: Callable[[Event], bool], *, seconds: float = PATIENCE) -> Event:
    """The first event that is wanted; those before it are dropped."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for event in client.poll(0.1):
            if wanted(event):
                return event
    raise AssertionError("nothing of the kind was heard")


def answer_to(client: Client, number: int) -> object:
    event = hear(client, lambda e: isinstance(e, Envelope) and e.re == number)
    assert isinstance(event, Envelope)
    return event.message


def soon(reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.02)
    return reached()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def draggand(tmp_path: Path) -> Iterator[Draggand]:
    daemon = Draggand(tmp_path)
    yield daemon
    daemon.end()


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


# What an administrator does.


@needs_toml
def test_the_settings_in_force_are_shown_with_their_origin_and_checked(draggand: Draggand) -> None:
    assert "the defaults hold" in draggand.run("config", "check").stdout
    draggand.settings("threads = 3\n[journal]\nkeep = '2h'\n")
    shown = draggand.run("config", "show").stdout
    assert "[journal]" in shown and "threads = 3" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("keep")]
    assert 'keep = "2h"' in line and "config.toml" in line
    assert "can be used" in draggand.run("config", "check").stdout
    draggand.settings("[journal]\nkepe = '2h'\n")
    done = draggand.run("config", "check")
    assert done.returncode == 78 and "Did you mean 'journal.keep'?" in done.stderr


def test_any_setting_can_be_given_on_the_command_line(draggand: Draggand) -> None:
    for assignment, words in (("log.level=loud", "debug, info"), ("nothing", "sets nothing")):
        done = draggand.run("serve", "--set", assignment)
        assert done.returncode in (2, 78) and words in done.stderr
    draggand.serve("--set", "limits.max_sessions=3")
    client = draggand.client()
    assert client.welcome is not None and client.welcome.limits.max_sessions == 3
    client.close()


def test_status_and_sessions_tell_what_the_daemon_does(draggand: Draggand) -> None:
    draggand.serve()
    talk = Talk(draggand.client())
    assert draggand.run("sessions").stdout == "no session is open\n"
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    assert isinstance(opened, Opened)
    (row,) = json.loads(draggand.run("sessions", "--json").stdout)
    assert (row["session"], row["model"], row["attached"]) == (opened.session, "critters", True)
    head, line = draggand.run("sessions").stdout.splitlines()
    assert head.startswith("SESSION") and opened.session in line and "128 x 128" in line
    facts = json.loads(draggand.run("status", "--json").stdout)
    assert facts["sessions"] == 1 and facts["workers"][0]["sessions"] == 1
    assert facts["journal"]["trouble"] is None
    told = draggand.run("status").stdout
    for words in ("1 open", "cpu (process", str(draggand.folder / "draggand" / "journal")):
        assert words in told
    talk.client.close()


@needs_toml
def test_reload_changes_what_can_be_changed_and_refuses_nonsense(draggand: Draggand) -> None:
    process = draggand.serve("--set", "log.level=debug")
    draggand.client().close()
    draggand.settings("lease = '2h'\nthreads = 9\n[limits]\nmax_sessions = 2\n")
    assert draggand.run("reload").returncode == 0
    client = draggand.client()
    assert client.welcome is not None and client.welcome.limits.max_sessions == 2
    draggand.settings("leash = '2h'\n")
    refused = draggand.run("reload")
    assert refused.returncode == 78 and "Did you mean 'lease'?" in refused.stderr
    assert isinstance(answer_to(client, client.send(Ping())), Pong)
    client.close()
    process.terminate()
    log = process.communicate(timeout=PATIENCE)[1]
    assert "with the next start only: threads" in log


@needs_toml
def test_the_hangup_signal_reads_the_settings_again(draggand: Draggand) -> None:
    process = draggand.serve()
    client = draggand.client()
    for text, words in (
        ("[limits]\nmax_sessions = 2\n", "have been read again"),
        ("nonsense = 1\n", "stay as they are"),
    ):
        draggand.settings(text)
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        assert any(words in line for line in iter(process.stderr.readline, ""))
    assert isinstance(answer_to(client, client.send(Ping())), Pong)
    client.close()


def test_a_terminal_that_is_closed_ends_the_daemon_in_it(draggand: Draggand) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--device", "cpu", "--endpoint", draggand.endpoint],
        env=environment(draggand.folder),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
    )
    os.close(theirs)
    try:
        draggand.client().close()
        os.close(ours)
        assert process.wait(PATIENCE) == 0
        assert not draggand.socket.exists()
    finally:
        process.kill()
        process.wait()


def test_drained_it_takes_nothing_new_and_ends(draggand: Draggand) -> None:
    process = draggand.serve()
    talk = Talk(draggand.client())
    done = draggand.run("drain")
    assert done.returncode == 0 and "takes nothing new" in done.stdout
    refused = talk.until(Error, re=talk.send(Open("critters", seed=1)))
    assert isinstance(refused, Error) and refused.code == "busy"
    assert process.wait(PATIENCE) == 0
    talk.client.close()


def test_a_second_signal_ends_it_at_once(draggand: Draggand) -> None:
    process = draggand.serve()
    talk = Talk(draggand.client())
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    assert isinstance(opened, Opened)
    far = Drag(opened.session, ((60, 60),), ((0, 0),), settings=DragSettings(steps=10_000))
    talk.until(State, re=talk.send(far))
    (worker,) = json.loads(draggand.run("status", "--json").stdout)["workers"]
    os.kill(worker["pid"], signal.SIGSTOP)  # its step will not come to an end
    begin = time.monotonic()
    process.terminate()
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    process.wait(PATIENCE)
    assert time.monotonic() - begin < 3
    talk.client.close()
    assert soon(lambda: not Path(f"/proc/{worker['pid']}").exists()), "its worker lives on"


def test_the_log_file_has_the_lines_of_the_worker_too(draggand: Draggand) -> None:
    file = draggand.folder / "logs" / "d.log"
    process = draggand.serve("--set", f"log.file={file}", "--set", "log.format=json")
    talk = Talk(draggand.client())
    talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    talk.client.close()
    process.terminate()
    assert process.communicate(timeout=PATIENCE)[1] == ""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {"draggand", "draggand.engine"} <= {row["logger"] for row in rows}
    assert not [row for row in rows if row["level"] in ("warning", "error")]


def test_nobody_is_listened_to_from_elsewhere_before_somebody_may_come(draggand: Draggand) -> None:
    done = draggand.run("serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 78 and "no address to listen at" in done.stderr
    done = draggand.run("serve", "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode == 78 and "draggand invite NAME" in done.stderr
    assert not draggand.socket.exists()


def test_with_an_invitation_it_listens_and_shows_by_which_key(draggand: Draggand) -> None:
    port = free_port()
    subprocess.run(
        [*COMMAND, "invite", "anna", "--host", f"127.0.0.1:{port}"],
        env=environment(draggand.folder),
        capture_output=True,
        check=True,
    )
    process = draggand.serve("--listen", f"127.0.0.1:{port}")
    draggand.client().close()
    told = draggand.run("status").stdout
    assert f"tcp://127.0.0.1:{port}" in told
    process.terminate()
    log = process.communicate(timeout=PATIENCE)[1]
    shown = next(word for word in log.split() if word.startswith("SHA256:"))
    facts = json.loads(draggand.run("doctor", "--quick", "--json").stdout)
    assert facts["works"] and len(shown) == 50


def test_a_port_that_is_taken_is_said_and_worth_another_try(draggand: Draggand) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = draggand.run("serve", "--set", f"loopback.port={port}")
    assert done.returncode == 75 and "Another program listens" in done.stderr
    assert not draggand.socket.exists()


def test_other_programs_find_the_daemon_by_its_connection_file(draggand: Draggand) -> None:
    process = draggand.serve("--set", "loopback.port=-1")
    draggand.client().close()
    file = draggand.socket.with_name("connection.json")
    assert soon(file.exists)
    facts = json.loads(file.read_text())
    assert facts["pid"] == process.pid and draggand.endpoint in facts["endpoints"]
    assert file.stat().st_mode & 0o777 == 0o600
    told = json.loads(draggand.run("status", "--json").stdout)
    assert facts["token"] not in json.dumps(told)
    process.terminate()
    log = process.communicate(timeout=PATIENCE)[1]
    assert facts["token"] not in log and not file.exists()


def test_a_journal_that_cannot_be_kept_is_no_reason_not_to_serve(draggand: Draggand) -> None:
    (draggand.folder / "draggand").mkdir(mode=0o700)
    (draggand.folder / "draggand" / "journal").write_text("in the way")
    process = draggand.serve()
    draggand.client().close()
    assert "none: what is not saved ends with the daemon" in draggand.run("status").stdout
    process.terminate()
    assert "sessions will end with the daemon" in process.communicate(timeout=PATIENCE)[1]
    place = draggand.folder / "draggand" / "journal" / "x"
    done = draggand.run("serve", "--set", f"journal.folder={place}")  # asked for by name
    assert done.returncode == 78 and str(place) in done.stderr


def test_systemd_hears_that_it_is_ready_alive_and_ending(draggand: Draggand) -> None:
    place = draggand.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(place))
        systemd.settimeout(PATIENCE)
        process = draggand.serve(NOTIFY_SOCKET=str(place), WATCHDOG_USEC="2000000")
        heard = [systemd.recv(4096).decode()]
        while not heard[-1].startswith("READY=1"):
            heard.append(systemd.recv(4096).decode())
        assert f"MAINPID={process.pid}" in heard[-1] and draggand.endpoint in heard[-1]
        draggand.client().close()  # ready means that it answers
        assert systemd.recv(4096) == b"WATCHDOG=1" and systemd.recv(4096) == b"WATCHDOG=1"
        process.send_signal(signal.SIGSTOP)
        systemd.settimeout(2.5)
        with pytest.raises(TimeoutError):  # who does not run gives no sign of life
            while True:
                systemd.recv(4096)
        process.send_signal(signal.SIGCONT)
        process.terminate()
        systemd.settimeout(PATIENCE)
        while not systemd.recv(4096).startswith(b"STOPPING=1"):
            pass
        assert process.wait(PATIENCE) == 0


# With the real engine and the embedded model.


class Talk:
    """A client that remembers all it hears."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[Envelope] = []

    def send(self, message: object) -> int:
        return self.client.send(message)  # type: ignore[arg-type]

    def until(self, kind: type, *, re: int | None = None, seconds: float = 120.0) -> object:
        deadline = time.monotonic() + seconds
        seen = 0
        while time.monotonic() < deadline:
            for envelope in self.heard[seen:]:
                seen += 1
                assert kind is Error or not isinstance(envelope.message, Error), envelope.message
                if isinstance(envelope.message, kind) and re in (None, envelope.re):
                    return envelope.message
            self.heard += [e for e in self.client.poll(0.1) if isinstance(e, Envelope)]
        raise AssertionError(f"no {kind.__name__} came")

    def frames(self, kind: str, request: int) -> list[Frame]:
        mine = [e.message for e in self.heard if e.re == request]
        return [m for m in mine if isinstance(m, Frame) and m.kind == kind]


@pytest.mark.slow
def test_a_seed_is_dragged_through_the_real_engine(draggand: Draggand) -> None:
    draggand.serve()
    talk = Talk(draggand.client())
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    assert isinstance(opened, Opened) and opened.width == opened.height
    talk.until(Ready)
    talk.send(Credit(opened.session, 8))
    side = opened.width
    drag = Drag(
        opened.session,
        ((side * 0.5, side * 0.6),),
        ((side * 0.6, side * 0.6),),
        settings=DragSettings(steps=6),
        preview_every_ms=0,
        preview_max_side=64,
        keep_every=3,
    )
    request = talk.send(drag)
    done = talk.until(Done, re=request)
    assert isinstance(done, Done) and 0 < done.steps <= 6
    assert talk.frames("preview", request)[0].image.width == 64
    assert [frame.step for frame in talk.frames("kept", request)][:1] == [3]
    assert talk.frames("result", request)[0].image.width == side

    # A long drag: ping and stop are answered while a step computes.
    request = talk.send(replace(drag, settings=DragSettings(steps=10_000), targets=((0, 0),)))
    talk.until(State, re=request)
    talk.until(Pong, re=talk.send(Ping()))
    talk.until(State, re=talk.send(Stop(opened.session)))
    done = talk.until(Done, re=request)
    assert isinstance(done, Done) and done.reason == "stopped"
    talk.client.close()


@pytest.mark.slow
def test_an_opening_of_the_default_model_can_be_stopped(draggand: Draggand) -> None:
    draggand.serve()
    talk = Talk(draggand.client())
    picture = Image("rgb8", 40, 30, bytes(range(240)) * 15)
    request = talk.send(Open("critters", image=picture))
    opened = talk.until(Opened, re=request)
    assert isinstance(opened, Opened) and (opened.width, opened.height) == (40, 30)
    talk.until(Progress, re=request)
    talk.send(Stop(opened.session))
    closed = talk.until(Closed, re=request)
    assert isinstance(closed, Closed) and closed.reason == "stopped"
    talk.client.close()


@pytest.mark.slow
def test_a_picture_is_opened_and_the_end_delivers_its_drag(
    draggand: Draggand, tiny_generator: StyleGAN2Generator
) -> None:
    models = draggand.folder / "draggan" / "models"
    models.mkdir(parents=True)
    save_network(tiny_generator.network, models / "tiny.safetensors", metadata={})
    process = draggand.serve("--set", "journal.enabled=false")
    talk = Talk(draggand.client())
    picture = Image("bgra8", 30, 40, bytes(range(240)) * 20)
    opened = talk.until(Opened, re=talk.send(Open("tiny", image=picture, quality="fast")))
    ready = talk.until(Ready)
    assert isinstance(ready, Ready) and ready.psnr is not None and ready.verdict
    assert isinstance(opened, Opened)
    drag = Drag(opened.session, ((9, 9),), ((29, 39),), settings=DragSettings(steps=10_000))
    request = talk.send(drag)
    talk.until(State, re=request)
    # SIGTERM in the middle: the step is finished, the result delivered, the session closed.
    process.terminate()
    talk.until(Done, re=request)
    (result,) = talk.frames("result", request)
    assert (result.image.format, result.image.width, result.image.height) == ("bgra8", 30, 40)
    closed = talk.until(Closed)
    assert isinstance(closed, Closed) and closed.reason == "shutdown"
    assert process.wait(PATIENCE) == 0
    talk.client.close()


@pytest.mark.slow
def test_a_session_outlives_its_daemon(draggand: Draggand) -> None:
    process = draggand.serve()
    talk = Talk(draggand.client())
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    assert isinstance(opened, Opened)
    drag = Drag(opened.session, ((60, 60),), ((90, 60),), settings=DragSettings(steps=3))
    request = talk.send(drag)
    talk.until(Done, re=request)
    (result,) = talk.frames("result", request)
    process.terminate()
    assert process.wait(PATIENCE) == 0
    draggand.serve()
    again = hear(talk.client, lambda event: isinstance(event, Connected))
    assert isinstance(again, Connected) and again.welcome.resumed == (opened.session,)
    for step, same in ((1, False), (3, True)):
        request = talk.send(Seek(opened.session, step))
        talk.until(Frame, re=request)
        (frame,) = talk.frames("result", request)
        assert (bytes(frame.image.data) == bytes(result.image.data)) is same
    talk.client.close()


# The edit flow on the real engine.


class Desk:
    """One edit on a line of an exchange, and its document in memory."""

    def __init__(self, exchange: Exchange, picture: Image) -> None:
        self.canvas = FakeCanvas()
        self.canvas.image = picture
        self.canvas.handles = [((9.0, 9.0), (20.0, 12.0))]
        self.exchange = exchange
        self.edit = Edit(exchange.line(), self.canvas)

    def poll_until(self, reached: Callable[[], object], *, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, self.edit.status
            self.exchange.poll()
            self.edit.poll()
            time.sleep(0.005)

    def drag(self, *, at: int | None = None) -> None:
        self.edit.start(self.options, at=at)
        self.poll_until(lambda: not self.edit.busy)
        assert self.edit.status.state == "done", self.edit.status

    @property
    def options(self) -> EditOptions:
        settings = DragSettings(steps=4)
        return EditOptions(model="tiny", quality="fast", settings=settings, preview_every_ms=0)

    def result(self) -> Image:
        return self.canvas.results[-1][0]


@pytest.mark.slow
def test_the_steps_of_an_edit_are_looked_at_fetched_and_reopened(
    draggand: Draggand, tiny_generator: StyleGAN2Generator
) -> None:
    models = draggand.folder / "draggan" / "models"
    models.mkdir(parents=True)
    save_network(tiny_generator.network, models / "tiny.safetensors", metadata={})
    process = draggand.serve()
    client = draggand.client()
    exchange = Exchange(client)
    picture = Image("bgra8", 30, 40, bytes(range(240)) * 20)
    desk = Desk(exchange, picture)
    desk.drag()
    edit, last = desk.edit, desk.edit.last
    desk.poll_until(lambda: edit.saved_step == last)
    assert 0 < last <= 4 and desk.canvas.changed[-1] is not None

    edit.look(1)
    desk.poll_until(lambda: edit.status.message == f"Step 1 of {last}.")
    assert desk.canvas.preview is not None and len(edit.status.points) == 1

    frames: list[Frame] = []
    edit.fetch([0, last], frames.append)
    desk.poll_until(lambda: len(frames) == 2)
    assert bytes(frames[0].image.data) == bytes(picture.data)
    assert bytes(frames[1].image.data) == bytes(desk.result().data)

    # Another day, another document: the very same pixels come back.
    data = edit.saved
    assert data is not None
    again = Desk(exchange, picture)
    again.edit.restore(again.options, data)
    again.poll_until(lambda: not again.edit.busy)
    assert again.edit.status.message == "The edit is open again."
    assert (again.edit.status.step, again.edit.last) == (last, last)
    assert again.canvas.preview is not None
    assert bytes(again.canvas.preview.data) == bytes(desk.result().data)
    again.drag(at=1)
    assert again.edit.status.step > 1
    again.edit.close()

    # The daemon is killed and comes back: its journal has the edit.
    process.kill()
    process.wait()
    desk.poll_until(lambda: client.welcome is None)
    process = draggand.serve()
    desk.poll_until(lambda: client.welcome is not None)
    desk.drag(at=1)
    assert edit.status.step > 1 and len(desk.canvas.results) == 2

    # The journal is lost as well: the edit goes on from what was saved.
    desk.poll_until(lambda: edit.saved_step == edit.last)
    process.kill()
    process.wait()
    desk.poll_until(lambda: client.welcome is None)
    shutil.rmtree(draggand.folder / "draggand" / "journal")
    draggand.serve()
    desk.poll_until(lambda: client.welcome is not None and not edit.last)
    desk.drag(at=1)
    assert edit.status.step > 1 and len(desk.canvas.results) == 3
    client.close()


@pytest.mark.slow
def test_a_picture_is_opened_ahead_given_up_for_another_or_made_up(
    draggand: Draggand, tiny_generator: StyleGAN2Generator
) -> None:
    models = draggand.folder / "draggan" / "models"
    models.mkdir(parents=True)
    save_network(tiny_generator.network, models / "tiny.safetensors", metadata={})
    draggand.serve()
    client = draggand.client()
    desk = Desk(Exchange(client), Image("bgra8", 30, 40, bytes(range(240)) * 20))
    edit, read = desk.edit, "The model has read the picture."
    edit.prepare(desk.options)
    desk.poll_until(lambda: edit.status.message == read)
    assert edit.status.fit is not None and not edit.busy

    desk.drag()  # the same picture: nothing is opened
    assert edit.last > 0

    desk.canvas.image = Image("bgra8", 30, 40, bytes(reversed(range(240))) * 20)
    edit.prepare(desk.options)
    desk.poll_until(lambda: edit.status.message != "Sending the picture...")
    desk.canvas.image = Image("bgra8", 30, 40, b"\x80" * 4800)
    desk.drag()  # what is still being opened gives way
    assert len(desk.canvas.results) == 2

    desk.canvas.image = Image("rgb8", 32, 32, bytes(3 * 32 * 32))
    edit.start(replace(desk.options, seed=5))
    desk.poll_until(lambda: not edit.busy)
    assert edit.status.state == "done", edit.status
    assert (desk.result().width, desk.result().height) == (32, 32)
    client.close()
