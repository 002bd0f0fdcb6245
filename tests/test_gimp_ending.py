"""What OK does, and what a later call of the filter finds of it; no GIMP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fake_gimp_document import LAYER, OTHER, RESULT, FakeDocument
from tests.gimp_plugin import load
from tests.gimp_stage import (
    FURTHER,
    LINE,
    WIDTH,
    M,
    Stage,
    changed_rows,
    done,
    errors,
    frame,
    picture,
)

PATIENCE = load("ending").PATIENCE
Stroke = load("draggan_wire.workbench.strokes").Stroke
read_note = load("draggan_wire.workbench.note").read_note
AT_2, AT_3, AT_5 = picture((10, 20)), picture((10, 30)), picture((10, 50), (11, 50))
NOTHING = "Nothing has moved, so there is nothing to add."
HOLDS = "The image holds this step already."


@pytest.fixture
def stage() -> Stage:
    return Stage()


def added(stage: Stage) -> list[str]:
    """The names of what has been added, all of it at once."""
    ((layers, _),) = stage.document.inserted
    return [layer.name for layer in layers]


def wait(stage: Stage) -> None:
    """For the words that tell what comes, and for what comes."""
    stage.poll()
    stage.poll()


def test_ok_warns_once_where_the_layer_was_painted_on_since_the_drag(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.document.paint((1, 1, 5, 5), 7)
    stage.ok()
    wait(stage)
    assert "changed or moved in the image since" in stage.view.message
    assert stage.document.inserted == [] and not stage.ending.asked
    stage.ok()
    wait(stage)
    assert added(stage)


def test_what_was_painted_and_undone_again_needs_no_warning(stage: Stage) -> None:
    stage.drag(5, AT_5)
    before = stage.document.read_layer(LAYER, stage.canvas.crop)
    stage.document.paint((1, 1, 5, 5), 7)
    stage.document.paint((1, 1, 5, 5), before.data[0])
    stage.ok()
    wait(stage)
    assert added(stage)


def later(stage: Stage, **settings: Any) -> Stage:
    """The filter is called again on the same image."""
    other = Stage(stage.document, **settings)
    stage.document.inserted.clear()
    assert other.edit.can_reopen
    return other


@pytest.fixture
def finished(stage: Stage) -> Stage:
    """A drag to step 5, and OK."""
    stage.drag(5, AT_5)
    stage.ok()
    wait(stage)
    return stage


@pytest.fixture
def reopened(finished: Stage) -> Stage:
    """The filter is called again, and the edit taken up."""
    stage = later(finished)
    stage.take_up(5, AT_5, picture())
    return stage


def go_on(stage: Stage) -> None:
    """From step 5 of an edit that was taken up to step 7."""
    stage.press()
    stage.end_drag(7, AT_3)
    stage.save(7)


# OK.


def test_ok_adds_what_is_on_show(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.ok()
    assert stage.view.message == "Adding the layers..." and stage.document.inserted == []
    wait(stage)
    assert stage.ending.result == RESULT
    ((layers, source),) = stage.document.inserted
    assert [layer.name for layer in layers] == ["DragGAN critters, step 5"] and source == LAYER
    assert stage.document.hidden == [()]


def test_ok_adds_once_however_often_it_is_pressed(finished: Stage) -> None:
    for _ in range(3):
        finished.ok()
        wait(finished)
    assert len(finished.document.inserted) == 1


def test_ok_adds_what_is_looked_at_and_what_is_kept(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.keep(5, AT_5)
    stage.look(2, AT_2)
    stage.ok()
    wait(stage)
    assert added(stage) == ["DragGAN, step 5", "DragGAN, step 2"]


def test_ok_while_dragging_stops_and_adds_what_was_reached(stage: Stage) -> None:
    stage.begin()
    stage.answer(frame("preview", 2, picture(size=(16, 12))), to=M.Drag)
    stage.ok()
    assert len(stage.daemon.said(M.Stop)) == 1 and stage.document.inserted == []
    stage.end_drag(3, AT_3, reason="stopped")
    stage.save(3)
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"]


def test_ok_with_handles_and_no_drag_drags_first(stage: Stage) -> None:
    stage.place()
    stage.ok()
    stage.open()
    assert len(stage.daemon.said(M.Drag)) == 1
    stage.end_drag(3, AT_3)
    stage.save(3)
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"]


def test_a_second_press_of_ok_does_not_stop_what_the_first_has_begun(stage: Stage) -> None:
    stage.place()
    stage.ok()
    stage.open()
    stage.ok()
    assert stage.daemon.said(M.Stop) == [] and stage.ending.asked


def test_ok_while_the_picture_is_opened_ahead_drags_first(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    stage.place()
    stage.ok()
    stage.open()
    assert len(stage.daemon.said(M.Open)) == len(stage.daemon.said(M.Drag)) == 1


def test_ok_without_handles_stays_open_and_says_what_is_missing(stage: Stage) -> None:
    stage.ok()
    assert stage.view.message == "There are no handles." and not stage.ending.asked


def test_ok_whose_drag_fails_stays_open_with_the_words_of_it(stage: Stage) -> None:
    stage.place()
    stage.ok()
    stage.refuse("No more memory.", to=M.Open)
    assert stage.view.message == "No more memory." and not stage.ending.asked
    stage.ok()
    stage.open()
    stage.end_drag(3, AT_3)
    stage.save(3)
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"]


def test_ok_after_a_later_drag_failed_adds_what_is_on_show(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.press()
    stage.refuse("No more memory.", to=M.Drag)
    stage.ok()
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"]


def test_ok_with_the_opened_picture_on_show_drags_nothing_and_says_so(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.look(0, picture())
    stage.ok()
    assert stage.view.message == NOTHING and not stage.ending.asked
    assert len(stage.daemon.said(M.Drag)) == 1 and stage.document.inserted == []


def test_ok_of_a_drag_that_is_stopped_before_it_began_says_so(stage: Stage) -> None:
    stage.place()
    stage.press()
    stage.ok()
    stage.answer(M.Opened("s", "t", 64, 48), to=M.Open)
    stage.answer(M.Closed("s", "Stopped."), to=M.Stop)
    assert stage.view.message == NOTHING and stage.document.inserted == []


def test_a_user_who_goes_on_takes_ok_back(stage: Stage) -> None:
    stage.begin()
    stage.end_drag(3, AT_3)
    stage.ok()
    stage.ending.cancel()
    stage.save(3)
    wait(stage)
    assert stage.document.inserted == [] and stage.ending.result is None


# What is saved.


def test_ok_waits_for_what_is_saved_of_the_edit(stage: Stage) -> None:
    stage.begin()
    stage.end_drag(3, AT_3)
    stage.ok()
    wait(stage)
    assert stage.document.inserted == []
    stage.save(3)
    wait(stage)
    assert read_note(stage.document.noted).data == b"saved at 3"


def test_ok_does_not_wait_for_ever_and_promises_nothing_then(stage: Stage) -> None:
    stage.begin()
    stage.end_drag(3, AT_3)
    stage.ok()
    stage.clock.now += PATIENCE - 0.1
    wait(stage)
    assert stage.document.inserted == [] and PATIENCE <= 3
    stage.clock.now += 0.2
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"] and stage.document.noted == b""


def test_what_was_saved_of_a_timeline_that_is_gone_is_not_taken(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.look(0, picture())
    stage.press()
    stage.end_drag(3, AT_2)  # another step 3
    stage.ok()
    wait(stage)
    assert stage.document.inserted == []
    stage.answer(M.Saved("s", M.Blob(b"the other one"), 3), to=M.Save)
    wait(stage)
    assert read_note(stage.document.noted).data == b"the other one"


def test_nor_is_it_where_nothing_newer_comes(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.look(0, picture())
    stage.press()
    stage.end_drag(3, AT_2)
    stage.ok()
    stage.clock.now += 2 * PATIENCE
    stage.poll()
    stage.clock.now += 2 * PATIENCE
    wait(stage)
    assert len(stage.document.inserted) == 1 and stage.document.noted == b""


def test_a_daemon_that_cannot_save_is_not_waited_for(stage: Stage) -> None:
    stage.begin()
    stage.end_drag(3, AT_3)
    stage.answer(M.Error("unsupported", "What is that?", ""), to=M.Save)
    stage.ok()
    wait(stage)
    assert len(stage.document.inserted) == 1 and stage.document.noted == b""


def test_after_another_edit_could_not_begin_the_older_result_is_added_without_a_note(
    stage: Stage,
) -> None:
    stage.drag(3, AT_3)
    stage.settings = replace(stage.settings, model="faces")
    stage.press()
    stage.refuse("There is no such model.", to=M.Open)
    stage.ok()
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"] and stage.document.noted == b""


# What goes wrong.


def test_layers_that_gimp_refuses_can_be_added_later(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.document.broken = errors.BadInput("The group is locked.", hint="Unlock it.")
    stage.ok()
    wait(stage)
    assert (stage.view.message, stage.view.hint) == ("The group is locked.", "Unlock it.")
    assert not stage.ending.asked and stage.ending.result is None
    stage.place(FURTHER)
    assert stage.view.message != "Adding the layers..."
    stage.document.broken = None
    stage.ok()
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"]


@pytest.mark.parametrize("what", ["closed", "deleted"])
def test_an_image_or_layer_that_is_gone_is_said_and_nothing_is_lost(
    stage: Stage, what: str
) -> None:
    stage.drag(3, AT_3)
    kept = stage.document.pictures[LAYER]
    if what == "closed":
        stage.document.closed = True
    else:
        del stage.document.pictures[LAYER]
    stage.ok()
    wait(stage)
    assert what in stage.view.message and stage.view.hint and stage.document.inserted == []
    stage.document.closed, stage.document.pictures[LAYER] = False, kept
    stage.ok()
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"]


# The note, and the edit taken up again.


def test_the_note_tells_group_result_handles_and_paint(stage: Stage) -> None:
    paint = Stroke(((5.0, 5.0),), 9.0)
    stage.strokes.replace((paint,))
    stage.settings = replace(stage.settings, quality="best")
    stage.drag(5, AT_5)
    stage.keep(5, AT_5)
    stage.look(2, AT_2)
    stage.ok()
    wait(stage)
    note = read_note(stage.document.noted)
    assert (note.trace.group, note.trace.results) == ("group", (("101", 2),))
    assert (note.step, note.data, note.strokes) == (2, b"saved at 5", (paint,))
    assert note.drags[0].lines == (LINE,) and note.terms.quality == "best"
    assert (note.source.layer, note.form) == (LAYER, "rgba8")


def test_an_edit_is_taken_up_with_handles_paint_and_settings(stage: Stage) -> None:
    paint = Stroke(((5.0, 5.0),), 9.0)
    stage.strokes.replace((paint,))
    stage.settings = replace(stage.settings, quality="best", model="critters")
    stage.drag(5, AT_5)
    lines = stage.edit.handles.lines
    stage.ok()
    wait(stage)
    other = later(stage, quality="fast", model="faces", source="visible")
    other.take_up(5, AT_5, picture())
    assert other.edit.handles.lines == lines and other.strokes.strokes == (paint,)
    taken = (other.settings.quality, other.settings.model, other.settings.source)
    assert taken == ("best", "critters", "layer")
    assert other.view.step == 5 and other.canvas.step == 5 and not other.edit.can_reopen
    assert other.last(M.Open).saved.data == b"saved at 5"


def test_an_edit_is_taken_up_at_the_step_that_was_on_show(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.look(2, AT_2)
    stage.ok()
    wait(stage)
    other = later(stage)
    other.take_up(5, AT_5, picture())
    assert other.last(M.Seek).step == 2
    other.sought(2, AT_2)
    assert other.view.step == 2 and other.view.last == 5 and other.layers == ()
    other.ok()
    assert other.view.message == HOLDS


def test_ok_right_after_taking_up_says_that_the_image_holds_it_already(reopened: Stage) -> None:
    assert reopened.layers == () and not reopened.canvas.anything
    reopened.ok()
    wait(reopened)
    assert reopened.view.message == HOLDS and not reopened.ending.asked
    assert reopened.document.inserted == [] and reopened.daemon.said(M.Drag) == []


def test_ok_at_the_opened_picture_of_it_is_another_matter(reopened: Stage) -> None:
    reopened.look(0, picture())
    reopened.ok()
    wait(reopened)
    assert reopened.view.message == NOTHING and reopened.daemon.said(M.Drag) == []


def test_an_edit_that_was_taken_up_goes_on_and_supersedes_its_result(reopened: Stage) -> None:
    go_on(reopened)
    reopened.ok()
    wait(reopened)
    ((layers, source),) = reopened.document.inserted
    assert changed_rows(layers[0].changed) == [10] and source == LAYER
    assert reopened.document.hidden == [(), ("100",)]
    note = read_note(reopened.document.noted)
    assert note.trace.results == (("101", 7),) and note.data == b"saved at 7"
    assert reopened.opened_pictures() == [picture()]  # once, with what was saved


def test_another_step_of_it_supersedes_its_result_too(reopened: Stage) -> None:
    reopened.look(2, AT_2)
    reopened.ok()
    wait(reopened)
    assert added(reopened) == ["DragGAN, step 2"]
    assert reopened.document.hidden == [(), ("100",)]
    assert read_note(reopened.document.noted).step == 2


def test_an_edit_of_a_layer_that_was_painted_on_since_has_something_to_add(finished: Stage) -> None:
    finished.document.paint((0, 30, WIDTH, 31), 7)
    other = later(finished)
    now, was = picture((10, 50), (11, 50), (30, 7)), picture((30, 7))
    other.take_up(5, now, was)
    other.ok()
    wait(other)
    ((layers, _),) = other.document.inserted
    assert [layer.image for layer in layers] == [now]
    assert [changed_rows(layer.changed) for layer in layers] == [[10, 11]]
    assert other.document.hidden == [(), ("100",)]


def test_the_same_step_of_it_pasted_otherwise_supersedes_its_result_too(reopened: Stage) -> None:
    reopened.edit.paste(M.Pasting("moved", detail=False))
    reopened.poll()
    reopened.sought(5, AT_3)
    reopened.ok()
    wait(reopened)
    ((layers, _),) = reopened.document.inserted
    assert [layer.image for layer in layers] == [AT_3]
    assert reopened.document.hidden == [(), ("100",)]
    assert read_note(reopened.document.noted).paste == M.Pasting("moved", detail=False)


def test_steps_kept_of_it_leave_its_result_and_its_note_alone(reopened: Stage) -> None:
    noted = reopened.document.noted
    reopened.look(2, AT_2)
    reopened.keep(2, AT_2)
    reopened.look(5, AT_5)
    reopened.ok()
    wait(reopened)
    assert added(reopened) == ["DragGAN, step 2"]
    assert reopened.document.hidden == [(), ()] and reopened.document.noted == noted


@pytest.mark.parametrize("source", ["layer", "visible"])
def test_another_edit_after_taking_one_up_begins_with_what_is_seen(
    stage: Stage, source: str
) -> None:
    stage.settings = replace(stage.settings, source=source)
    stage.drag(5, AT_5)
    stage.ok()
    wait(stage)
    other = later(stage)
    other.take_up(5, AT_5, picture())
    other.settings = replace(other.settings, model="faces")
    other.press()
    assert other.opened_pictures()[-1] == AT_5
    other.open()
    other.end_drag(1, picture((10, 50), (11, 50), (20, 1)))
    other.save(1)
    other.ok()
    wait(other)
    ((layers, _),) = other.document.inserted  # the old result is in the image already, and stays
    assert [changed_rows(layer.changed) for layer in layers] == [[20]]
    assert other.document.hidden == [(), ()]


def test_another_daemon_meanwhile_loses_nothing_of_it(reopened: Stage) -> None:
    reopened.reconnect()
    assert reopened.edit.can_reopen and reopened.layers == ()
    reopened.press()
    assert reopened.opened_pictures() == [AT_5]
    assert len(reopened.canvas.beneath) == 1


def test_taken_up_twice_it_does_not_lie_on_itself(reopened: Stage) -> None:
    reopened.reconnect()
    assert len(reopened.canvas.beneath) == 1
    reopened.take_up(5, AT_5, picture())
    assert reopened.canvas.beneath == () and reopened.layers == ()


def test_a_step_of_the_same_number_is_another_one_after_a_drag(reopened: Stage) -> None:
    reopened.look(2, AT_2)
    reopened.drag_on(5, AT_3)
    assert [layer.image for layer in reopened.layers] == [AT_3]


def test_taken_up_from_the_layer_of_its_result_it_goes_on_from_the_same_pixels(
    finished: Stage,
) -> None:
    document = finished.document
    document.add(OTHER, 1)
    document.layer = OTHER  # as if that were the result's
    other = later(finished)
    other.take_up(5, AT_5, picture())
    assert document.layer == LAYER
    go_on(other)
    assert other.opened_pictures() == [picture()] and len(other.layers) == 1


def test_while_it_is_taken_up_there_is_nothing_to_add(finished: Stage) -> None:
    stage = later(finished)
    stage.settings = stage.edit.reopen(stage.settings)
    stage.poll()
    stage.answer(M.Opened("s", "t", 64, 48), frame("result", 5, AT_5), to=M.Open)
    assert stage.shown[-1][0] == AT_5 and stage.layers == () and not stage.canvas.anything
    stage.refuse("It is damaged.", to=M.Open)
    assert stage.view.message == "It is damaged." and stage.layers == ()
    stage.press()
    assert stage.opened_pictures()[-1] == picture()


def test_an_edit_whose_layer_is_gone_is_not_taken_up(finished: Stage) -> None:
    stage = later(finished)
    stage.document.add(OTHER, 1)
    stage.document.layer = OTHER
    del stage.document.pictures[LAYER]
    stage.settings = stage.edit.reopen(stage.settings)
    stage.poll()
    assert stage.view.message == "The layer has been deleted." and stage.edit.can_reopen
    assert stage.daemon.said(M.Open) == []


def test_results_that_are_not_added_yet_come_before_taking_one_up(finished: Stage) -> None:
    stage = later(finished)
    stage.drag(3, AT_3)
    stage.reconnect()
    stage.settings = stage.edit.reopen(stage.settings)
    stage.poll()
    assert stage.view.message == "There are results that the image does not have yet."
    stage.ok()
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 3"]


def test_a_drag_that_ends_where_it_began_adds_nothing_visible(stage: Stage) -> None:
    stage.begin()
    stage.answer(done(0), to=M.Drag)
    stage.rest()
    stage.ok()
    wait(stage)
    assert stage.document.inserted == []


def test_a_small_image_is_enough_of_one() -> None:
    stage = Stage(FakeDocument(16, 12))
    stage.drag(1, picture((3, 3), size=(16, 12)), type(LINE)((2.0, 2.0), (9.0, 9.0)))
    stage.ok()
    wait(stage)
    assert added(stage) == ["DragGAN critters, step 1"]
