"""An edit whose picture can be dragged before its model has learnt all of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from draggan_wire.client import Lost
from draggan_wire.edit_status import Likeness
from draggan_wire.errors import ConnectionLost
from draggan_wire.messages import (
    Blob,
    Done,
    Drag,
    Envelope,
    Frame,
    Open,
    Opened,
    Pasting,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
    Stop,
)

from .edit_stage import OPTIONS, RESULT, SOURCE, Stage, frame

OPENED = Opened("s", "t", 8, 8)
FIRST = Ready("s", 24.0, "Fair.", final=False, likeness=0.6)
FINAL = Ready("s", 31.0, "Good.", step=0, last=0, likeness=0.7)
ALIKE = Frame("s", 1, "likeness", 0, RESULT)


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.connect()
    return stage


def prepared(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(OPENED, FIRST, to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)


def test_a_drag_starts_at_the_first_ready(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.answer(OPENED, FIRST, to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)
    assert stage.state == "dragging" and stage.client.said(Drag)
    assert stage.edit.status.fit == FIRST


def patiently(stage: Stage) -> None:
    stage.edit.start(replace(OPTIONS, patient=True))
    stage.answer(OPENED, FIRST, to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)


def test_a_patient_drag_waits_for_all_that_can_be_learnt(stage: Stage) -> None:
    patiently(stage)
    stage.poll()
    assert stage.state == "opening" and "closer" in stage.edit.status.message
    assert not stage.client.said(Drag)
    stage.answer(FINAL, to=Open)
    assert stage.state == "dragging" and len(stage.client.said(Drag)) == 1


def test_a_patient_drag_waits_for_a_picture_that_was_opened_ahead(stage: Stage) -> None:
    prepared(stage)
    stage.edit.start(replace(OPTIONS, patient=True))
    stage.poll()
    assert stage.state == "opening" and not stage.client.said(Drag)
    stage.client.events.append(Envelope(Ready("s")))  # all that a loss has left to be said
    stage.poll()
    assert stage.client.said(Drag)


def test_a_patient_drag_that_waits_is_stopped_at_once(stage: Stage) -> None:
    patiently(stage)
    stage.edit.stop()
    assert stage.state == "idle"
    stage.answer(FINAL, to=Open)
    assert stage.state == "idle" and not stage.client.said(Drag)


def test_a_patient_drag_whose_picture_is_known_well_begins_at_once(stage: Stage) -> None:
    stage.edit.start(replace(OPTIONS, patient=True))
    stage.answer(OPENED, FINAL, to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"learnt"), 0), to=Save)
    assert stage.state == "dragging"


def test_a_patient_drag_goes_on_waiting_after_the_connection_was_lost(stage: Stage) -> None:
    patiently(stage)
    stage.client.lose(Lost(ConnectionLost("Gone.")))
    stage.poll()
    assert stage.state == "opening" and "gone" in stage.edit.status.message
    stage.client.connect(resumed=("s",))
    stage.poll()
    stage.answer(FINAL, to=Open)
    assert stage.client.said(Drag)


def test_a_picture_opened_ahead_is_idle_while_the_model_learns(stage: Stage) -> None:
    prepared(stage)
    assert stage.state == "idle" and "goes on learning" in stage.edit.status.message
    stage.answer(FINAL, to=Open)
    assert stage.edit.status.message == "The model has read the picture."


def test_the_final_ready_updates_what_is_said_of_the_fit(stage: Stage) -> None:
    prepared(stage)
    stage.answer(FINAL, to=Open)
    assert stage.edit.status.fit == FINAL


def test_what_is_saved_is_saved_again_when_all_is_learnt(stage: Stage) -> None:
    prepared(stage)
    stage.answer(FINAL, to=Open)
    stage.answer(Saved("s", Blob(b"learnt"), 0), to=Save)
    assert len(stage.client.said(Save)) == 2 and stage.edit.saved == b"learnt"


def test_the_final_ready_in_the_middle_of_a_drag_changes_nothing_of_it(stage: Stage) -> None:
    prepared(stage)
    stage.edit.start(OPTIONS)
    stage.poll()
    stage.answer(frame("preview", 2), to=Drag)
    before = stage.edit.status
    stage.answer(replace(FINAL, step=2, last=2), to=Open)
    now = stage.edit.status
    assert now == replace(before, fit=now.fit) and now.fit is not None and now.fit.final
    assert (now.fit.psnr, now.fit.verdict) == (31.0, "Good.")
    stage.finish()
    assert stage.state == "done"


def test_a_final_ready_without_figures_leaves_what_was_known(stage: Stage) -> None:
    """As from a daemon that has lost what was still to be learnt."""
    prepared(stage)
    stage.client.events.append(Envelope(Ready("s")))
    stage.poll()
    assert stage.edit.status.fit == replace(FIRST, final=True)


def test_a_final_ready_too_many_is_nobodys_business(stage: Stage) -> None:
    stage.open()
    stage.finish()
    before = stage.edit.status
    stage.client.events.append(Envelope(Ready("s")))
    stage.poll()
    assert stage.edit.status == before and len(stage.client.said(Save)) == 2


def test_of_a_session_that_was_given_up_nothing_is_heard(stage: Stage) -> None:
    prepared(stage)
    before = stage.edit.status
    stage.client.events.append(Envelope(replace(FINAL, session="other")))
    stage.poll()
    assert stage.edit.status == before


def test_the_likeness_is_in_the_status_and_its_credit_is_given_back(stage: Stage) -> None:
    stage.edit.prepare(OPTIONS)
    stage.answer(OPENED, Progress("s", "w", 1, 9, 12.0), ALIKE, to=Open)
    assert stage.edit.status.likeness == Likeness(RESULT)
    assert stage.client.drawn_steps == [0] and stage.canvas.preview is None
    stage.answer(replace(ALIKE, seq=2, image=SOURCE), FIRST, to=Open)
    assert stage.edit.status.likeness == Likeness(SOURCE, "Fair.", 0.6)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)
    stage.answer(replace(ALIKE, seq=3), FINAL, to=Open)
    assert stage.edit.status.likeness == Likeness(RESULT, "Good.", 0.7)


def test_the_likeness_of_another_picture_is_not_shown(stage: Stage) -> None:
    prepared(stage)
    stage.answer(ALIKE, to=Open)
    stage.canvas.image = RESULT
    stage.edit.prepare(OPTIONS)
    stage.poll()
    assert stage.edit.status.likeness is None


def test_the_likeness_stays_while_its_picture_is_dragged(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.answer(OPENED, ALIKE, FIRST, to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)
    stage.finish()
    stage.edit.start(OPTIONS)
    stage.poll()
    assert stage.edit.status.likeness == Likeness(RESULT, "Fair.", 0.6)


def test_how_it_is_pasted_is_said_with_the_drag_and_with_each_look(stage: Stage) -> None:
    wanted = Pasting("all", detail=False)
    stage.edit.start(replace(OPTIONS, paste=wanted))
    stage.answer(OPENED, FIRST, to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)
    stage.finish()
    assert stage.client.said(Drag)[0].paste == wanted
    stage.edit.look(1)
    assert stage.client.said(Seek)[-1].paste == wanted
    stage.answer(frame("result", 1), to=Seek)
    stage.edit.paste(Pasting(seam=True))
    stage.edit.look(1)
    assert stage.client.said(Seek)[-1].paste == Pasting(seam=True)


def test_a_picture_is_opened_at_its_angle_and_again_at_another(stage: Stage) -> None:
    stage.edit.prepare(replace(OPTIONS, angle=-30.0))
    stage.answer(OPENED, FIRST, to=Open)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)
    assert [o.angle for o in stage.client.said(Open)] == [-30.0]
    stage.edit.start(replace(OPTIONS, angle=15.0))
    stage.poll()
    assert [o.angle for o in stage.client.said(Open)] == [-30.0, 15.0]


def test_stopping_an_opening_that_is_ready_by_then_leaves_an_idle_edit(stage: Stage) -> None:
    stage.edit.start(OPTIONS)
    stage.answer(OPENED, to=Open)
    stage.edit.stop()
    assert stage.client.said(Stop)
    stage.answer(FIRST, to=Open)
    assert stage.state == "idle" and not stage.client.said(Drag)
    stage.rest()
    stage.answer(Saved("s", Blob(b"at first"), 0), to=Save)
    stage.answer(FINAL, to=Open)
    assert stage.state == "idle" and not stage.client.said(Done)
