"""A picture that is opened ahead of the drag, and one that the model makes up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from draggan_wire.client import Lost, Refused
from draggan_wire.edit import PATIENCE
from draggan_wire.errors import BadInput, NoDaemon, WrongProtocol
from draggan_wire.messages import (
    Blob,
    Close,
    Closed,
    Credit,
    Done,
    Drag,
    Error,
    Image,
    Open,
    Opened,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
    Stop,
)

from .edit_stage import OPTIONS, RESULT, SOURCE, Stage, frame

OTHER = Image("rgb8", 8, 8, b"o" * 192)
READ = "The model has read the picture."
LOST = Lost(NoDaemon("Gone.", hint="Wait."))


@pytest.fixture(params=["client", "line"])
def alone(request: pytest.FixtureRequest) -> Stage:
    """Without a connection yet; on a client of its own, and on a line of an exchange."""
    return Stage(on_a_line=request.param == "line")


@pytest.fixture
def stage(alone: Stage) -> Stage:
    alone.connect()
    return alone


def prepared(stage: Stage) -> None:
    """From the wish to the opened picture."""
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), Ready("s", 30.0, "Good."), to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved at 0"), 0), to=Save)


def test_a_picture_is_opened_without_any_handles(stage: Stage) -> None:
    stage.canvas.handles = []
    stage.edit.prepare(OPTIONS)
    assert stage.client.sent == [Open(model="critters", image=SOURCE, quality="balanced")]
    stage.answer(Opened("s", "t", 8, 8), Progress("s", "inverting", 3, 12), to=Open)
    status = stage.edit.status
    assert (status.state, status.message) == ("opening", "Reading the picture: 3 of 12")
    assert status.fraction == 0.25 and stage.edit.preparing and not stage.edit.busy
    stage.answer(Ready("s", 30.0, "Good."), to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    assert (stage.state, stage.edit.status.message) == ("idle", READ)
    assert stage.edit.status.fit == Ready("s", 30.0, "Good.") and not stage.edit.preparing
    assert stage.edit.saved == b"saved" and not stage.client.said(Drag)


def test_what_is_opened_is_dragged_at_once(stage: Stage) -> None:
    prepared(stage)
    stage.edit.start(OPTIONS, at=0)
    assert isinstance(stage.client.sent[-1], Drag) and stage.edit.busy
    stage.finish()
    assert stage.state == "done" and len(stage.client.said(Open)) == 1


@pytest.mark.parametrize("moment", ["before it has a name", "while it is read", "before it rests"])
def test_a_drag_takes_over_what_is_being_opened(moment: str, stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    answers = [Opened("s", "t", 8, 8), Progress("s", "inverting", 3, 12), Ready("s")]
    early = {"before it has a name": 0, "while it is read": 2, "before it rests": 3}[moment]
    stage.answer(*answers[:early], to=Open)
    words = stage.edit.status.message
    stage.edit.start(OPTIONS, at=0)
    assert stage.edit.busy and not stage.edit.preparing
    assert (stage.state, stage.edit.status.message) == ("opening", words)
    stage.answer(*answers[early:], to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    kinds = [type(message) for message in stage.client.sent]
    assert kinds == [Open, Credit, Save, Drag]
    stage.finish()
    assert stage.state == "done" and len(stage.canvas.results) == 1


def test_a_drag_that_took_over_can_be_stopped(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.start(OPTIONS)
    stage.edit.stop()
    assert stage.state == "stopping" and stage.edit.busy
    stage.answer(Closed("s", "stopped"), to=Open)
    assert (stage.state, stage.edit.status.message) == ("idle", "Stopped.")


def test_a_drag_that_took_over_fails_like_any_other(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.edit.start(OPTIONS)
    stage.answer(Error("unknown_model", "No such model.", "Choose another."), to=Open)
    assert (stage.state, stage.edit.status.hint) == ("failed", "Choose another.")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("change", ["pixels", "model"])
def test_with_another_picture_what_was_opened_ahead_is_given_up(
    change: str, named: bool, stage: Stage
) -> None:
    stage.edit.prepare(OPTIONS)
    opened = Opened("s", "t", 8, 8)
    if named:
        stage.answer(opened, to=Open)
    first = stage.client.said(Open)[0]
    if change == "pixels":
        stage.canvas.image = OTHER
    stage.edit.start(OPTIONS if change == "pixels" else replace(OPTIONS, model="other"))
    assert stage.edit.busy and stage.state == "opening"
    second = stage.client.said(Open)[1]
    assert (second.image == OTHER) if change == "pixels" else (second.model == "other")
    assert first != second and stage.client.said(Close) == ([Close("s")] if named else [])


def test_a_session_that_gets_its_name_too_late_is_closed(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.client.say(Opened("late", "t", 8, 8), to=Open)
    stage.canvas.image = OTHER
    stage.edit.start(OPTIONS)
    stage.poll()
    assert stage.client.said(Close) == [Close("late")]
    stage.answer(Opened("s", "t", 8, 8), Ready("s"), to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    assert stage.client.said(Drag)[0].session == "s"


def test_another_wish_to_prepare_gives_the_first_one_up(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.prepare(replace(OPTIONS, quality="fast"))
    assert stage.client.sent[-2] == Close("s") and stage.client.sent[-1].quality == "fast"
    assert stage.edit.preparing and stage.state == "opening"


def test_the_same_wish_twice_is_one(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.edit.prepare(OPTIONS)
    prepared(stage)
    stage.edit.prepare(OPTIONS)
    assert len(stage.client.said(Open)) == 1
    assert (stage.state, stage.edit.status.message) == ("idle", READ)


def test_what_is_dragged_already_needs_no_preparation(stage: Stage) -> None:
    stage.open()
    sent = list(stage.client.sent)
    stage.edit.prepare(replace(OPTIONS, quality="fast"))  # busy
    assert stage.client.sent == sent and stage.state == "dragging"
    stage.finish()
    stage.canvas.image = RESULT
    stage.edit.prepare(OPTIONS)
    assert len(stage.client.said(Open)) == 1 and stage.state == "done"


@pytest.mark.parametrize("named", [True, False])
def test_stop_ends_a_preparation(named: bool, stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    opened = Opened("s", "t", 8, 8)
    if named:
        stage.answer(opened, to=Open)
    stage.edit.stop()
    assert not stage.edit.busy
    if not named:
        stage.answer(opened, to=Open)
    assert stage.client.sent[-1] == Stop("s")
    stage.answer(Closed("s", "stopped"), to=Open)
    assert stage.state == "idle" and not stage.edit.preparing


def test_a_drag_while_a_preparation_is_being_stopped_opens_anew(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.stop()
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-2] == Close("s") and isinstance(stage.client.sent[-1], Open)
    stage.answer(Opened("s2", "t", 8, 8), Ready("s2"), to=Open)
    stage.answer(Saved("s2", Blob(b"saved"), 0), to=Save)
    assert stage.client.said(Drag)[0].session == "s2"


def test_close_gives_a_preparation_back(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.close()
    assert stage.client.sent[-1] == Close("s")
    assert stage.state == "idle" and not stage.edit.preparing


def test_a_refused_preparation_is_no_failure(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Error("unknown_model", "No such model.", "Choose another."), to=Open)
    status = stage.edit.status
    assert (status.state, status.message, status.hint) == (
        "idle",
        "No such model.",
        "Choose another.",
    )
    assert not stage.edit.preparing and not stage.edit.busy
    stage.edit.start(OPTIONS)
    stage.answer(Error("unknown_model", "No such model.", "Choose another."), to=Open)
    assert stage.state == "failed"


def test_a_picture_that_cannot_be_read_is_no_failure_either(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Image:
        raise BadInput("The layer is gone.", hint="Choose another.")

    monkeypatch.setattr(stage.canvas, "read_image", refuse)
    stage.edit.prepare(OPTIONS)
    status = stage.edit.status
    assert (status.state, status.message) == ("idle", "The layer is gone.")
    assert stage.client.sent == [] and not stage.edit.preparing


def test_a_press_that_is_refused_lets_the_preparation_go_on(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.canvas.handles = [((1.0, 1.0), (1.0, 1.0))]
    stage.edit.start(OPTIONS)
    refused = "All handles are pins, so nothing would move."
    assert stage.edit.status.message == refused and stage.edit.preparing
    stage.answer(Opened("s", "t", 8, 8), Ready("s"), to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    assert (stage.state, len(stage.client.said(Open))) == ("idle", 1)
    stage.canvas.handles = [((1.0, 1.0), (5.0, 1.0))]
    stage.edit.start(OPTIONS)
    assert isinstance(stage.client.sent[-1], Drag)


def test_a_refusal_stays_to_be_read_while_the_picture_is_opened(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.canvas.handles = []
    stage.edit.start(OPTIONS)
    stage.answer(Progress("s", "inverting", 6, 12), to=Open)
    assert stage.edit.status.message == "There are no handles."
    assert stage.edit.status.fraction == 0.5
    stage.answer(Ready("s"), to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    assert (stage.state, stage.edit.status.message) == ("idle", "There are no handles.")


def test_a_preparation_waits_for_the_connection(alone: Stage) -> None:
    alone.edit.prepare(OPTIONS)
    assert alone.state == "connecting" and not alone.edit.busy and alone.edit.preparing
    alone.connect()
    assert alone.state == "opening" and len(alone.client.said(Open)) == 1


def test_without_a_daemon_a_preparation_ends_in_peace(alone: Stage) -> None:
    alone.client.lose(LOST)
    alone.edit.prepare(OPTIONS)
    alone.poll()
    alone.clock.now += PATIENCE + 1
    alone.poll()
    assert (alone.state, alone.edit.status.message) == ("idle", "Gone.")


def test_a_press_while_a_preparation_waits_has_patience_of_its_own(alone: Stage) -> None:
    alone.edit.prepare(OPTIONS)
    alone.clock.now += PATIENCE - 1
    alone.edit.start(OPTIONS)
    alone.clock.now += 2
    alone.poll()
    assert alone.state == "connecting" and alone.edit.busy
    alone.clock.now += PATIENCE
    alone.poll()
    assert alone.state == "failed"


def test_a_daemon_of_another_protocol_ends_a_preparation_in_peace(alone: Stage) -> None:
    alone.edit.prepare(OPTIONS)
    alone.client.lose(Refused(WrongProtocol("Too old.", hint="Update the daemon.")))
    alone.poll()
    assert (alone.state, alone.edit.status.hint) == ("idle", "Update the daemon.")


def test_a_short_loss_is_survived(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.client.lose(LOST)
    stage.poll()
    assert stage.edit.status.message == "The connection is gone; trying again..."
    stage.client.connect(resumed=("s",))
    stage.answer(Ready("s"), to=Open)
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    assert (stage.state, stage.edit.status.message) == ("idle", READ)


def test_a_daemon_that_forgot_the_session_is_no_failure(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.client.lose(LOST)
    stage.client.connect()
    stage.poll()
    assert stage.state == "idle" and not stage.edit.preparing
    stage.edit.start(OPTIONS)
    assert len(stage.client.said(Open)) == 2


def test_what_was_opened_ahead_is_had_back_from_a_daemon_that_was_restarted(stage: Stage) -> None:
    prepared(stage)
    stage.client.lose(LOST)
    stage.client.connect()
    stage.poll()
    stage.edit.start(OPTIONS)
    assert stage.client.sent[-1].saved == Blob(b"saved at 0")


def test_saved_data_that_are_refused_give_way_to_the_picture(stage: Stage) -> None:
    prepared(stage)
    stage.client.lose(LOST)
    stage.client.connect()
    stage.poll()
    stage.edit.prepare(OPTIONS)
    stage.answer(Error("bad_input", "These are of another model.", ""), to=Open)
    assert stage.edit.preparing and stage.client.sent[-1].image == SOURCE
    stage.answer(Opened("s2", "t", 8, 8), Ready("s2"), to=Open)
    stage.answer(Saved("s2", Blob(b"again"), 0), to=Save)
    assert (stage.state, stage.edit.status.message) == ("idle", READ)


def test_nothing_is_looked_at_while_a_picture_is_opened(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.look(0)
    assert not stage.client.said(Seek)


def test_an_edit_of_another_day_goes_before(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.edit.restore(OPTIONS, b"of another day")
    assert stage.edit.busy and stage.client.sent[-2] == Close("s")
    assert stage.client.sent[-1].saved == Blob(b"of another day")


# A picture that the model makes up.

SEEDED = replace(OPTIONS, seed=7)


def test_a_made_up_picture_of_another_day_is_opened_without_one(stage: Stage) -> None:
    stage.edit.restore(SEEDED, b"data")
    assert stage.client.sent[-1] == Open(model="critters", saved=Blob(b"data"))


def test_of_a_picture_that_is_made_up_only_the_number_is_sent(stage: Stage) -> None:
    stage.edit.start(SEEDED)
    assert stage.client.sent == [Open(model="critters", seed=7, quality="balanced")]
    stage.answer(Opened("s", "t", 8, 8), Ready("s"), to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    stage.answer(frame("result", 3), Done("s", "reached", 3, 9.0, ()), to=Drag)
    assert stage.state == "done" and len(stage.canvas.results) == 1


def test_a_picture_that_is_made_up_is_dragged_on_whatever_the_canvas_holds(stage: Stage) -> None:
    stage.edit.start(SEEDED)
    stage.answer(Opened("s", "t", 8, 8), Ready("s"), to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"saved"), 0), to=Save)
    stage.finish()
    stage.canvas.image = OTHER
    stage.edit.start(SEEDED, at=3)
    assert isinstance(stage.client.sent[-1], Drag) and len(stage.client.said(Open)) == 1
    stage.finish(step=5)
    stage.edit.start(replace(SEEDED, seed=8))
    assert stage.client.sent[-1].seed == 8


def test_a_model_that_makes_pictures_of_another_size_is_refused_in_words(stage: Stage) -> None:
    stage.edit.start(SEEDED)
    stage.answer(Opened("s", "t", 256, 128), Ready("s"), to=Open)
    assert stage.state == "failed" and stage.client.sent[-1] == Close("s")
    assert stage.edit.status.message.startswith("The model makes pictures of 256 x 128 pixels")
    assert not stage.client.said(Drag)
