"""The edit that a document carries, from the first result to another day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.krita_daemon import frame, messages
from tests.krita_edit_stage import Stage
from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, LINE, WIDTH, HandleLine, grey

M = messages
note = load("note")
Terms = load("region").Terms
WAY = (12.0, 6.0)


def carried(raw: Any) -> Any:
    """The note in a document, None without one."""
    found = bytes(raw.annotation("draggan"))
    return note.read_note(found) if found else None


@pytest.fixture
def stage() -> Stage:
    return Stage(quality="fast")


@pytest.fixture
def dragged(stage: Stage) -> Stage:
    """A first drag has ended at step 3."""
    stage.drag(3, 70, WAY)
    return stage


@pytest.fixture
def another_day(dragged: Stage) -> Stage:
    """The document as it was, opened by another Krita."""
    return Stage(dragged.raw, quality="fast")


def reopen(stage: Stage) -> None:
    """The daemon opens the saved data at step 3; the opened picture is had back from it, too."""
    stage.edit.reopen(stage.settings)
    stage.poll()
    answers = (
        M.Opened("s", "t", WIDTH, HEIGHT),
        frame("sought", 3, grey(70), WAY),
        M.Ready("s", 31.0, "Good.", 3, 3),
    )
    stage.answer(*answers, to=M.Open)
    stage.rest()
    stage.sought(0, 40)  # for the flow
    stage.poll()
    stage.sought(0, 40)  # for the canvas


def test_an_edit_without_a_result_leaves_no_note(stage: Stage) -> None:
    stage.begin()
    assert carried(stage.raw) is None and not stage.raw.modified()


def test_after_a_drag_the_document_carries_all_that_reopening_needs(dragged: Stage) -> None:
    found, canvas = carried(dragged.raw), dragged.edit.canvas
    assert found.terms == Terms(region="whole", model="critters", quality="fast")
    assert (found.source, found.form) == (canvas.opened.source, "bgra8")
    assert found.lines == (HandleLine(WAY, LINE.target),)
    assert found.trace == canvas.trace and found.step == 3
    assert found.data == b"saved at 3" and dragged.raw.modified()


def test_each_result_is_noted(dragged: Stage) -> None:
    dragged.press()
    dragged.finish(6, 90, (15.0, 6.0))
    dragged.save(6)
    found = carried(dragged.raw)
    assert (found.step, found.data) == (6, b"saved at 6")
    assert [step for _, step in found.trace.results] == [3, 6]


def test_while_nothing_new_is_saved_the_note_is_left_alone(dragged: Stage) -> None:
    dragged.raw.setModified(False)
    dragged.place(LINE)
    dragged.edit.look(1)
    dragged.sought(1, 50, (7.0, 5.0))
    assert not dragged.raw.modified()


def test_a_document_with_a_note_can_be_reopened(another_day: Stage) -> None:
    assert another_day.view.can_reopen
    assert not Stage(fake_krita().open(WIDTH, HEIGHT)).view.can_reopen


def test_reopening_asks_with_what_was_noted(another_day: Stage) -> None:
    another_day.edit.reopen(another_day.settings)
    another_day.poll()
    opening = another_day.last(M.Open)
    assert (opening.model, opening.quality) == ("critters", "fast")
    assert bytes(opening.saved.data) == b"saved at 3" and opening.image is None
    assert not another_day.view.can_reopen  # while it is at work


def test_reopening_brings_handles_step_and_timeline_back(another_day: Stage) -> None:
    before = another_day.raw.seen()
    reopen(another_day)
    view = another_day.view
    assert (view.state, view.step, view.last, view.can_reopen) == ("done", 3, 3, False)
    assert view.message == "The edit is open again."
    assert another_day.lines == (HandleLine(WAY, LINE.target),)
    assert another_day.raw.seen() == before and another_day.painted[-1] is None


def test_reopening_leaves_the_document_untouched(another_day: Stage) -> None:
    another_day.raw.setModified(False)
    steps = another_day.raw.steps
    reopen(another_day)
    another_day.poll()
    assert another_day.raw.steps == steps and not another_day.raw.modified()


def test_a_reopened_edit_is_dragged_on_into_its_group(another_day: Stage) -> None:
    reopen(another_day)
    another_day.press()
    assert another_day.last(M.Seek) == M.Seek("s", 3)  # it stands at step 0
    another_day.sought(3, 70, WAY)
    assert another_day.last(M.Drag).handles == (WAY,)
    another_day.finish(5, 90, (16.0, 5.0))
    group = another_day.raw.tree()["DragGAN"]
    assert list(group) == ["DragGAN critters, step 3", "DragGAN critters, step 5"]
    assert len(another_day.daemon.said(M.Open)) == 1


def test_a_reopened_edit_looks_back(another_day: Stage) -> None:
    reopen(another_day)
    another_day.edit.look(1)
    another_day.sought(1, 50, (7.0, 5.0))
    assert another_day.painted[-1] == grey(50)


def test_dragging_in_place_of_reopening_begins_anew(another_day: Stage) -> None:
    another_day.place(LINE)
    another_day.press()
    assert bytes(another_day.last(M.Open).image.data) == another_day.raw.seen()
    assert not another_day.view.can_reopen


def test_a_daemon_that_cannot_open_it_says_why_and_it_can_be_tried_again(
    another_day: Stage,
) -> None:
    another_day.edit.reopen(another_day.settings)
    another_day.poll()
    another_day.answer(M.Error("bad_input", "Another model.", "Get it."), to=M.Open)
    view = another_day.view
    assert (view.state, view.message, view.hint) == ("failed", "Another model.", "Get it.")
    assert view.can_reopen


@pytest.mark.parametrize("raw_note", [b"nonsense", b""])
def test_a_note_that_cannot_be_read_is_refused_in_a_sentence(raw_note: bytes) -> None:
    stage = Stage()
    stage.edit.document.write_note(raw_note)
    stage.edit.reopen(stage.settings)
    assert stage.view.state == "failed" and "cannot be read" in stage.view.message
    assert stage.daemon.sent == []


def test_a_document_that_was_cropped_meanwhile_is_refused(dragged: Stage) -> None:
    smaller = fake_krita().open(WIDTH, HEIGHT - 1)
    stage = Stage(smaller)
    stage.edit.document.write_note(note.write_note(carried(dragged.raw)))
    stage.edit.reopen(stage.settings)
    assert "another size" in stage.view.message and stage.daemon.sent == []


def test_layers_that_are_no_ids_are_layers_that_are_gone(dragged: Stage) -> None:
    stranger = note.Trace("../../etc", (("\ud800", 3),))
    stage = Stage(quality="fast")
    stage.edit.document.write_note(note.write_note(replace(carried(dragged.raw), trace=stranger)))
    reopen(stage)
    assert stage.view.state == "done"
    stage.press()
    stage.sought(3, 70, WAY)
    stage.finish(5, 90, (16.0, 5.0))
    assert list(stage.raw.tree()) == ["Background", "DragGAN"]
