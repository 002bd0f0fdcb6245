"""All of the plugin that is not drawn: verbs, documents, connections, and what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.krita_daemon import MODEL, Daemon, done, frame
from tests.krita_plugin import load
from tests.krita_scene import HEIGHT, LINE, WIDTH, HandleLine, grey
from tests.krita_studio_scene import WAY, Desk, M, Scene

diary = load("draggan_wire.workbench.diary")
studio_module = load("studio")
connection_module = load("draggan_wire.workbench.connection")


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Nobody has opened the docker yet."""
    monkeypatch.setattr(studio_module, "Desk", Desk)
    monkeypatch.setattr(connection_module, "Client", Daemon)
    return Scene()


@pytest.fixture
def scene(asleep: Scene) -> Scene:
    asleep.wake()
    return asleep


# Waking and connecting.


def test_until_the_docker_is_shown_nothing_is_connected(asleep: Scene) -> None:
    assert asleep.studio._connection is None
    assert asleep.studio.connection.state == "connecting" and asleep.studio.models == ()
    assert not asleep.studio._timer.isActive()


def test_waking_connects_once(asleep: Scene) -> None:
    asleep.studio.wake()
    assert asleep.studio._timer.isActive()
    first = asleep.daemon
    asleep.studio.wake()
    assert asleep.daemon is first and first.name == "krita-plugin 9.9"
    asleep.studio.end()
    assert first.closed and not asleep.studio._timer.isActive()


def test_the_docker_sees_connection_models_and_edit(scene: Scene) -> None:
    assert scene.studio.connection.state == "connected"
    assert scene.studio.models == (MODEL,)
    assert scene.studio.edit.state == "idle" and not scene.studio.busy


def test_without_a_document_it_says_what_to_do(scene: Scene) -> None:
    scene.krita.turn_to(None)
    scene.tick()
    assert scene.studio.edit.state == "none"
    assert scene.studio.edit.message == "Open a picture to begin."
    for verb in ("drag_or_stop", "keep_step", "reopen", "take_vector_lines", "export_animation"):
        getattr(scene.studio, verb)()
    assert scene.studio.edit.state == "none"


def test_changes_are_told_and_only_changes(scene: Scene) -> None:
    before = scene.told
    scene.tick()
    assert scene.told == before
    scene.place(LINE)
    assert scene.told == before + 1


# A drag from the docker.


def test_from_the_button_to_the_layer(scene: Scene) -> None:
    scene.begin()
    assert scene.studio.busy and scene.studio.edit.state == "dragging"
    scene.answer(frame("preview", 2, grey(50), WAY), to=M.Drag)
    assert scene.desk.drawn.points == (WAY,)
    assert scene.studio.thumbnail_steps() == (2,)
    scene.answer(frame("result", 3, grey(70), WAY), done(3), to=M.Drag)
    assert scene.studio.edit.state == "done" and not scene.studio.busy
    assert scene.raw.tree()["DragGAN"] == {"DragGAN critters, step 3": {}}
    assert scene.studio.thumbnail(3).pixelColor(3, 3).red() == 70


def test_steps_are_looked_at_and_kept(scene: Scene) -> None:
    scene.drag()
    scene.studio.step_by(-1)
    scene.answer(frame("sought", 2, grey(60), (9.0, 5.0)), to=M.Seek)
    assert scene.studio.edit.step == 2
    assert list(scene.desk.painted.values()) == [grey(60)]
    scene.studio.keep_step()
    scene.answer(frame("sought", 2, grey(60), (9.0, 5.0)), to=M.Seek)
    assert "DragGAN, step 2" in scene.raw.tree()["DragGAN"]


def test_handles_are_deleted(scene: Scene) -> None:
    scene.place(LINE, HandleLine((1.0, 1.0), (9.0, 9.0)))
    scene.desk.handles.select(0)
    scene.studio.delete_handle()
    assert scene.desk.handles.lines == (HandleLine((1.0, 1.0), (9.0, 9.0)),)
    scene.studio.clear_handles()
    assert scene.desk.handles.lines == () and scene.studio.edit.handles == ()


def test_handles_are_taken_from_a_vector_layer(scene: Scene) -> None:
    layer = scene.raw.createNode("Lines", "vectorlayer")
    layer.svgs = ['<path transform="translate(4, 4)" d="M0 0L20 0"/>']
    scene.raw.rootNode().addChildNode(layer, None)
    scene.studio.take_vector_lines()
    assert "no vector layer" in scene.studio.edit.message
    scene.raw.setActiveNode(layer)
    scene.studio.take_vector_lines()
    assert scene.desk.handles.lines == (HandleLine((4.0, 4.0), (24.0, 4.0)),)


def test_placing_says_how_until_there_is_a_handle(scene: Scene) -> None:
    scene.studio.place(True)
    assert scene.studio.placing and len(scene.krita.floating) == 1
    scene.studio.place(False)
    scene.place(LINE)
    scene.studio.place(True)
    assert len(scene.krita.floating) == 1


def test_while_handles_are_placed_the_picture_is_opened_once(scene: Scene) -> None:
    scene.studio.change(replace(scene.studio.settings, region="whole"))
    scene.tick()
    assert scene.daemon.said(M.Open) == []
    scene.studio.place(True)
    for _ in range(3):
        scene.tick()
    assert len(scene.daemon.said(M.Open)) == 1 and not scene.studio.busy
    scene.studio.change(replace(scene.studio.settings, angle=20.0))
    scene.tick()
    assert [opening.angle for opening in scene.daemon.said(M.Open)] == [0.0, 20.0]


def test_another_way_to_paste_shows_the_step_anew_over_the_canvas(scene: Scene) -> None:
    scene.drag()
    key = scene.studio._current.document.key
    assert scene.desk.painted.get(key) is None
    scene.studio.change(replace(scene.studio.settings, paste="all"))
    seek = scene.daemon.said(M.Seek)[-1]
    assert (seek.step, seek.paste) == (scene.studio.edit.step, M.Pasting("all"))
    assert "Keep step makes a layer of it." in scene.studio.edit.message
    scene.daemon.say(frame("sought", seek.step, grey(90)), to=M.Seek)
    scene.tick()
    assert scene.desk.painted[key] is not None


def test_what_the_pointer_could_not_do_is_said(scene: Scene) -> None:
    scene.desk.changed("There are 64 handles already.")
    assert scene.studio.edit.message == "There are 64 handles already."


def test_the_box_is_drawn_where_it_is_wanted(scene: Scene) -> None:
    scene.begin()
    assert scene.desk.drawn.box == (0, 0, WIDTH, HEIGHT)
    scene.studio.change(replace(scene.studio.settings, show_box=False))
    assert scene.desk.drawn.box is None


# One thing after the other.


def test_verbs_during_a_tick_wait_for_their_turn(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.place(LINE)
    seen: list[int] = []
    read = type(scene.raw).waitForDone

    def wait_while_events_come_in(raw: Any) -> None:
        """Krita lets other events in while it waits."""
        if not seen:
            seen.append(len(scene.desk.handles.lines))
            scene.studio.clear_handles()
            scene.studio.tick()
            seen.append(len(scene.desk.handles.lines))
        read(raw)

    monkeypatch.setattr(type(scene.raw), "waitForDone", wait_while_events_come_in)
    scene.studio.drag_or_stop()
    assert seen == [1, 1]
    assert scene.desk.handles.lines == () and scene.daemon.said(M.Open)


def test_a_tick_inside_of_a_tick_does_nothing(scene: Scene) -> None:
    depth: list[int] = []

    def listen() -> None:
        raise AssertionError("told in the middle of a tick")

    def poll() -> list[Any]:
        depth.append(1)
        scene.studio.on_change(listen)
        scene.studio.tick()
        scene.studio._listeners.remove(listen)
        return []

    scene.daemon.poll = poll
    scene.tick()
    assert depth == [1]


def test_it_looks_more_often_while_something_moves(scene: Scene) -> None:
    timer = scene.studio._timer
    scene.tick()
    assert timer.interval() == studio_module.LAZY
    scene.begin()
    assert timer.interval() == studio_module.QUICK
    scene.studio.drag_or_stop()
    scene.answer(frame("result", 3, grey(70), WAY), done(3, reason="stopped"), to=M.Drag)
    assert timer.interval() == studio_module.LAZY


# Several documents.


def test_each_document_has_an_edit_of_its_own(scene: Scene) -> None:
    scene.place(LINE)
    other = scene.krita.open(WIDTH, HEIGHT)
    scene.tick()
    assert scene.desk.handles.lines == () and scene.studio.edit.handles == ()
    scene.place(LINE, LINE)
    scene.krita.turn_to(scene.raw)
    scene.tick()
    assert len(scene.studio.edit.handles) == 1
    scene.krita.turn_to(other)
    scene.tick()
    assert len(scene.studio.edit.handles) == 2


def test_a_drag_goes_on_in_a_document_that_is_not_active(scene: Scene) -> None:
    scene.begin()
    scene.krita.open(WIDTH, HEIGHT)
    scene.answer(frame("result", 3, grey(70), WAY), done(3), to=M.Drag)
    assert "DragGAN" in scene.raw.tree() and scene.studio.edit.state == "idle"


def test_a_document_that_is_closed_is_forgotten(scene: Scene) -> None:
    scene.drag()
    (key,) = scene.studio._edits
    scene.raw.close()
    scene.studio.tick()
    assert scene.studio._edits == {} and scene.desk.forgotten == [key]
    assert scene.daemon.said(M.Close) == [M.Close("s")]
    assert scene.studio.edit.state == "none"
    assert scene.krita.documents() == []  # nor is anything hidden left open


def test_a_document_that_is_closed_in_mid_drag_is_forgotten(scene: Scene) -> None:
    scene.begin()
    scene.answer(frame("preview", 2, grey(50), WAY), to=M.Drag)
    scene.raw.close()
    scene.answer(frame("preview", 3, grey(60), WAY), to=M.Drag)
    assert scene.studio._edits == {} and not scene.studio.busy
    assert scene.studio.connection.state == "connected"


# What goes wrong.


def test_an_exception_becomes_a_sentence(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(document: Any) -> None:
        raise RuntimeError("wrapped C/C++ object has been deleted")

    scene.place(LINE)
    with monkeypatch.context() as patch:
        patch.setattr(type(scene.raw), "waitForDone", fail)
        scene.studio.drag_or_stop()
    view = scene.studio.edit
    assert view.state == "failed" and "RuntimeError" in view.message
    assert "diagnostics" in view.hint
    assert "Traceback" not in view.message and "Traceback" in scene.studio.report()
    scene.studio.drag_or_stop()
    assert scene.studio.edit.state == "opening"


def test_what_one_wish_fails_at_does_not_keep_the_next_from_being_granted(scene: Scene) -> None:
    scene.studio._wishes.append(lambda: scene.studio._current.handles.select(99))
    scene.tick()
    assert scene.studio.edit.state == "failed"
    scene.place(LINE)
    assert scene.studio.edit.handles == ("placed",)


def test_a_refused_verb_says_why(scene: Scene) -> None:
    scene.studio.drag_or_stop()
    assert (scene.studio.edit.state, scene.studio.edit.message) == (
        "failed",
        "There are no handles.",
    )


# Settings and the end.


def test_settings_are_remembered_by_krita(scene: Scene) -> None:
    scene.studio.change(replace(scene.studio.settings, quality="best", steps=77))
    assert scene.krita.settings["draggan", "quality"] == "best"
    assert studio_module.Studio(version="9.9").settings == scene.studio.settings


def test_the_end_of_krita_gives_everything_back(scene: Scene) -> None:
    scene.drag()
    scene.studio.end()
    assert scene.daemon.said(M.Close) == [M.Close("s")] and scene.daemon.closed
    assert scene.krita.documents() == [scene.raw]


# The diagnostics.


def test_the_report_tells_what_helps_and_no_names(scene: Scene) -> None:
    secret = "tcp://anna:secret@studio:5571"
    scene.studio.change(replace(scene.studio.settings, address=secret))
    scene.daemon.connect()
    scene.tick()
    scene.raw.named("Background").setName("Portrait of a stranger")
    scene.begin()
    home = str(Path.home())
    scene.studio._current.tell(f"A file in {home}/pictures and /home/anna/x.kra.")
    scene.tick()
    report = scene.studio.report()
    for fact in ("9.9", "5.2.9", "draggand 1.0, CPU", "critters", f"{WIDTH} x {HEIGHT}", "RGBA/U8"):
        assert fact in report
    for name in ("anna", "secret", "Portrait", home + "/"):
        assert name not in report


def test_the_report_tells_the_last_messages_once(scene: Scene) -> None:
    scene.studio.drag_or_stop()
    for _ in range(5):
        scene.tick()
    assert scene.studio.report().count("There are no handles. Draw") == 1
    assert len(scene.studio._diary.messages) <= diary.MESSAGES
