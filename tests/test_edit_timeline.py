"""What an edit does with the steps behind it: look, fetch, go on from one, save and reopen."""

from __future__ import annotations

import pytest
from draggan_wire.client import Lost
from draggan_wire.edit import EditOptions
from draggan_wire.errors import BadInput, NoDaemon
from draggan_wire.messages import (
    Blob,
    Close,
    Closed,
    Done,
    Drag,
    Error,
    Frame,
    Image,
    Open,
    Opened,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
)

from .edit_stage import OPTIONS, RESULT, SOURCE, Stage, frame

OTHER = Image("rgb8", 8, 8, b"o" * 192)
POINTS = ((3.0, 1.0), (7.0, 7.0))
LOST = Lost(NoDaemon("Gone.", hint="Wait."))
BUSY = Error("busy", "The session is still at work.")


def at_step(step: int, image: Image = OTHER) -> Frame:
    """What a seek is answered by."""
    return Frame("s", 100 + step, "result", step, image, POINTS if step else ())


@pytest.fixture(params=["client", "line"])
def opened(request: pytest.FixtureRequest) -> Stage:
    """A first drag is running; on a client of its own, and on a line of an exchange."""
    stage = Stage(on_a_line=request.param == "line")
    stage.connect()
    stage.open()
    return stage


@pytest.fixture
def stage(opened: Stage) -> Stage:
    """A first drag has ended at step 3."""
    opened.finish()
    return opened


# Looking.


def test_a_step_is_looked_at(stage: Stage) -> None:
    stage.edit.look(2)
    assert stage.client.sent[-1] == Seek(session="s", step=2)
    stage.answer(at_step(2), to=Seek)
    status = stage.edit.status
    assert stage.canvas.preview == OTHER and len(stage.canvas.results) == 1
    assert (status.step, status.last, status.points) == (2, 3, POINTS)
    assert (status.state, status.message, status.statuses) == ("done", "Step 2 of 3.", ())


def test_of_many_looks_the_newest_wins(stage: Stage) -> None:
    for step in (1, 2, 0, 3):
        stage.edit.look(step)
    assert stage.client.said(Seek) == [Seek("s", 1)]
    stage.answer(at_step(1), to=Seek)
    assert stage.client.said(Seek) == [Seek("s", 1), Seek("s", 3)]
    stage.answer(at_step(3), to=Seek)
    assert len(stage.client.said(Seek)) == 2 and stage.edit.status.step == 3


def test_a_look_beyond_the_end_shows_the_end(stage: Stage) -> None:
    stage.edit.look(99)
    assert stage.client.sent[-1] == Seek(session="s", step=3)


def test_a_look_during_a_drag_is_ignored(opened: Stage) -> None:
    opened.edit.look(0)
    opened.finish()
    assert not opened.client.said(Seek)


def test_a_look_that_comes_back_when_the_next_drag_has_begun_is_not_shown(stage: Stage) -> None:
    stage.edit.look(2)
    stage.edit.look(1)
    stage.edit.start(OPTIONS)
    assert stage.edit.busy and stage.client.sent[-1] == Seek("s", 2)
    stage.answer(at_step(2), to=Seek)
    assert stage.canvas.preview is None
    assert stage.client.sent[-1] == Seek("s", 0)  # the drag's own; nobody wants to see 1 any more
    stage.answer(at_step(0, SOURCE), to=Seek)
    assert stage.state == "dragging"


def test_a_look_without_an_edit_is_nothing() -> None:
    stage = Stage()
    stage.edit.look(1)
    assert stage.client.sent == [] and stage.state == "idle"


def test_a_look_that_is_refused_says_why_and_the_edit_goes_on(stage: Stage) -> None:
    stage.edit.look(1)
    stage.answer(Error("bad_step", "There is no step 1.", "Drag first."), to=Seek)
    assert (stage.edit.status.message, stage.edit.status.hint) == (
        "There is no step 1.",
        "Drag first.",
    )
    assert stage.state == "done" and stage.edit.last == 3


# Going on from a step.


def test_a_drag_goes_on_from_the_step_that_is_looked_at(stage: Stage) -> None:
    stage.edit.look(2)
    stage.answer(at_step(2), to=Seek)
    stage.edit.start(OPTIONS, at=2)
    assert isinstance(stage.client.sent[-1], Drag) and len(stage.client.said(Seek)) == 1
    assert (stage.edit.status.step, stage.edit.status.last, stage.edit.last) == (2, 2, 2)


def test_a_drag_from_a_step_where_the_session_is_not_goes_there_first(stage: Stage) -> None:
    stage.edit.start(OPTIONS, at=1)
    assert stage.client.sent[-1] == Seek("s", 1) and stage.edit.busy
    stage.answer(at_step(1), to=Seek)
    assert isinstance(stage.client.sent[-1], Drag) and len(stage.client.said(Open)) == 1
    assert stage.canvas.preview is None


def test_a_step_of_another_picture_counts_for_nothing(stage: Stage) -> None:
    stage.canvas.image = OTHER
    stage.edit.start(OPTIONS, at=2)
    assert isinstance(stage.client.sent[-1], Open) and stage.client.sent[-1].image == OTHER


def test_without_a_step_the_picture_itself_says_where_to_go_on(stage: Stage) -> None:
    stage.edit.look(2)
    stage.answer(at_step(2), to=Seek)
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-1] == Seek("s", 0)


def test_milliseconds_per_step_are_measured_while_dragging_and_told_at_the_end(
    opened: Stage,
) -> None:
    opened.answer(frame("preview", 1), to=Drag)
    assert opened.edit.status.ms_per_step is None
    opened.clock.now += 0.3
    opened.answer(frame("preview", 4), to=Drag)
    assert opened.edit.status.ms_per_step == pytest.approx(100)
    assert (opened.edit.status.last, opened.edit.last) == (4, 4)
    opened.finish(step=5)
    assert opened.edit.status.ms_per_step == 10.0 and opened.edit.status.last == 5


# Fetching.


def test_steps_are_fetched_in_order_one_at_a_time(stage: Stage) -> None:
    got: list[int] = []
    stage.edit.fetch([0, 2], lambda frame: got.append(frame.step))
    assert stage.client.said(Seek) == [Seek("s", 0)] and stage.edit.to_fetch == 2
    stage.answer(at_step(0, SOURCE), to=Seek)
    stage.answer(at_step(2), to=Seek)
    assert got == [0, 2] and stage.edit.to_fetch == 0
    assert not stage.edit.busy and stage.canvas.preview is None


def test_fetching_waits_for_a_running_drag(opened: Stage) -> None:
    got: list[int] = []
    opened.edit.fetch([3], lambda frame: got.append(frame.step))
    assert not opened.client.said(Seek)
    opened.finish()
    opened.answer(at_step(3, RESULT), to=Seek)
    assert got == [3]


def test_the_next_drag_waits_for_what_is_to_be_fetched(stage: Stage) -> None:
    got: list[int] = []
    stage.edit.fetch([1, 2], lambda frame: got.append(frame.step))
    stage.edit.start(OPTIONS, at=3)
    assert stage.state == "connecting" and len(stage.client.said(Drag)) == 1
    stage.answer(at_step(1), to=Seek)
    stage.answer(at_step(2), to=Seek)
    assert got == [1, 2] and stage.client.sent[-1] == Seek("s", 3)
    stage.answer(at_step(3, RESULT), to=Seek)
    assert stage.state == "dragging"


def test_a_drag_that_waits_can_be_stopped_and_the_fetching_goes_on(stage: Stage) -> None:
    got: list[int] = []
    stage.edit.fetch([1, 2], lambda frame: got.append(frame.step))
    stage.edit.start(OPTIONS)
    stage.edit.stop()
    stage.answer(at_step(1), to=Seek)
    stage.answer(at_step(2), to=Seek)
    assert got == [1, 2] and len(stage.client.said(Drag)) == 1 and not stage.edit.busy


def test_what_is_to_be_fetched_after_reopening_is_not_taken_from_the_edit_before(
    stage: Stage,
) -> None:
    got: list[Image] = []
    stage.edit.look(1)
    stage.edit.restore(OPTIONS, b"data")
    stage.edit.fetch([0], lambda frame: got.append(frame.image))
    stage.answer(at_step(1), to=Seek)
    assert isinstance(stage.client.sent[-1], Open) and stage.edit.to_fetch == 1
    stage.answer(Opened("s", "t", 8, 8), at_step(2), Ready("s", 31.0, "", 2, 3), to=Open)
    assert stage.state == "done" and got == []
    stage.poll()
    stage.answer(at_step(0, SOURCE), to=Seek)
    assert got == [SOURCE] and stage.edit.status.step == 2


def test_what_is_to_be_fetched_after_an_opening_that_fails_is_dropped() -> None:
    stage = Stage()
    stage.connect()
    stage.edit.restore(OPTIONS, b"data")
    stage.edit.fetch([0], lambda frame: None)
    stage.answer(Error("damaged", "It is damaged."), to=Open)
    assert stage.edit.to_fetch == 0 and stage.edit.status.message == "It is damaged."
    stage.open()
    assert not stage.client.said(Seek)


def test_a_receiver_that_fails_ends_the_fetching_in_words(stage: Stage) -> None:
    def refuse(frame: Frame) -> None:
        raise BadInput("The document is closed.", hint="Open it.")

    stage.edit.fetch([1, 2], refuse)
    stage.answer(at_step(1), to=Seek)
    assert stage.edit.status.message == "The document is closed." and stage.edit.to_fetch == 0
    assert stage.client.said(Seek) == [Seek("s", 1)] and stage.state == "done"


def test_a_step_that_is_not_there_ends_the_fetching_in_words(stage: Stage) -> None:
    stage.edit.fetch([4], lambda frame: None)
    assert "There is no step 4" in stage.edit.status.message and not stage.client.said(Seek)


def test_without_an_edit_there_is_nothing_to_fetch() -> None:
    stage = Stage()
    stage.edit.fetch([0], lambda frame: None)
    assert stage.edit.status.message == "There is no open edit to take steps from."


def test_a_fetched_step_is_known_when_the_document_shows_it(stage: Stage) -> None:
    stage.edit.fetch([2], lambda frame: None)
    stage.answer(at_step(2), to=Seek)
    stage.canvas.image = OTHER
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Drag) and stage.edit.status.step == 2


# Saving.


def test_an_edit_saves_itself_after_opening_and_after_each_drag(opened: Stage) -> None:
    assert (opened.edit.saved, opened.edit.saved_step) == (b"saved at 0", 0)
    opened.finish()
    assert (opened.edit.saved, opened.edit.saved_step) == (b"saved at 3", 3)
    assert len(opened.client.said(Save)) == 2


def test_a_drag_pressed_while_it_saves_is_sent_right_after(opened: Stage) -> None:
    opened.answer(frame("result", 3), Done("s", "reached", 3, 9.0, ()), to=Drag)
    assert isinstance(opened.client.sent[-1], Save)
    opened.canvas.image = RESULT
    opened.edit.start(OPTIONS)
    assert isinstance(opened.client.sent[-1], Save) and opened.edit.busy
    opened.answer(Saved("s", Blob(b"x"), 3), to=Save)
    assert isinstance(opened.client.sent[-1], Drag) and opened.edit.saved == b"x"


def test_a_daemon_that_cannot_save_is_not_asked_again_and_nobody_hears_of_it() -> None:
    stage = Stage()
    stage.connect()
    stage.edit.start(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), Ready("s"), to=Open)
    stage.answer(Error("unsupported", "The operation 'save' is not known here."), to=Save)
    assert stage.state == "dragging" and stage.edit.status.error is None
    stage.finish()
    assert stage.state == "done" and len(stage.client.said(Save)) == 1
    assert stage.edit.saved is None


# Reopening.


def restored(stage: Stage, *, step: int = 2, last: int = 3) -> None:
    stage.edit.restore(OPTIONS, b"data")
    stage.answer(Opened("s", "t", 8, 8), at_step(step), Ready("s", 31.0, "", step, last), to=Open)


def test_an_edit_of_another_day_is_opened_again() -> None:
    stage = Stage()
    stage.edit.restore(OPTIONS, b"data")
    assert stage.edit.busy and stage.state == "connecting"
    stage.connect()
    assert stage.client.sent == [Open(model="critters", image=SOURCE, saved=Blob(b"data"))]
    stage.answer(Opened("s", "t", 8, 8), Progress("s", "tuning", 1, 2), to=Open)
    assert stage.edit.status.message == "Learning the details: 1 of 2"
    stage.answer(at_step(2), Ready("s", 31.0, "", 2, 3), to=Open)
    status = stage.edit.status
    assert (status.state, status.message) == ("done", "The edit is open again.")
    assert (status.step, status.last, status.points) == (2, 3, POINTS)
    assert (stage.edit.saved, stage.edit.saved_step) == (b"data", 2)
    assert stage.canvas.preview == OTHER and stage.canvas.results == []
    assert not stage.client.said(Save) and status.fit == Ready("s", 31.0, "", 2, 3)


def test_a_reopened_edit_is_dragged_on_from_its_steps_without_opening_the_picture() -> None:
    stage = Stage()
    stage.connect()
    restored(stage)
    stage.edit.start(OPTIONS, at=1)
    assert stage.client.sent[-1] == Seek("s", 1) and len(stage.client.said(Open)) == 1
    stage.answer(at_step(1), to=Seek)
    assert isinstance(stage.client.sent[-1], Drag)


def test_a_reopened_edit_is_had_back_with_its_picture_once_more() -> None:
    stage = Stage()
    stage.connect()
    restored(stage)
    forget(stage)
    stage.canvas.image = OTHER  # the step that it stands at
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-1] == Open(model="critters", image=SOURCE, saved=Blob(b"data"))


def test_a_canvas_without_the_picture_says_so_at_reopening() -> None:
    stage = Stage()
    stage.connect()
    stage.canvas.read_image = lambda: refuse("The layer is gone.")  # type: ignore[method-assign]
    stage.edit.restore(OPTIONS, b"data")
    assert (stage.state, stage.edit.status.message) == ("failed", "The layer is gone.")
    assert stage.client.sent == []


def refuse(sentence: str) -> Image:
    raise BadInput(sentence)


def test_a_reopened_edit_at_its_very_beginning_needs_no_further_look() -> None:
    stage = Stage()
    stage.connect()
    stage.edit.restore(OPTIONS, b"data")
    stage.answer(Opened("s", "t", 8, 8), at_step(0, SOURCE), Ready("s"), to=Open)
    assert stage.state == "done" and not stage.client.said(Seek)
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Drag)


def test_data_that_the_daemon_refuses_are_told_in_its_words() -> None:
    stage = Stage()
    stage.connect()
    stage.edit.restore(OPTIONS, b"data")
    stage.answer(Opened("s", "t", 8, 8), Error("damaged", "It is damaged.", "Drag anew."), to=Open)
    assert (stage.state, stage.edit.status.message) == ("failed", "It is damaged.")
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-1] == Open(model="critters", image=SOURCE)


def test_reopening_can_be_stopped() -> None:
    stage = Stage()
    stage.connect()
    stage.edit.restore(OPTIONS, b"data")
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.stop()
    stage.answer(Closed("s", "stopped"), to=Open)
    assert (stage.state, stage.edit.status.message) == ("idle", "Stopped.")
    stage.client.connect()
    stage.poll()
    assert len(stage.client.said(Open)) == 1


def test_reopening_gives_the_session_before_it_back(stage: Stage) -> None:
    stage.edit.restore(OPTIONS, b"data")
    assert stage.client.sent[-2:] == [
        Close(session="s"),
        Open(model="critters", image=SOURCE, saved=Blob(b"data")),
    ]


# A daemon that forgot.


def forget(stage: Stage) -> None:
    stage.client.lose(LOST)
    stage.client.connect()
    stage.poll()


def resume(stage: Stage, *, step: int = 3, last: int = 3) -> None:
    stage.answer(Opened("s2", "t", 8, 8), to=Open)
    frame = Frame("s2", 1, "result", step, RESULT, POINTS)
    stage.answer(frame, Ready("s2", 31.0, "", step, last), to=Open)


def test_a_forgotten_session_is_had_back_from_what_was_saved(stage: Stage) -> None:
    forget(stage)
    assert (stage.edit.last, stage.edit.status.last, stage.state) == (0, 0, "done")
    stage.edit.start(OPTIONS, at=2)
    assert stage.client.sent[-1] == Open(model="critters", image=SOURCE, saved=Blob(b"saved at 3"))
    resume(stage)
    assert stage.client.sent[-1] == Seek("s2", 2) and stage.canvas.preview is None
    stage.answer(Frame("s2", 2, "result", 2, OTHER, POINTS), to=Seek)
    assert stage.client.sent[-1].session == "s2" and stage.state == "dragging"  # type: ignore[union-attr]
    assert len(stage.canvas.results) == 1 and len(stage.client.said(Save)) == 2


def test_a_step_that_was_not_saved_falls_back_to_the_last_that_was(stage: Stage) -> None:
    forget(stage)
    stage.edit.start(OPTIONS, at=9)
    resume(stage)
    assert isinstance(stage.client.sent[-1], Drag) and stage.edit.status.step == 3


def test_a_result_in_the_document_is_dragged_on_after_the_daemon_forgot(stage: Stage) -> None:
    forget(stage)
    stage.canvas.image = RESULT
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-1].image == SOURCE  # type: ignore[union-attr]
    resume(stage)
    assert isinstance(stage.client.sent[-1], Drag)


def test_a_daemon_lost_in_mid_drag_ends_the_edit_and_the_next_press_goes_on(opened: Stage) -> None:
    opened.answer(frame("preview", 1), to=Drag)
    forget(opened)
    assert opened.state == "failed" and opened.canvas.preview is None
    opened.edit.start(OPTIONS, at=0)
    assert opened.client.sent[-1] == Open(model="critters", image=SOURCE, saved=Blob(b"saved at 0"))


def test_another_picture_is_not_had_back_from_what_was_saved(stage: Stage) -> None:
    forget(stage)
    stage.canvas.image = OTHER
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-1] == Open(model="critters", image=OTHER)


def test_another_model_cannot_go_on_with_what_was_saved(stage: Stage) -> None:
    forget(stage)
    stage.edit.start(EditOptions(model="other"))
    assert stage.client.sent[-1] == Open(model="other", image=SOURCE)


def test_saved_data_that_are_refused_make_the_picture_be_opened_anew(stage: Stage) -> None:
    forget(stage)
    stage.edit.start(OPTIONS)
    stage.answer(Error("bad_message", "What is `saved`?"), to=Open)
    assert stage.client.sent[-1] == Open(model="critters", image=SOURCE)
    stage.answer(Opened("s", "t", 8, 8), Ready("s"), to=Open)
    stage.answer(Saved("s", Blob(b"new"), 0), to=Save)
    assert stage.state == "dragging" and stage.edit.saved == b"new"


def test_what_was_to_be_fetched_from_a_forgotten_session_ends_in_words(stage: Stage) -> None:
    stage.edit.fetch([1, 2], lambda frame: None)
    forget(stage)
    assert "has closed this edit" in stage.edit.status.message and stage.edit.to_fetch == 0


def test_looks_fetches_and_saving_lost_with_a_connection_are_asked_again(stage: Stage) -> None:
    got: list[int] = []
    stage.edit.fetch([1], lambda frame: got.append(frame.step))
    stage.client.lose(LOST)
    stage.client.connect(resumed=("s",))
    stage.poll()
    assert stage.client.said(Seek) == [Seek("s", 1), Seek("s", 1)]
    stage.answer(at_step(1), to=Seek)
    assert got == [1]


def test_a_session_opened_for_nobody_is_given_back() -> None:
    stage = Stage()
    stage.connect()
    stage.edit.start(OPTIONS)
    stage.edit.close()
    assert not stage.edit.busy
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    assert stage.client.sent[-1] == Close(session="s") and not stage.edit.busy
