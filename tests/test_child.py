"""A child that dies, hangs, talks nonsense or cannot start is replaced, and its door is told."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from draggan_daemon.child import ChildWorker
from draggan_daemon.keeper import Patience
from draggan_daemon.worker import Event, Snapshot, WorkerLost
from draggan_wire.errors import Busy, EngineFailed, UnknownSession
from draggan_wire.messages import Done, Drag, Error, Frame, Open, Ready, Seek

from .child_engine import ROOT, command
from .fake_engine import MODEL

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="children need Unix")

EMPTY = Snapshot(b"base", (), 0)
DRAG = Drag("a", ((1, 1),), ((3, 3),))


class Watched:
    """A child worker with all that it has said."""

    def __init__(self, worker: ChildWorker) -> None:
        self.worker = worker
        self.events: list[Event] = []
        self.losses: list[WorkerLost] = []

    def listen(self) -> None:
        for event in self.worker.events():
            if isinstance(event, WorkerLost):
                self.losses.append(event)
            else:
                self.events.append(event)

    def until(self, what: Callable[[], object], *, seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, (self.losses, self.events[-5:])
            time.sleep(0.005)
            self.listen()

    def heard(self, kind: type, session: str = "a") -> list:
        found = (e.message for e in self.events if e.session == session)
        return [message for message in found if isinstance(message, kind)]

    def open(self, session: str = "a") -> None:
        self.worker.open(session, Open("tiny", seed=1), 1)
        self.until(lambda: self.heard(Ready, session))

    @property
    def pid(self) -> int:
        self.until(lambda: self.worker.health()[0].pid)
        pid = self.worker.health()[0].pid
        assert pid is not None
        return pid

    def state(self) -> str:
        return self.worker.health()[0].state


Start = Callable[..., Watched]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Watched] = []

    def begin(
        how: Sequence[str] | None = None,
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        **engine: object,
    ) -> Watched:
        words = command(tmp_path / "counts.json", **engine) if how is None else how
        worker = ChildWorker(
            words, name="test", models=lambda: (MODEL,), patience=patience, clock=clock
        )
        started.append(Watched(worker))
        return started[-1]

    yield begin
    for watched in started:
        watched.worker.end()
        deadline = time.monotonic() + 5
        while not watched.worker.ended() and time.monotonic() < deadline:
            time.sleep(0.01)
        watched.worker.release()


def is_running(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children() -> list[str]:
    listed = subprocess.run(
        ["ps", "-o", "pid=,stat=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    return [line for line in listed.stdout.splitlines() if "ps -o" not in line]


# What becomes of the sessions.


def test_a_killed_child_is_replaced_and_the_culprit_named(start: Start) -> None:
    child = start(seconds=0.01, drag_steps=1000)
    child.open("a")
    child.open("b")
    child.worker.drag(DRAG, 2)
    child.until(lambda: child.worker.health()[0].state == "busy")
    before = child.pid
    os.kill(before, signal.SIGKILL)
    child.until(lambda: child.losses)
    (lost,) = child.losses
    assert sorted(lost.sessions) == ["a", "b"] and lost.culprit == "a"
    assert "SIGKILL" in lost.reason and lost.reason.endswith(".")
    assert not is_running(before)
    child.worker.restore("a", EMPTY, None)
    child.worker.seek(Seek("a", 3), 4)
    child.until(lambda: child.heard(Frame))
    assert child.pid != before and child.worker.health()[0].restarts == 1


def test_nobody_is_the_culprit_of_a_death_at_rest(start: Start) -> None:
    child = start()
    child.open()
    child.until(lambda: child.state() == "idle")
    time.sleep(0.1)
    os.kill(child.pid, signal.SIGKILL)
    child.until(lambda: child.losses)
    assert child.losses[0].culprit is None and child.losses[0].sessions == ("a",)


def test_a_lost_session_is_busy_until_it_is_restored_or_closed(start: Start) -> None:
    child = start()
    child.open("a")
    child.open("b")
    os.kill(child.pid, signal.SIGKILL)
    child.until(lambda: child.losses)
    with pytest.raises(Busy, match="brought back"):
        child.worker.drag(DRAG, 2)
    assert not child.worker.stop("a")
    child.worker.close("a")
    with pytest.raises(UnknownSession):
        child.worker.drag(DRAG, 2)
    child.worker.restore("b", EMPTY, None)
    child.worker.seek(Seek("b", 1), 3)
    child.until(lambda: child.heard(Frame, "b"))


def test_a_frozen_child_is_killed_after_its_time(start: Start) -> None:
    child = start(patience=Patience(hang_after=1.5), seconds=0.01, drag_steps=10_000)
    child.open()
    child.worker.drag(DRAG, 2)
    child.until(lambda: child.state() == "busy")
    before, begin = child.pid, time.monotonic()
    os.kill(before, signal.SIGSTOP)
    child.until(lambda: child.losses)
    assert 0.5 < time.monotonic() - begin < 8
    assert child.losses[0].culprit == "a" and "not heard of" in child.losses[0].reason
    assert not is_running(before)
    child.until(lambda: child.state() == "idle")


def test_a_daemon_that_was_stopped_itself_blames_nobody(start: Start) -> None:
    slept = [0.0]
    child = start(clock=lambda: time.monotonic() + slept[0], seconds=0.01, drag_steps=300)
    child.open()
    child.worker.drag(DRAG, 2)
    child.until(lambda: child.state() == "busy")
    slept[0] = 1000.0
    child.until(lambda: child.heard(Done))
    assert not child.losses


def test_a_turn_without_an_end_is_ended(start: Start) -> None:
    child = start(patience=Patience(longest_turn=1.2), seconds=0.0, drag_steps=10)
    child.open()
    slow = start(patience=Patience(longest_turn=1.2), seconds=60.0)
    slow.worker.open("a", Open("tiny", seed=1), 1)
    slow.until(lambda: slow.losses)
    assert slow.losses[0].culprit == "a" and "one turn" in slow.losses[0].reason
    child.worker.drag(DRAG, 2)
    child.until(lambda: child.heard(Done))
    assert not child.losses


def test_a_broken_device_ends_the_child(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    child = start(explode="poison")
    child.open()
    child.worker.drag(DRAG, 2)
    child.until(lambda: child.losses)
    assert "device had failed" in child.losses[0].reason and child.losses[0].culprit == "a"
    assert "The device is broken." in caplog.text
    child.open("c")


def test_a_child_that_is_not_needed_ends_and_comes_back(start: Start) -> None:
    child = start(patience=Patience(end_after=0.3))
    child.open()
    before = child.pid
    time.sleep(0.8)
    assert is_running(before)
    child.worker.close("a")
    child.until(lambda: child.state() == "stopped")
    assert not is_running(before) and not child.losses
    child.open("b")
    assert child.pid != before


# Children that are none.

_RUDE = """
import os, socket, sys, time
fd = int(sys.argv[sys.argv.index("--fd") + 1])
pipe = socket.socket(fileno=fd)
{what}
time.sleep(60)
"""


def rude(what: str) -> list[str]:
    return [sys.executable, "-c", _RUDE.format(what=what)]


@pytest.mark.parametrize(
    "what",
    [
        "pipe.sendall(b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n')",
        "pipe.sendall(b'DGP1' + b'\\xff' * 400)",
        "pipe.sendall(b'DGP1' + (1).to_bytes(4, 'little') + (1 << 40).to_bytes(8, 'little'))",
        "pipe.sendall(b'DGP1' + bytes([1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0xC1, 1, 2, 3]))",
        "pipe.sendall(b'DGP1' + bytes(4))",
        "pipe.close()",
    ],
)
def test_nonsense_on_the_pipe_ends_the_child(
    start: Start, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    child = start(rude(what))
    child.until(lambda: child.worker.health()[0].restarts >= 1)
    assert "had not even begun" in caplog.text


def test_random_bytes_never_end_the_keeper(start: Start) -> None:
    what = (
        "import random; r = random.Random(os.getpid())\n"
        "pipe.sendall(b'DGP1' + (2).to_bytes(4, 'little') + (9).to_bytes(8, 'little') * 2)\n"
        "pipe.sendall(r.randbytes(18))"
    )
    child = start(rude(what))
    child.until(lambda: child.worker.health()[0].restarts >= 3)
    assert child.state() == "starting"


def test_who_dies_at_start_is_tried_again_ever_more_slowly(start: Start) -> None:
    child = start([sys.executable, "-c", "raise SystemExit(3)"])
    child.worker.open("a", Open("tiny", seed=1), 1)
    child.worker.restore("b", EMPTY, None)
    child.until(lambda: child.heard(Error))
    (event,) = child.events
    assert event.ends_session and event.re == 1 and "as soon as it starts" in event.message.sentence
    with pytest.raises(EngineFailed, match="as soon as it starts"):
        child.worker.open("c", Open("tiny", seed=1), 2)
    time.sleep(1.0)
    assert child.worker.health()[0].restarts <= 4
    assert child.worker.health()[0].sessions == 1 and not child.losses


def test_what_was_asked_before_the_child_was_ready_waits_for_the_next(
    start: Start, tmp_path: Path
) -> None:
    again = command(tmp_path / "counts.json")
    once = (
        f"import os, sys; flag = {str(tmp_path / 'flag')!r}\n"
        f"if os.path.exists(flag): os.execv(sys.executable, {again!r} + sys.argv[1:])\n"
        "open(flag, 'w').close(); os.abort()"
    )
    child = start([sys.executable, "-c", once])
    child.open()
    assert child.worker.health()[0].restarts == 1 and not child.losses


def test_a_program_that_is_not_there_is_no_crash(start: Start) -> None:
    child = start(["/nowhere/python"])
    with contextlib.suppress(EngineFailed):  # if it has been tried twice before this is asked
        child.worker.open("a", Open("tiny", seed=1), 1)
        child.until(lambda: child.heard(Error))
    with pytest.raises(EngineFailed, match="ends as soon as it starts"):
        child.worker.open("b", Open("tiny", seed=1), 2)


# Parent and child.

_PARENT = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from draggan_daemon.child import ChildWorker
from draggan_wire.messages import Open, Drag, Ready
from tests.child_engine import command
worker = ChildWorker(command(Path({counts!r}), seconds=0.05, drag_steps=9999), name="t", models=())
worker.open("a", Open("tiny", seed=1), 1)
while not any(isinstance(e.message, Ready) for e in worker.events()): time.sleep(0.01)
worker.drag(Drag("a", ((1, 1),), ((3, 3),)), 2)
print(worker.health()[0].pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_child_dies_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    program = _PARENT.format(root=str(ROOT), counts=str(tmp_path / "counts.json"))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(how)
        parent.wait()
        deadline = time.monotonic() + 3
        while is_running(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_meant_for_the_daemon_do_not_touch_the_child(
    start: Start, number: signal.Signals
) -> None:
    child = start()
    child.open()
    before = child.pid
    os.kill(before, number)
    child.worker.drag(DRAG, 2)
    child.until(lambda: child.heard(Done))
    assert child.pid == before and not child.losses


def test_the_child_has_its_pipe_and_nothing_else_of_its_parents(
    start: Start, tmp_path: Path
) -> None:
    with open(tmp_path / "secret", "w") as secret:
        os.set_inheritable(secret.fileno(), True)
        child = start()
        child.open()
    folder = Path(f"/proc/{child.pid}/fd")
    open_ = [os.readlink(each) for each in folder.iterdir()]
    assert not any("secret" in name for name in open_)
    assert sum(name.startswith("socket:") for name in open_) == 3  # the pipe, and its own bell
    assert os.readlink(folder / "0") == "/dev/null"


def test_an_end_finishes_what_is_at_work(start: Start) -> None:
    child = start(seconds=0.02, drag_steps=10_000)
    child.open()
    child.worker.drag(DRAG, 2)
    child.until(lambda: child.state() == "busy")
    before = child.pid
    child.worker.end()
    child.until(lambda: child.worker.ended())
    child.listen()
    assert child.heard(Done)[0].reason == "stopped" and not child.losses
    assert not is_running(before)


def test_an_end_does_not_wait_for_a_child_that_starts(start: Start) -> None:
    child = start([sys.executable, "-c", "import time; time.sleep(60)"])
    child.until(lambda: child.pid)
    begin = time.monotonic()
    child.worker.end()
    child.until(lambda: child.worker.ended())
    assert time.monotonic() - begin < 2


def test_a_release_ends_what_does_not_end_by_itself(start: Start) -> None:
    child = start(seconds=60.0)
    child.worker.open("a", Open("tiny", seed=1), 1)
    child.until(lambda: child.state() == "busy")
    before = child.pid
    child.worker.end()
    child.worker.release()
    assert child.worker.ended() and not is_running(before)


@pytest.mark.slow
def test_after_thirty_random_kills_nothing_is_left_behind(start: Start) -> None:
    chance = random.Random(6)
    descriptors = len(os.listdir("/proc/self/fd"))
    child = start(seconds=0.003, drag_steps=100_000, opening_steps=2)
    child.open()
    child.worker.drag(DRAG, 2)
    for death in range(1, 31):
        if chance.random() < 0.8:  # else while it starts
            child.until(lambda: child.state() in ("idle", "busy"))
            time.sleep(chance.uniform(0.0, 0.12))
        os.kill(child.pid, chance.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT]))
        child.until(lambda: child.worker.health()[0].restarts >= death)  # noqa: B023
        child.listen()
        for lost in child.losses:
            if lost.sessions:
                assert lost.sessions == ("a",)
                child.worker.restore("a", Snapshot(b"base", (), 0, DRAG), 2)
        child.losses.clear()
    child.until(lambda: child.state() == "busy")
    assert child.worker.stop("a")
    child.until(lambda: child.heard(Done))
    child.worker.end()
    child.until(lambda: child.worker.ended())
    child.worker.release()
    assert len(os.listdir("/proc/self/fd")) <= descriptors
    assert not [line for line in children() if "child_engine" in line or "Z" in line.split()[1]]
