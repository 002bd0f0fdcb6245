"""What every kind of worker keeps to: turns, stopping, credit, records, failures."""

from __future__ import annotations

import time
from dataclasses import asdict, replace

import pytest
from draggan_daemon.worker import Coding, Record, Snapshot
from draggan_wire.errors import Busy, UnknownSession
from draggan_wire.messages import (
    Closed,
    Done,
    Error,
    Frame,
    Open,
    Ready,
    Save,
    Saved,
    Seek,
    State,
)

from . import worker_stage
from .worker_stage import Heard, Start, drag

start = worker_stage.start


def test_a_job_tells_its_story_in_order(start: Start) -> None:
    heard = start()
    heard.open()
    heard.worker.drag(drag(keep_every=4), 2)
    heard.until(Done)
    heard.until(State, count=4)
    said = [(event.message.op, event.re) for event in heard.events]
    opening = [("state", 1), *[("progress", 1)] * 3, ("ready", 1), ("state", None)]
    dragging = [("state", 2), *[("frame", 2)] * 3, ("done", 2), ("state", None)]
    assert said == opening + dragging
    assert [s.state for s in heard.of(State)] == ["opening", "idle", "dragging", "idle"]
    assert [f.kind for f in heard.of(Frame)] == ["kept", "kept", "result"]


def test_without_credit_no_preview_is_even_drawn(start: Start) -> None:
    heard = start()
    heard.open()
    heard.worker.drag(drag(preview_every_ms=0), 2)
    heard.until(Done)
    assert heard.engine.previews == 0


def test_one_credit_buys_one_preview_and_it_is_the_newest_step(start: Start) -> None:
    heard = start(seconds=0.02, drag_steps=30)
    heard.open()
    heard.worker.drag(drag(preview_every_ms=0), 2)
    heard.listen(lambda _: heard.engine.steps_taken >= 3 + 8)
    before = heard.engine.steps_taken - 3
    heard.worker.credit("a", 1)
    heard.until(Done)
    previews = [frame for frame in heard.of(Frame) if frame.kind == "preview"]
    assert len(previews) == 1 == heard.engine.previews
    assert before <= previews[0].step <= before + 2


def test_previews_keep_the_distance_that_the_client_asked_for(start: Start) -> None:
    heard = start(seconds=0.01, drag_steps=20)
    heard.open()
    heard.worker.credit("a", 8)
    heard.worker.drag(drag(preview_every_ms=60_000), 2)
    heard.until(Done)
    assert heard.engine.previews == 1
    heard.worker.drag(drag(preview_every_ms=None), 3)
    heard.until(Done, count=2)
    assert heard.engine.previews == 1


def test_a_stop_is_honoured_after_the_step_in_flight(start: Start) -> None:
    heard = start(seconds=0.05, drag_steps=100)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.listen(lambda _: heard.engine.steps_taken >= 3 + 2)
    taken = heard.engine.steps_taken
    assert heard.worker.stop("a")
    heard.until(Done)
    assert heard.of(Done)[0].reason == "stopped"
    assert heard.engine.steps_taken <= taken + 1
    assert heard.of(Frame)[-1].kind == "result"
    assert not heard.worker.stop("a")


def test_stopping_an_opening_ends_the_session(start: Start) -> None:
    heard = start(seconds=0.02, opening_steps=100)
    heard.worker.open("a", Open("tiny", seed=1), 1)
    heard.worker.stop("a")
    heard.until(Closed)
    assert heard.events[-1].ends_session
    heard.listen(lambda _: heard.engine.closed == ["a"])
    with pytest.raises(UnknownSession):
        heard.worker.drag(drag(), 2)


def test_a_busy_session_takes_no_second_job(start: Start) -> None:
    heard = start(seconds=0.02)
    heard.open()
    heard.worker.drag(drag(), 2)
    for job in (
        lambda: heard.worker.drag(drag(), 3),
        lambda: heard.worker.seek(Seek("a", 1), 3),
        lambda: heard.worker.save(Save("a"), 3),
    ):
        with pytest.raises(Busy):
            job()


def test_saving_is_one_answer_without_a_change_of_state(start: Start) -> None:
    heard = start()
    heard.open()
    heard.listen(lambda events: events[-1].message == State("a", "idle"))
    heard.events.clear()
    heard.worker.save(Save("a"), 7)
    heard.until(Saved)
    assert [(event.message.op, event.re) for event in heard.events] == [("saved", 7)]


def test_the_session_is_free_as_soon_as_its_client_can_know(start: Start) -> None:
    heard = start(drag_steps=1)
    heard.open()
    for request in range(2, 40):
        heard.worker.drag(drag(), request)
        heard.until(Done, count=request - 1)


def test_sessions_take_turns_step_by_step(start: Start) -> None:
    heard = start(seconds=0.01, drag_steps=10)
    heard.open("a")
    heard.open("b")
    before = len(heard.engine.turns)
    heard.worker.drag(drag("a"), 2)
    heard.worker.drag(drag("b"), 2)
    heard.until(Done, "a")
    heard.until(Done, "b")
    both = "".join(heard.engine.turns[before:])
    assert sorted(both) == sorted("ab" * 10)
    assert "aaaa" not in both and "bbbb" not in both


def test_a_refusal_keeps_its_code_and_leaves_the_session(start: Start) -> None:
    heard = start()
    heard.open()
    heard.worker.seek(Seek("a", 11), 2)
    heard.until(Error)
    assert heard.of(Error)[0].code == "bad_input" and heard.of(Error)[0].hint
    heard.worker.seek(Seek("a", 4), 3)
    heard.until(Frame)
    assert heard.of(Frame)[0].step == 4


@pytest.mark.parametrize(
    ("explosion", "code"), [("runtime", "engine_failed"), ("memory", "out_of_memory")]
)
def test_an_explosion_becomes_a_sentence(
    start: Start, caplog: pytest.LogCaptureFixture, explosion: str, code: str
) -> None:
    heard = start(explode=explosion)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.until(Error)
    error = heard.of(Error)[0]
    assert error.code == code and error.hint and "secret" not in error.sentence
    assert ("secret detail" in caplog.text) == (code == "engine_failed")
    heard.worker.seek(Seek("a", 4), 3)
    heard.until(Frame)


def test_a_closed_session_falls_silent_and_is_forgotten(start: Start) -> None:
    heard = start(seconds=0.01, drag_steps=1000)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.worker.close("a")
    heard.listen(lambda _: heard.engine.closed == ["a"])
    assert not heard.of(Done)
    with pytest.raises(UnknownSession):
        heard.worker.drag(drag(), 3)


def test_ending_finishes_jobs_in_good_order_and_takes_no_new_ones(start: Start) -> None:
    heard = start(seconds=0.02, drag_steps=1000)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.worker.end()
    heard.until(Done)
    assert heard.of(Done)[0].reason == "stopped"
    with pytest.raises(Busy, match="shutting down"):
        heard.worker.open("b", Open("tiny", seed=1), 3)


# What restores a session.


def kept(heard: Heard) -> list[Record]:
    return [event.record for event in heard.events if event.record is not None]


def test_records_come_before_what_they_restore(start: Start) -> None:
    heard = start(drag_steps=4, records=True)
    heard.open()
    heard.worker.credit("a", 8)
    heard.worker.drag(drag(keep_every=2, preview_every_ms=0), 2)
    heard.until(Done)
    known = 0
    for event in heard.events:
        if event.record is not None and event.record.step is not None:
            known = event.record.step
        if isinstance(event.message, Frame):
            assert known == event.message.step
    last = bytes([4]) * 8
    assert kept(heard)[0].base == b"opened"
    assert [(r.step, r.latent, r.resume) for r in kept(heard)[-2:]] == [
        (4, last, b"adam"),
        (None, None, b"ended cap"),
    ]


def test_all_the_computing_is_accounted_for(start: Start) -> None:
    begin = time.monotonic()
    heard = start(seconds=0.02, drag_steps=10)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.until(Done)
    told = sum(event.seconds for event in heard.events)
    assert 13 * 0.02 <= told < time.monotonic() - begin


def in_flight(**how: object) -> Snapshot:
    steps = tuple((index, bytes([index]) * 8) for index in range(1, 5))
    return Snapshot(b"base", steps, 4, drag(**how), 0, b"adam")


def test_a_drag_that_was_cut_off_goes_on_under_its_own_number(start: Start) -> None:
    heard = start(drag_steps=10)
    heard.worker.restore("a", in_flight(keep_every=1), 7)
    heard.until(Done)
    frames = heard.of(Frame)
    assert [frame.step for frame in frames] == [5, 6, 7, 8, 9, 10, 10]
    assert heard.of(State)[0].state == "dragging"
    assert {event.re for event in heard.events if not isinstance(event.message, State)} == {7}


def test_a_session_is_restored_without_a_word(start: Start) -> None:
    heard = start()
    heard.worker.restore("a", Snapshot(b"base", (), 0), None)
    heard.listen(lambda events: any(event.ends_job for event in events))
    assert [event.message for event in heard.events] == [None]
    heard.worker.seek(Seek("a", 3), 2)
    heard.until(Frame)


def test_one_request_waits_for_the_restoring_and_a_second_is_refused(start: Start) -> None:
    heard = start(seconds=0.02, opening_steps=5)
    heard.worker.restore("a", Snapshot(b"base", (), 0), None)
    heard.worker.drag(drag(), 2)
    with pytest.raises(Busy):
        heard.worker.seek(Seek("a", 1), 3)
    heard.until(Done)
    assert heard.of(State)[0].state == "dragging"


def test_a_stop_during_the_restoring_is_meant_for_what_waits(start: Start) -> None:
    heard = start(seconds=0.02, opening_steps=5)
    heard.worker.restore("a", Snapshot(b"base", (), 0), None)
    assert not heard.worker.stop("a")
    heard.worker.drag(drag(), 2)
    assert heard.worker.stop("a")
    heard.until(Done)
    assert heard.of(Done)[0].reason == "stopped" and heard.of(Done)[0].steps == 1


def test_what_waits_fails_with_the_restoring_and_the_session_is_over(start: Start) -> None:
    heard = start(seconds=0.02, explode="memory")
    heard.worker.restore("a", Snapshot(b"base", (), 0), None)
    heard.worker.drag(drag(), 5)
    heard.until(Error, count=2)
    assert [event.re for event in heard.events] == [5, None]
    assert heard.events[-1].ends_session
    with pytest.raises(UnknownSession):
        heard.worker.drag(drag(), 6)


def test_a_drag_that_fails_after_the_restoring_leaves_the_session(start: Start) -> None:
    heard = start(explode="memory", opening_steps=0)
    heard.worker.restore("a", replace(in_flight(), position=1), 7)
    heard.until(Error)
    assert not heard.events[-1].ends_session
    heard.worker.seek(Seek("a", 1), 8)
    heard.until(Frame)


def test_a_session_that_was_closed_may_come_back_at_once_under_its_name(start: Start) -> None:
    heard = start(seconds=0.01, drag_steps=500)
    heard.open()
    heard.worker.drag(drag(keep_every=1), 2)
    heard.until(Frame, count=3)
    heard.worker.close("a")
    heard.worker.restore("a", Snapshot(b"base", (), 0), None)
    heard.events.clear()
    heard.worker.seek(Seek("a", 4), 9)
    heard.until(Frame)
    assert {event.re for event in heard.events} == {None, 9}
    assert heard.engine.closed == ["a"]


def test_the_coding_reaches_the_engine(start: Start) -> None:
    heard = start()
    heard.worker.open("a", Open("tiny", seed=1), 1)
    heard.worker.code("a", Coding("jpeg", "rows", 9000))
    heard.until(Ready)
    heard.worker.seek(Seek("a", 1), 2)
    heard.until(Frame)
    found = heard.engine.codings["a"]
    assert found in (Coding("jpeg", "rows", 9000), asdict(Coding("jpeg", "rows", 9000)))


def test_the_engine_gets_its_rests(start: Start) -> None:
    heard = start(seconds=0.01, drag_steps=1000)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.listen(lambda _: heard.engine.rests >= 1)
    assert not heard.of(Done)


def test_health_tells_who_is_at_what(start: Start) -> None:
    heard = start(seconds=0.1, drag_steps=30)
    heard.open()
    heard.worker.drag(drag(), 2)
    deadline = time.monotonic() + 5
    while not heard.worker.health()[0].turn_seconds and time.monotonic() < deadline:
        time.sleep(0.01)
    (health,) = heard.worker.health()
    assert (health.state, health.sessions, health.restarts) == ("busy", 1, 0)
    assert 0 < health.turn_seconds < 3 and health.pid
    assert heard.worker.device() == health.device != ""
