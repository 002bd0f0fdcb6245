"""A session that is ready before its model has learnt all: when that goes on, and how it ends."""

from __future__ import annotations

import time

from draggan_daemon.worker import Coding, Event
from draggan_wire.messages import Closed, Done, Frame, Open, Ready, Save, Saved, Seek, State

from . import worker_stage
from .worker_stage import Heard, Start, drag

start = worker_stage.start


def final(heard: Heard, session: str = "a") -> list[Ready]:
    return [ready for ready in heard.of(Ready, session) if ready.final]


def until_final(heard: Heard, session: str = "a") -> None:
    heard.listen(lambda _: bool(final(heard, session)))


def test_a_session_is_idle_before_its_model_has_learnt_all(start: Start) -> None:
    heard = start(refining_steps=3)
    heard.open()
    until_final(heard)
    said = [(event.message.op, event.re) for event in heard.events if event.message]
    opening = [("state", 1), *[("progress", 1)] * 3, ("ready", 1), ("state", None)]
    assert said == [*opening, ("ready", 1)]
    assert [ready.psnr for ready in heard.of(Ready)] == [30.0, 33.0]
    assert [event.ends_job for event in heard.events if isinstance(event.message, Ready)] == [
        True,
        False,
    ]


def test_what_is_asked_goes_first_and_the_learning_goes_on_after_it(start: Start) -> None:
    heard = start(seconds=0.02, refining_steps=20, drag_steps=10)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.until(Done)
    assert not final(heard)
    heard.worker.seek(Seek("a", 3), 3)
    heard.listen(lambda _: any(f.kind == "result" and f.step == 3 for f in heard.of(Frame)))
    heard.worker.save(Save("a"), 4)
    heard.until(Saved)
    assert not final(heard)
    until_final(heard)
    assert final(heard)[0].psnr == 50.0


def test_others_sessions_go_first_too(start: Start) -> None:
    heard = start(seconds=0.02, refining_steps=5, drag_steps=15)
    heard.open("a")
    heard.worker.open("b", Open("tiny", seed=2), 2)
    heard.until(Ready, "b")
    heard.worker.drag(drag("b"), 3)
    heard.until(Done, "b")
    assert not final(heard, "a")
    until_final(heard, "a")
    until_final(heard, "b")


def test_two_that_learn_take_turns(start: Start) -> None:
    heard = start(seconds=0.02, refining_steps=15)
    heard.worker.open("a", Open("tiny", seed=1), 1)
    heard.worker.open("b", Open("tiny", seed=2), 2)
    until_final(heard, "a")
    until_final(heard, "b")
    turns = heard.engine.turns[-20:]
    assert turns.count("a") == turns.count("b")


def test_a_stop_ends_the_learning_with_what_is_there(start: Start) -> None:
    heard = start(seconds=0.02, refining_steps=1000)
    heard.open()
    heard.listen(lambda _: heard.engine.steps_taken >= 3 + 2)
    assert heard.worker.stop("a")
    until_final(heard)
    assert 30.0 <= (final(heard)[0].psnr or 0) < 100
    assert not heard.of(Closed)
    assert not heard.worker.stop("a")


def test_a_stop_while_a_drag_runs_is_meant_for_the_drag(start: Start) -> None:
    heard = start(seconds=0.02, refining_steps=8, drag_steps=1000)
    heard.open()
    heard.worker.drag(drag(), 2)
    heard.listen(lambda _: heard.engine.steps_taken >= 3 + 5)
    assert heard.worker.stop("a")
    heard.until(Done)
    assert heard.of(Done)[0].reason == "stopped"
    until_final(heard)
    assert final(heard)[0].psnr == 38.0


def test_a_failure_while_learning_leaves_what_was_known(start: Start) -> None:
    heard = start(refining_steps=5, spoil="runtime")
    heard.open()
    until_final(heard)
    assert final(heard) == [Ready("a", psnr=30.0)]
    heard.worker.seek(Seek("a", 2), 3)
    heard.listen(lambda _: any(frame.kind == "result" for frame in heard.of(Frame)))


def test_a_session_is_closed_while_its_model_learns(start: Start) -> None:
    heard = start(seconds=0.02, refining_steps=1000)
    heard.open()
    heard.worker.close("a")
    heard.listen(lambda _: heard.engine.closed == ["a"])
    taken = heard.engine.steps_taken
    time.sleep(0.15)
    assert heard.engine.steps_taken == taken and not final(heard)


def test_the_end_does_not_wait_for_what_a_model_could_still_learn(start: Start) -> None:
    heard = start(seconds=0.02, refining_steps=100_000)
    heard.open()
    begin = time.monotonic()
    heard.worker.end()
    while not heard.worker.ended():
        time.sleep(0.005)
    assert time.monotonic() - begin < 2


def test_the_likeness_before_ready_is_sent_without_credit_which_the_next_one_pays(
    start: Start,
) -> None:
    heard = start(seconds=0.02, refining_steps=1, drag_steps=20)
    heard.worker.open("a", Open("tiny", seed=1), 1)
    heard.worker.code("a", Coding(likeness=True))
    heard.until(Ready)
    assert [frame.kind for frame in heard.of(Frame)] == ["likeness"]
    until_final(heard)
    heard.worker.credit("a", 1)
    heard.worker.drag(drag(preview_every_ms=0), 2)
    heard.until(Done)
    assert heard.engine.previews == 0
    heard.worker.credit("a", 1)
    heard.worker.drag(drag(preview_every_ms=0), 3)
    heard.until(Done, count=2)
    assert heard.engine.previews == 1


def test_the_learning_is_kept_before_it_is_told(start: Start) -> None:
    heard = start(records=True, refining_steps=2)
    heard.open()
    until_final(heard)
    bases = [
        (event.record.base, isinstance(event.message, (Ready, Frame)))
        for event in heard.events
        if event.record is not None and event.record.base is not None
    ]
    assert bases == [(b"opened", True), (b"refined", True)]


def test_all_that_is_learnt_is_accounted_for_while_it_goes_on(start: Start) -> None:
    heard = start(seconds=0.1, opening_steps=1, refining_steps=1000)
    heard.open()

    def told(events: list[Event]) -> bool:
        return sum(event.seconds for event in events) > 1.1

    heard.listen(told)
    assert not final(heard)


def test_a_machine_whose_sessions_only_learn_is_busy(start: Start) -> None:
    heard = start(seconds=0.1, refining_steps=1000)
    heard.open()
    heard.listen(lambda events: events[-1].message == State("a", "idle"))
    deadline = time.monotonic() + 5
    while not (health := heard.worker.health()[0]).turn_seconds and time.monotonic() < deadline:
        time.sleep(0.01)
    assert health.state == "busy" and health.turn_seconds > 0


def test_a_drag_is_asked_while_the_final_word_is_on_its_way(start: Start) -> None:
    """The word belongs to no job: the drag's request is not taken for answered."""
    heard = start(seconds=0.01, refining_steps=1, drag_steps=5)
    heard.open()
    for number in range(2, 12):
        heard.worker.drag(drag(), number)
        heard.until(Done, count=number - 1)
    until_final(heard)
    assert len(final(heard)) == 1
