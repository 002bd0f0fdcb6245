"""`draggand` as a process: starting, answering, ending, and the words it has for mishaps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
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
    State,
    Stop,
)

from draggan.checkpoint import save_network
from draggan.stylegan2_generator import StyleGAN2Generator

from .edit_stage import FakeCanvas

COMMAND = [sys.executable, "-m", "draggan_daemon"]
PATIENCE = 30.0


def environment(tmp_path: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("DRAGGAND_")}
    return {**own, **{f"XDG_{name}_HOME": str(tmp_path) for name in ("CONFIG", "DATA", "CACHE")}}


class Draggand:
    """A daemon process and its socket."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.socket = tmp_path / "run" / "d.sock"
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = [] if arguments[0] in ("models", "--version") else ["--endpoint", self.endpoint]
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

    def serve(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--device", "cpu", "--endpoint", self.endpoint, *arguments],
            env=environment(self.folder),
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


def test_tcp_is_refused_with_a_sentence(draggand: Draggand) -> None:
    done = subprocess.run(
        [*COMMAND, "serve", "--endpoint", "tcp://127.0.0.1:5555"],
        env=environment(draggand.folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 78 and "local sockets only" in done.stderr


def test_models_and_version_need_no_daemon(draggand: Draggand) -> None:
    assert "critters" in draggand.run("models").stdout
    assert draggand.run("--version").stdout.startswith("draggand ")


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
    process = draggand.serve()
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

    # The daemon dies and comes back without any session: the edit goes on from what was saved.
    process.kill()
    process.wait()
    desk.poll_until(lambda: client.welcome is None)
    draggand.serve()
    desk.poll_until(lambda: client.welcome is not None and not edit.last)
    desk.drag(at=1)
    assert edit.status.step > 1 and len(desk.canvas.results) == 2
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
