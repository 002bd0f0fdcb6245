"""One document's edit when its daemon is left for another one: what ends, and what stays."""

from __future__ import annotations

import pytest

from tests.krita_daemon import messages
from tests.krita_edit_stage import Stage
from tests.krita_scene import HEIGHT, LINE, WIDTH, HandleLine, grey

M = messages
WAY = (12.0, 6.0)
LEFT = HandleLine(WAY, LINE.target)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_what_was_under_way_is_over_and_its_preview_is_gone(stage: Stage) -> None:
    before = stage.raw.seen()
    stage.begin()
    stage.preview(2, 50, WAY)
    old = stage.daemon
    stage.reconnect()
    assert old.said(M.Close) == [M.Close("s")]
    assert stage.view.state == "idle" and stage.lines == (LINE,)
    assert stage.raw.seen() == before and list(stage.raw.tree()) == ["Background"]
    assert stage.painted[-1] is None


def test_what_the_old_daemon_still_says_is_not_heard(stage: Stage) -> None:
    stage.begin()
    old, exchange = stage.daemon, stage._exchange
    stage.reconnect()
    old.say(M.Error("engine_failed", "It went wrong.", "Try less."), to=M.Drag)
    exchange.poll()
    stage.poll()
    assert (stage.view.state, stage.view.message) == ("idle", "")


def test_the_next_drag_opens_what_the_document_shows(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.reconnect()
    assert stage.lines == (LEFT,) and stage.edit.timeline.seen == ()
    assert (stage.view.last, stage.edit.drawing(show_box=True).box) == (0, None)
    stage.press()
    assert bytes(stage.last(M.Open).image.data) == stage.raw.seen() == bytes(grey(70).data)
    assert stage.daemon.said(M.Seek) == []


def test_handles_follow_the_drag_on_the_new_daemon(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.reconnect()
    stage.begin(LEFT)
    stage.finish(2, 90, (16.0, 5.0))
    stage.save(2)
    assert stage.lines == (HandleLine((16.0, 5.0), LINE.target),)
    stage.edit.look(0)
    stage.sought(0, 70)
    assert stage.lines == (LEFT,)


def test_a_step_that_was_painted_over_the_canvas_is_gone(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.look(1)
    stage.sought(1, 50, (7.0, 5.0))
    assert stage.painted[-1] == grey(50)
    stage.reconnect()
    assert stage.painted[-1] is None


@pytest.mark.parametrize("begin_anew", ["reconnect", "paint"])
def test_a_step_that_was_looked_at_means_nothing_to_another_edit(
    stage: Stage, begin_anew: str
) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.look(2)
    stage.sought(2, 50, (7.0, 5.0))
    if begin_anew == "paint":
        stage.raw.paint(stage.raw.named("DragGAN critters, step 3"), 9)
    else:
        stage.reconnect()
    stage.press()
    stage.press()  # stopped while it is opened, and pressed again
    stage.answer(M.Opened("t", "t", WIDTH, HEIGHT), to=M.Open)
    stage.answer(M.Closed("t", "stopped"), to=M.Stop)
    assert stage.view.state == "idle"
    lines = stage.lines
    stage.press()
    stage.answer(M.Opened("s", "t", WIDTH, HEIGHT), M.Ready("s", 31.0, "Good."), to=M.Open)
    stage.rest()
    stage.save(0)
    stage.preview(1, 90, (16.0, 5.0))
    assert stage.edit.drawing(show_box=False).trails == ((lines[0].start, (16.0, 5.0)),)


def test_with_a_note_in_the_document_the_edit_can_be_reopened(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    assert not stage.view.can_reopen
    stage.reconnect()
    assert stage.view.can_reopen
    stage.reopen(3, 70, WAY)
    assert (stage.view.state, stage.view.step, stage.view.can_reopen) == ("done", 3, False)
    stage.press()
    stage.finish(5, 90, (16.0, 5.0))
    assert list(stage.raw.tree()["DragGAN"]) == [
        "DragGAN critters, step 3",
        "DragGAN critters, step 5",
    ]


def test_without_a_note_there_is_nothing_to_reopen(stage: Stage) -> None:
    stage.begin()
    stage.reconnect()
    assert not stage.view.can_reopen


def test_leaving_twice_does_no_harm(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.leave()
    stage.reconnect()
    assert stage.view.can_reopen and stage.lines == (LEFT,)
