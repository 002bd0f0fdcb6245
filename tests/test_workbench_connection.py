"""The connection that all edits share: its state in words, its models, the button that starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.krita_daemon import GONE, MODEL, Daemon, client, errors, messages
from tests.krita_plugin import load

M = messages
connection_module = load("draggan_wire.workbench.connection")
REFUSED = client.Refused(errors.WrongProtocol("Another version.", hint="Update it."))


class Started:
    """A daemon process that was started."""

    def __init__(self) -> None:
        self.trouble: Any = None

    def check(self) -> Any:
        return self.trouble


class Scene:
    """A connection with what is behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, address: str = "") -> None:
        self.now = 100.0
        self.command: Any = ["/usr/bin/draggand"]
        self.started: list[Any] = []
        self.process = Started()
        self.unstartable: Any = None
        monkeypatch.setattr(connection_module, "Client", Daemon)
        monkeypatch.setattr(connection_module, "find_command", lambda folder, env: self.command)
        monkeypatch.setattr(connection_module, "start_daemon", self._start)
        self.connection = connection_module.Connection(
            address, name="krita-plugin 1", plugin_folder=Path("plugin"), clock=lambda: self.now
        )

    def _start(self, command: Any) -> Any:
        if self.unstartable:
            raise self.unstartable
        self.started.append(command)
        return self.process

    @property
    def daemon(self) -> Any:
        return self.connection._client

    @property
    def view(self) -> Any:
        return self.connection.view

    def connect(self) -> None:
        self.daemon.connect()
        self.connection.poll()

    def lose(self, event: Any = GONE) -> None:
        self.daemon.lose(event)
        self.connection.poll()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch, "tcp://studio:5571")


def test_at_first_it_looks_for_the_daemon(scene: Scene) -> None:
    assert scene.view.state == "connecting" and "Looking for" in scene.view.sentence
    assert not scene.view.can_start
    assert (scene.daemon.address, scene.daemon.name) == (None, "krita-plugin 1")


def test_once_connected_it_says_with_whom(scene: Scene, far: Scene) -> None:
    scene.connect()
    assert scene.view.state == "connected"
    assert scene.view.sentence == "Connected to the daemon on this computer."
    assert scene.connection.models == (MODEL,)
    assert scene.connection.daemon == "draggand 1.0, CPU"
    far.connect()
    assert far.daemon.address == "tcp://studio:5571"
    assert far.view.sentence == "Connected to tcp://studio:5571."


def test_without_a_daemon_on_this_computer_one_can_be_started(scene: Scene) -> None:
    scene.lose()
    view = scene.view
    assert (view.state, view.sentence, view.hint) == (
        "lost",
        "No daemon runs on this computer.",
        "Click 'Start local daemon'.",
    )
    assert view.can_start


def test_where_a_relay_answers_no_daemon_is_to_be_started_here(scene: Scene) -> None:
    sentence = "No daemon answers at box:7417."
    scene.lose(client.Lost(M.Error("no_daemon", sentence, "Check the computer.").exception()))
    view = scene.view
    assert (view.state, view.sentence, view.hint) == ("lost", sentence, "Check the computer.")
    assert not view.can_start


def test_a_daemon_elsewhere_cannot_be_started_from_here(far: Scene) -> None:
    far.lose()
    assert far.view.state == "lost" and not far.view.can_start


def test_a_refusal_is_told_and_starting_another_would_not_help(scene: Scene) -> None:
    scene.lose(REFUSED)
    assert (scene.view.state, scene.view.sentence) == ("refused", "Another version.")
    assert not scene.view.can_start


def test_it_comes_back_by_itself(scene: Scene) -> None:
    scene.connect()
    scene.lose()
    scene.connect()
    assert scene.view.state == "connected" and scene.view.hint == ""


def test_every_line_hears_of_the_connection(scene: Scene) -> None:
    first, second = scene.connection.line(), scene.connection.line()
    scene.connect()
    assert len(first.poll()) == len(second.poll()) == 1


# Starting one.


def test_the_daemon_that_is_installed_is_started(scene: Scene) -> None:
    scene.lose()
    scene.connection.start_daemon()
    assert scene.started == [["/usr/bin/draggand"]]
    assert (scene.view.state, scene.view.can_start) == ("starting", False)


def test_while_it_starts_nobody_is_told_that_nobody_answers(scene: Scene) -> None:
    scene.connection.start_daemon()
    scene.lose()
    assert scene.view.state == "starting"
    scene.connect()
    assert scene.view.state == "connected"
    scene.lose()
    assert scene.view.state == "lost" and scene.view.can_start


def test_a_daemon_that_does_not_come_up_says_why(scene: Scene) -> None:
    scene.connection.start_daemon()
    scene.process.trouble = errors.NoDaemon("It ended at once.", hint="Its last words: no torch.")
    scene.connection.poll()
    view = scene.view
    assert (view.state, view.sentence, view.can_start) == ("lost", "It ended at once.", True)
    assert "last words" in view.hint


def test_where_none_is_installed_there_is_a_remedy(scene: Scene) -> None:
    scene.command = None
    scene.connection.start_daemon()
    assert scene.view.sentence == "No daemon is installed on this computer."
    assert "manual" in scene.view.hint and scene.started == []


@pytest.mark.parametrize(
    ("name", "value"), [("FLATPAK_ID", "org.gimp.GIMP"), ("SNAP_NAME", "krita")]
)
def test_from_a_sandbox_none_can_be_started_but_by_hand(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    scene.command = None
    scene.connection.start_daemon()
    assert "sandbox" in scene.view.sentence and "draggand serve" in scene.view.hint


def test_one_that_cannot_be_started_says_why(scene: Scene) -> None:
    scene.unstartable = errors.AccessRefused("The folder is another user's.", hint="Remove it.")
    scene.connection.start_daemon()
    assert scene.view.sentence == "The folder is another user's." and scene.view.can_start


# Models.


def models_asked_for(scene: Scene) -> int:
    return len(scene.daemon.said(M.ListModels))


def test_models_that_are_imported_meanwhile_appear_by_themselves(scene: Scene) -> None:
    scene.connect()
    assert models_asked_for(scene) == 0
    scene.now += connection_module.REFRESH_MODELS + 1
    scene.connection.poll()
    scene.connection.poll()
    assert models_asked_for(scene) == 1
    more = (MODEL, M.ModelInfo("faces", "Faces", 512, 512))
    scene.daemon.say(M.ModelList(more), to=M.ListModels)
    scene.connection.poll()
    assert scene.connection.models == more


def test_without_a_connection_nobody_asks_for_models(scene: Scene) -> None:
    scene.now += 10 * connection_module.REFRESH_MODELS
    scene.connection.poll()
    assert scene.daemon.sent == []


def test_closing_ends_the_client(scene: Scene) -> None:
    scene.connection.close()
    assert scene.daemon.closed
