"""One edit's flow: from the press of a button to the layer, with a scripted client and canvas."""

from __future__ import annotations

from dataclasses import replace

import pytest
from draggan_wire.canvas import Handle
from draggan_wire.client import Lost, Refused
from draggan_wire.edit import PATIENCE, PATIENCE_AT_WORK, EditOptions
from draggan_wire.errors import AccessRefused, BadInput, BadMessage, NoDaemon, WrongProtocol
from draggan_wire.messages import (
    Blob,
    Close,
    Closed,
    Credit,
    Done,
    Drag,
    DragSettings,
    Error,
    Image,
    Message,
    Open,
    Opened,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
    State,
    Stop,
)

from .edit_stage import OPTIONS, RESULT, SOURCE, Stage, frame


@pytest.fixture(params=["client", "line"])
def alone(request: pytest.FixtureRequest) -> Stage:
    """Without a connection yet; on a client of its own, and on a line of an exchange."""
    return Stage(on_a_line=request.param == "line")


@pytest.fixture
def stage(alone: Stage) -> Stage:
    alone.connect()
    return alone


def test_from_the_button_to_the_layer(stage: Stage) -> None:
    edit, client, canvas = stage.edit, stage.client, stage.canvas
    options = EditOptions(
        model="critters", quality="fast", settings=DragSettings(steps=9), keep_every=2
    )
    edit.start(options)
    assert client.sent == [Open(model="critters", image=SOURCE, quality="fast")]
    stage.answer(Opened("s", "t", 8, 8), Progress("s", "inverting", 3, 12), to=Open)
    assert (edit.status.message, edit.status.fraction) == ("Reading the picture: 3 of 12", 0.25)
    stage.answer(Ready("s", 30.0, "Good."), to=Open)
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    assert client.sent[1:] == [
        Credit("s", 3),
        Save(session="s"),
        Drag(
            session="s",
            handles=((1.0, 1.0), (7.0, 7.0)),
            targets=((5.0, 1.0), (7.0, 7.0)),
            settings=DragSettings(steps=9),
            keep_every=2,
        ),
    ]
    stage.answer(frame("preview", 1), frame("kept", 2), to=Drag)
    assert canvas.preview == RESULT and canvas.kept == [2] and client.drawn_steps == [1]
    assert (stage.state, edit.status.fraction) == ("dragging", 0.75)
    assert edit.status.message == "Dragging: step 2, 1.0 px to go"
    assert edit.status.points == ((4.0, 1.0), (7.0, 7.0))
    stage.finish()
    assert canvas.results == [(RESULT, "DragGAN critters, step 3")] and canvas.preview is None
    assert stage.state == "done" and not edit.busy
    assert edit.status.message == "All handles have reached their targets, after 3 steps."
    assert edit.status.outcome is not None and edit.status.fit == Ready("s", 30.0, "Good.")


def test_what_changed_comes_to_the_canvas_with_kept_steps_and_the_result(stage: Stage) -> None:
    first, second = (Image("gray8", 8, 8, bytes([value]) * 64) for value in (0, 255))
    stage.open()
    stage.answer(replace(frame("kept", 2), changed=first), to=Drag)
    stage.answer(replace(frame("result", 3), changed=second), to=Drag)
    assert stage.canvas.changed == [first, second]


def test_a_press_before_the_connection_is_there_waits_for_it(alone: Stage) -> None:
    alone.edit.start(OPTIONS)
    assert alone.state == "connecting" and alone.client.sent == []
    alone.connect()
    assert len(alone.client.said(Open)) == 1


def test_an_edit_on_a_client_that_was_welcomed_earlier_starts_at_once(alone: Stage) -> None:
    alone.client.connect()  # and the event is not polled yet
    alone.edit.start(OPTIONS)
    alone.poll()
    assert len(alone.client.said(Open)) == 1


def test_without_a_daemon_it_fails_after_a_while_in_its_words(alone: Stage) -> None:
    alone.client.lose(Lost(NoDaemon("No daemon answers.", hint="Start it.")))
    alone.edit.start(OPTIONS)
    alone.poll()
    alone.clock.now += PATIENCE - 0.1
    alone.poll()
    assert alone.state == "connecting"
    alone.clock.now += 0.2
    alone.poll()
    assert alone.state == "failed"
    assert (alone.edit.status.message, alone.edit.status.hint) == (
        "No daemon answers.",
        "Start it.",
    )
    alone.edit.start(OPTIONS)
    alone.connect()
    assert alone.state == "opening"


def test_a_daemon_of_another_protocol_ends_the_edit_at_once(alone: Stage) -> None:
    alone.edit.start(OPTIONS)
    alone.client.lose(Refused(WrongProtocol("Too old.", hint="Update the daemon.")))
    alone.poll()
    assert alone.state == "failed" and alone.edit.status.hint == "Update the daemon."


def test_the_same_pixels_are_dragged_again_without_opening(stage: Stage) -> None:
    stage.open()
    stage.finish()
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-1] == Seek(session="s", step=0)
    stage.answer(frame("result", 0, SOURCE), to=Seek)
    assert isinstance(stage.client.sent[-1], Drag) and len(stage.client.said(Open)) == 1
    assert len(stage.canvas.results) == 1  # what is only passed by is no result
    stage.finish()
    assert len(stage.canvas.results) == 2


def test_a_result_is_dragged_on_from_where_it_stands(stage: Stage) -> None:
    stage.open()
    stage.finish()
    stage.canvas.image = RESULT
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Drag) and not stage.client.said(Seek)


def test_what_a_new_drag_drops_from_the_timeline_must_be_opened_again(stage: Stage) -> None:
    stage.open()
    stage.finish()
    stage.edit.start(OPTIONS)
    stage.answer(frame("result", 0, SOURCE), to=Seek)
    stage.finish(image=Image("rgb8", 8, 8, b"2" * 192))
    stage.canvas.image = RESULT
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Open)


@pytest.mark.parametrize("change", ["pixels", "model", "quality"])
def test_another_picture_model_or_quality_opens_anew(change: str, stage: Stage) -> None:
    stage.open()
    stage.finish()
    options = OPTIONS
    if change == "pixels":
        stage.canvas.image = Image("rgb8", 8, 8, b"o" * 192)
    elif change == "model":
        options = EditOptions(model="other")
    else:
        options = EditOptions(model="critters", quality="best")
    stage.edit.start(options)
    assert stage.client.sent[-2] == Close(session="s") and isinstance(stage.client.sent[-1], Open)


def test_stop_while_dragging_keeps_what_is_there(stage: Stage) -> None:
    stage.open()
    stage.edit.stop()
    assert stage.client.sent[-1] == Stop(session="s") and stage.state == "stopping"
    stage.answer(State("s", "stopping"), to=Stop)
    stage.answer(frame("result", 1), Done("s", "stopped", 1, 9.0, ()), to=Drag)
    assert stage.state == "done" and len(stage.canvas.results) == 1
    assert stage.edit.status.message == "Stopped after 1 step; what was reached is kept."


def test_stop_while_opening_ends_in_peace(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.stop()
    stage.answer(Closed("s", "stopped"), to=Open)
    assert (stage.state, stage.edit.status.message) == ("idle", "Stopped.")
    stage.open()
    assert len(stage.client.said(Open)) == 2


def test_stop_before_the_session_has_a_name_is_sent_when_it_has(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.edit.stop()
    assert not stage.client.said(Stop)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    assert stage.client.sent[-1] == Stop(session="s")


def test_stop_that_comes_too_late_for_the_opening_does_not_drag(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.stop()
    stage.answer(Ready("s"), to=Open)
    assert stage.state == "idle" and not stage.client.said(Drag)


def test_stop_while_connecting_gives_up(alone: Stage) -> None:
    alone.edit.start(OPTIONS)
    alone.edit.stop()
    alone.connect()
    assert alone.state == "idle" and alone.client.sent == []


def test_a_second_press_while_busy_changes_nothing(stage: Stage) -> None:
    stage.open()
    sent = list(stage.client.sent)
    stage.edit.start(OPTIONS)
    assert stage.client.sent == sent


def test_the_daemons_refusal_is_shown_in_its_words(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.answer(Error("unknown_model", "No such model.", "Choose another."), to=Open)
    status = stage.edit.status
    assert (status.state, status.message, status.hint) == (
        "failed",
        "No such model.",
        "Choose another.",
    )
    assert status.error is not None and status.error.code == "unknown_model"


def test_a_session_that_the_daemon_forgot_is_opened_again_at_the_next_press(stage: Stage) -> None:
    stage.open()
    stage.answer(Error("unknown_session", "No such session.", "", "s"), to=Drag)
    assert stage.state == "failed"
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Open) and not stage.client.said(Close)


def test_a_refusal_of_something_long_past_is_not_the_edits(stage: Stage) -> None:
    stage.open()
    stage.finish()
    stage.canvas.image = Image("rgb8", 8, 8, b"o" * 192)
    stage.edit.start(OPTIONS)
    stage.answer(Error("unknown_session", "No such session.", "", "s"), to=Close)
    assert stage.state == "opening"


LOST = Lost(NoDaemon("Gone.", hint="Wait."))
BUSY = Error("busy", "The session is still at work.")


def test_a_short_loss_is_survived_by_a_resumed_session(stage: Stage) -> None:
    stage.open()
    stage.client.lose(LOST)
    stage.poll()
    gone = "The connection is gone; the drag goes on as soon as it is back..."
    assert stage.edit.status.message == gone
    stage.client.connect(resumed=("s",))
    stage.poll()
    assert stage.state == "dragging" and stage.client.sent[-2] == Credit("s", 3)
    assert stage.edit.status.message == "The connection is back; going on..."
    stage.answer(BUSY, to=Seek)  # it was asked whether it is at work
    stage.finish()
    assert stage.state == "done"


def test_a_drag_lost_on_its_way_is_sent_again(stage: Stage) -> None:
    stage.open()
    stage.client.lose(LOST)
    stage.client.connect(resumed=("s",))
    stage.poll()
    stage.answer(frame("result", 0, SOURCE), to=Seek)  # so it is not at work
    assert len(stage.client.said(Drag)) == 2 and isinstance(stage.client.sent[-1], Drag)
    stage.finish()
    assert stage.state == "done" and len(stage.canvas.results) == 1


def test_a_drag_that_ends_while_it_is_asked_after_is_saved_as_it_ended(stage: Stage) -> None:
    stage.open()
    stage.edit.stop()
    stage.answer(State("s", "idle"), to=Stop)
    stage.finish()
    stage.answer(frame("result", 0, SOURCE), to=Seek)  # the question took it to the beginning
    assert stage.client.sent[-1] == Seek(session="s", step=3)
    stage.answer(frame("result", 3), to=Seek)
    stage.answer(Saved("s", Blob(b"the end"), 3), to=Save)
    assert (stage.state, stage.edit.saved) == ("done", b"the end")


def test_stopping_a_drag_that_the_daemon_never_got_ends_it(stage: Stage) -> None:
    stage.open()
    stage.edit.stop()
    stage.answer(State("s", "idle"), to=Stop)
    assert stage.state == "stopping"  # its end may be on the way
    stage.answer(frame("result", 0, SOURCE), to=Seek)
    assert (stage.state, stage.edit.status.message) == ("idle", "Stopped.")


def test_a_daemon_that_came_back_without_the_session_ends_the_edit(stage: Stage) -> None:
    stage.open()
    stage.client.lose(LOST)
    stage.client.connect()
    stage.poll()
    assert stage.state == "failed" and stage.edit.status.hint == "Press Drag again."
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Open)


def test_a_drag_outlasts_a_daemon_that_is_started_again(stage: Stage) -> None:
    stage.open()
    stage.client.lose(LOST)
    stage.poll()
    stage.clock.now += PATIENCE_AT_WORK - 1
    stage.poll()
    assert stage.state == "dragging"
    stage.client.connect(resumed=("s",))
    stage.poll()
    stage.answer(BUSY, to=Seek)
    stage.finish()
    assert stage.state == "done"


def test_a_refusal_while_the_daemon_comes_back_is_no_verdict_on_the_drag(stage: Stage) -> None:
    stage.open()
    stage.client.lose(LOST)
    stage.client.lose(Refused(AccessRefused("Something else answers.", hint="It may pass.")))
    stage.poll()
    gone = "The connection is gone; the drag goes on as soon as it is back..."
    assert (stage.state, stage.edit.status.message) == ("dragging", gone)
    stage.client.connect(resumed=("s",))
    stage.poll()
    stage.answer(BUSY, to=Seek)
    stage.finish()
    assert stage.state == "done"


def test_a_long_loss_ends_the_edit(stage: Stage) -> None:
    stage.open()
    stage.client.lose(LOST)
    stage.poll()
    stage.clock.now += PATIENCE_AT_WORK + 1
    stage.poll()
    assert (stage.state, stage.edit.status.message) == ("failed", "Gone.")


def test_what_was_given_up_without_a_connection_is_not_in_the_next_drags_way(stage: Stage) -> None:
    stage.open()
    stage.client.lose(LOST)
    stage.poll()
    stage.edit.stop()
    stage.answer(Error("connection_lost", "There is no connection."), to=Stop)
    assert stage.state == "failed"
    stage.edit.start(OPTIONS)
    stage.client.connect(resumed=("s",))  # where the daemon has gone on dragging
    stage.poll()
    assert stage.client.said(Close) == [Close("s")]
    assert isinstance(stage.client.sent[-1], Open)
    assert stage.client.sent[-1].saved == Blob(b"saved at 0")


def test_a_picture_lost_on_the_way_is_sent_again(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.client.lose(LOST)
    stage.client.connect()
    stage.poll()
    assert stage.state == "opening" and len(stage.client.said(Open)) == 2


def test_a_loss_between_edits_is_nobodys_failure(stage: Stage) -> None:
    stage.open()
    stage.finish()
    stage.client.lose(LOST)
    stage.client.connect(resumed=("s",))
    stage.poll()
    assert stage.state == "done"
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Seek)


def test_a_daemon_that_ends_is_told(stage: Stage) -> None:
    stage.open()
    stage.answer(Closed("s", "shutdown"), to=Drag)
    assert stage.state == "failed"


def test_a_late_preview_of_an_older_drag_is_not_shown_but_its_credit_comes_back(
    stage: Stage,
) -> None:
    stage.open()
    stage.finish()
    stage.answer(frame("preview", 2), to=Drag)
    assert stage.canvas.preview is None and stage.client.drawn_steps == [2]


def test_a_canvas_that_fails_stops_the_drag_and_says_so(stage: Stage) -> None:
    stage.open()
    stage.canvas.broken = RuntimeError("layer is gone")
    stage.answer(frame("preview", 1), to=Drag)
    assert stage.state == "failed" and "layer is gone" in stage.edit.status.message
    assert stage.client.sent[-1] == Stop(session="s") and stage.client.drawn_steps == [1]
    stage.finish()
    assert stage.canvas.results == []


def test_a_canvas_that_refuses_in_words_is_quoted(stage: Stage) -> None:
    stage.open()
    stage.canvas.broken = BadInput("The layer is locked.", hint="Unlock it.")
    stage.answer(frame("preview", 1), to=Drag)
    assert stage.edit.status.message == "The layer is locked."


PIN: Handle = ((1.0, 1.0), (1.0, 1.0))
BAD_HANDLES: dict[str, tuple[list[Handle], str]] = {
    "none": ([], "There are no handles."),
    "pins only": ([PIN], "All handles are pins"),
    "outside": ([((1.0, 1.0), (8.5, 1.0))], r"\(8.5, 1\) lies outside the picture of 8 x 8"),
    "not a number": ([((float("nan"), 1.0), (2.0, 1.0))], "lies outside"),
    "too many": ([((1.0, 1.0), (2.0, 1.0))] * 65, "more than 64"),
}


@pytest.mark.parametrize("name", BAD_HANDLES)
def test_handles_that_cannot_be_dragged_are_refused_before_anything_is_sent(
    name: str, stage: Stage
) -> None:
    stage.canvas.handles, words = BAD_HANDLES[name]
    stage.edit.start(OPTIONS)
    assert stage.state == "failed" and stage.client.sent == []
    with pytest.raises(BadInput, match=words):
        assert stage.edit.status.error
        raise stage.edit.status.error


@pytest.mark.parametrize(
    "mask", [Image("gray8", 8, 8, bytes(64)), Image("gray8", 4, 4, b"x" * 16), SOURCE]
)
def test_a_mask_that_allows_nothing_or_does_not_fit_is_refused(mask: Image, stage: Stage) -> None:
    stage.canvas.mask = mask
    stage.edit.start(OPTIONS)
    assert stage.state == "failed" and isinstance(stage.edit.status.error, BadInput)


def test_the_selection_travels_with_the_drag(stage: Stage) -> None:
    stage.canvas.mask = Image("gray8", 8, 8, b"\xff" * 64)
    stage.open()
    assert stage.client.sent[-1].mask == stage.canvas.mask  # type: ignore[union-attr]


def test_waiting_for_another_edit_is_said(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), State("s", "queued"), to=Open)
    assert stage.edit.status.message == "Waiting for another edit to finish..."


def test_closing_gives_the_session_back(stage: Stage) -> None:
    stage.open()
    stage.finish()
    stage.edit.close()
    assert stage.client.sent[-1] == Close(session="s")
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Open)


def test_nothing_that_the_client_raises_escapes(stage: Stage) -> None:
    def refuse(message: Message) -> int:
        raise BadMessage("Not like this.", hint="Otherwise.")

    stage.client.send = refuse  # type: ignore[method-assign]
    stage.edit.start(OPTIONS)
    assert (stage.state, stage.edit.status.hint) == ("failed", "Otherwise.")
