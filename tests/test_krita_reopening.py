"""The edit that a document carries, from the first result to another day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.krita_daemon import done, frame, messages
from tests.krita_edit_stage import Stage
from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, LINE, WIDTH, HandleLine, Settings, grey

M = messages
note = load("draggan_wire.workbench.note")
errors = load("draggan_wire.errors")
layers = load("host.layers")
Terms = load("draggan_wire.workbench.region").Terms
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
    stage.reopen(3, 70, WAY)


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


def test_until_a_result_is_saved_the_document_carries_the_one_before(stage: Stage) -> None:
    stage.begin()
    stage.answer(frame("result", 3, grey(70), WAY), done(3), to=M.Drag)
    stage.rest()
    assert stage.view.state == "done" and carried(stage.raw) is None  # only step 0 is saved
    stage.save(3)
    assert (carried(stage.raw).step, carried(stage.raw).data) == (3, b"saved at 3")
    stage.press()
    stage.finish(6, 90, (15.0, 6.0))
    assert (carried(stage.raw).step, carried(stage.raw).data) == (3, b"saved at 3")
    stage.save(6)
    assert (carried(stage.raw).step, carried(stage.raw).data) == (6, b"saved at 6")


def test_while_nothing_new_is_saved_the_note_is_left_alone(dragged: Stage) -> None:
    dragged.raw.setModified(False)
    dragged.place(LINE)
    dragged.edit.look(1)
    dragged.sought(1, 50, (7.0, 5.0))
    assert not dragged.raw.modified()


def test_a_document_with_a_note_can_be_reopened(another_day: Stage) -> None:
    assert another_day.view.can_reopen
    assert not Stage(fake_krita().open(WIDTH, HEIGHT)).view.can_reopen


def test_reopening_asks_with_what_was_noted(dragged: Stage, another_day: Stage) -> None:
    another_day.edit.reopen(another_day.settings)
    another_day.poll()
    opening = another_day.last(M.Open)
    assert (opening.model, opening.quality) == ("critters", "fast")
    assert bytes(opening.saved.data) == b"saved at 3"
    assert opening.image == dragged.edit.canvas.opened.image  # without the result on it
    assert not another_day.view.can_reopen  # while it is at work


def test_reopening_tells_the_settings_that_the_edit_was_made_by(dragged: Stage) -> None:
    later = Stage(dragged.raw, quality="best", region="auto", source="layer", steps=9)
    settings = later.edit.reopen(later.settings)
    assert (settings.quality, settings.region, settings.source) == ("fast", "whole", "visible")
    assert settings.steps == 9 and settings == replace(dragged.settings, steps=9)


def test_an_edit_of_one_layer_is_reopened_as_one() -> None:
    stage = Stage(source="layer")
    stage.drag(3, 70, WAY)
    assert Stage(stage.raw).edit.reopen(Settings()).source == "layer"


def test_a_note_that_cannot_be_read_leaves_the_settings_alone(stage: Stage) -> None:
    stage.edit.document.write_note(b"nonsense")
    assert stage.edit.reopen(stage.settings) is stage.settings


def test_reopening_brings_handles_step_and_timeline_back(another_day: Stage) -> None:
    before = another_day.raw.seen()
    reopen(another_day)
    view = another_day.view
    assert (view.state, view.step, view.last, view.can_reopen) == ("done", 3, 3, False)
    assert view.message == "The edit is open again."
    assert another_day.lines == (HandleLine(WAY, LINE.target),)
    assert another_day.raw.seen() == before and another_day.painted[-1] is None


def test_an_edit_whose_layer_is_gone_is_not_reopened() -> None:
    stage = Stage(source="layer")
    stage.drag(3, 70, WAY)
    later = Stage(stage.raw, source="layer")

    layers.find(stage.raw, carried(stage.raw).source.layer).remove()

    later.edit.reopen(later.settings)
    later.poll()
    assert later.view.message == "The layer that this edit was made of is gone."
    assert later.view.can_reopen and later.daemon.said(M.Open) == []


def test_reopening_leaves_the_document_untouched(another_day: Stage) -> None:
    another_day.raw.setModified(False)
    steps = another_day.raw.steps
    reopen(another_day)
    another_day.poll()
    assert another_day.raw.steps == steps and not another_day.raw.modified()


def test_a_reopened_edit_is_dragged_on_into_its_group(another_day: Stage) -> None:
    reopen(another_day)
    another_day.press()
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


def test_of_a_reopened_edit_each_step_has_the_targets_of_its_own_drag(dragged: Stage) -> None:
    other = HandleLine((10.0, 20.0), (30.0, 20.0))
    dragged.place(other)
    dragged.press()
    dragged.finish(6, 90, (20.0, 20.0))
    dragged.save(6)
    stage = Stage(dragged.raw, quality="fast")
    stage.reopen(6, 90, (20.0, 20.0))
    assert stage.lines == (HandleLine((20.0, 20.0), other.target),)
    walked = {}
    for step, points in ((5, ((15.0, 20.0),)), (3, (WAY,)), (2, ((9.0, 5.0),)), (0, ())):
        stage.edit.look(step)
        stage.sought(step, 40 + step, *points)
        walked[step] = stage.lines
    assert walked == {
        5: (HandleLine((15.0, 20.0), other.target),),
        3: (other,),  # where that drag began
        2: (HandleLine((9.0, 5.0), LINE.target),),
        0: (LINE,),
    }


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


def test_an_edit_that_cannot_even_be_sent_says_why(
    another_day: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(message: Any) -> int:
        raise errors.LimitExceeded("The edit is too large to be sent.", hint="Begin a new one.")

    monkeypatch.setattr(another_day.daemon, "send", send)
    another_day.edit.reopen(another_day.settings)
    another_day.poll()
    view = another_day.view
    assert (view.state, view.message) == ("failed", "The edit is too large to be sent.")
    assert view.hint == "Begin a new one." and view.can_reopen


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
    stage.press()  # the picture is none of that edit's
    assert bytes(stage.last(M.Open).image.data) == stage.raw.seen()
    stage.answer(M.Opened("t", "t", WIDTH, HEIGHT), M.Ready("t", 31.0, "Good."), to=M.Open)
    assert list(stage.raw.tree()) == ["Background"]
