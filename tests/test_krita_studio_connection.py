"""The studio's connection: another address, another daemon, and what the documents keep then."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.krita_daemon import GONE, Daemon, frame
from tests.krita_plugin import load
from tests.krita_scene import HEIGHT, LINE, WIDTH, HandleLine, grey
from tests.krita_studio_scene import WAY, Desk, M, Scene

studio_module = load("studio")
connection_module = load("draggan_wire.workbench.connection")


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(studio_module, "Desk", Desk)
    monkeypatch.setattr(connection_module, "Client", Daemon)
    scene = Scene()
    scene.wake()
    return scene


def test_another_address_is_another_connection(scene: Scene) -> None:
    first = scene.daemon
    scene.studio.change(replace(scene.studio.settings, address="tcp://studio:5571"))
    assert first.closed
    assert scene.daemon is not first and scene.daemon.address == "tcp://studio:5571"
    assert scene.studio.connection.state == "connecting"
    scene.daemon.connect()
    scene.tick()
    assert scene.studio.connection.sentence == "Connected to tcp://studio:5571."


def test_handles_survive_another_address_and_are_dragged_there(scene: Scene) -> None:
    scene.place(LINE)
    scene.studio.change(replace(scene.studio.settings, address="tcp://studio:5571"))
    scene.daemon.connect()
    scene.tick()
    scene.studio.drag_or_stop()
    assert len(scene.daemon.said(M.Open)) == 1


def test_an_address_that_is_none_is_refused_until_another_comes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "Client", load("draggan_wire.client").Client)
    scene.studio.change(replace(scene.studio.settings, address="nonsense://x y"))
    for _ in range(3):
        scene.tick()
    view = scene.studio.connection
    assert view.state == "refused" and "'nonsense://x y' is not understood" in view.sentence
    monkeypatch.setattr(connection_module, "Client", Daemon)
    scene.studio.change(replace(scene.studio.settings, address=""))
    scene.daemon.connect()
    scene.tick()
    assert scene.studio.connection.state == "connected" and scene.studio.edit.state == "idle"


def test_other_settings_leave_the_connection_alone(scene: Scene) -> None:
    first = scene.daemon
    scene.studio.change(replace(scene.studio.settings, quality="best"))
    assert scene.daemon is first and first.open


def test_the_connection_can_be_made_anew(scene: Scene) -> None:
    first = scene.daemon
    scene.studio.reconnect()
    assert first.closed and scene.daemon is not first


def test_the_daemon_of_this_computer_is_started(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(
        connection_module, "find_command", lambda folder, environment: started.append(folder)
    )
    scene.daemon.lose(GONE)
    scene.tick()
    assert scene.studio.connection.can_start
    scene.studio.start_daemon()
    assert len(started) == 1 and (started[0] / "studio.py").is_file()
    assert "No daemon is installed" in scene.studio.connection.sentence


# What becomes of the edits.


def reconnect(scene: Scene, how: str) -> Any:
    """By the button or by another address; returns the client of before."""
    before = scene.daemon
    if how == "button":
        scene.studio.reconnect()
    else:
        scene.studio.change(replace(scene.studio.settings, address="tcp://studio:5571"))
    scene.daemon.connect()
    scene.tick()
    return before


@pytest.fixture(params=["button", "address"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_sessions_are_given_back_before_the_client_is_closed(scene: Scene, how: str) -> None:
    scene.drag()
    before = reconnect(scene, how)
    assert before.closed and before.said_before_the_end[-1] == M.Close("s")


def test_a_drag_that_is_under_way_ends_and_its_preview_is_gone(scene: Scene, how: str) -> None:
    shown = scene.raw.seen()
    scene.begin()
    scene.answer(frame("preview", 2, grey(50), WAY), to=M.Drag)
    assert scene.raw.seen() != shown
    before = reconnect(scene, how)
    assert before.closed and M.Close("s") in before.said_before_the_end
    assert scene.studio.edit.state == "idle" and not scene.studio.busy
    assert scene.raw.seen() == shown and list(scene.raw.tree()) == ["Background"]
    assert scene.desk.handles.lines == (LINE,)


def test_the_next_drag_opens_what_the_document_shows(scene: Scene, how: str) -> None:
    scene.drag()
    reconnect(scene, how)
    assert scene.desk.handles.lines == (HandleLine(WAY, LINE.target),)
    assert scene.studio.edit.last == 0 and scene.studio.thumbnail_steps() == ()
    scene.studio.drag_or_stop()
    (opening,) = scene.daemon.said(M.Open)
    assert bytes(opening.image.data) == scene.raw.seen() == bytes(grey(70).data)


def test_an_edit_that_the_document_carries_can_be_reopened_there(scene: Scene, how: str) -> None:
    scene.drag()
    assert not scene.studio.edit.can_reopen
    reconnect(scene, how)
    assert scene.studio.edit.can_reopen
    scene.studio.reopen()
    (opening,) = scene.daemon.said(M.Open)
    assert bytes(opening.saved.data) == b"saved at 3"


def test_without_a_result_there_is_nothing_to_reopen(scene: Scene, how: str) -> None:
    scene.begin()
    reconnect(scene, how)
    assert not scene.studio.edit.can_reopen


def test_edits_of_other_documents_go_along(scene: Scene, how: str) -> None:
    scene.drag()
    scene.krita.open(WIDTH, HEIGHT)
    scene.tick()
    before = reconnect(scene, how)
    assert before.closed and before.said_before_the_end[-1] == M.Close("s")
    scene.krita.turn_to(scene.raw)
    scene.tick()
    assert scene.studio.edit.can_reopen and len(scene.studio.edit.handles) == 1
    scene.studio.drag_or_stop()
    assert len(scene.daemon.said(M.Open)) == 1


def test_a_tunnel_that_takes_its_time_to_close_keeps_nobody_waiting(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, over = threading.Event(), threading.Event()

    def close() -> None:
        may_end.wait(5.0)
        over.set()

    monkeypatch.setattr(scene.daemon, "close", close)
    reconnect(scene, "button")
    assert not over.is_set() and scene.studio.connection.state == "connected"
    may_end.set()
    assert over.wait(5.0)


def test_reopening_takes_over_the_settings_of_then(scene: Scene) -> None:
    scene.drag()
    reconnect(scene, "button")
    scene.studio.change(replace(scene.studio.settings, quality="best", region="auto"))
    scene.studio.reopen()
    assert scene.studio.settings.quality == scene.daemon.said(M.Open)[0].quality != "best"
    assert scene.studio.settings.region == "whole"
    assert scene.krita.settings["draggan", "region"] == "whole"


def test_the_daemon_may_send_jpeg(scene: Scene) -> None:
    assert scene.daemon.jpeg is load("pictures").decode_jpeg
