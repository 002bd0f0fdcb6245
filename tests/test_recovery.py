"""Sessions that outlive their worker, their connection and their daemon, by a real journal."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import Any

from draggan_daemon.config import Config
from draggan_daemon.journal import JournalError
from draggan_daemon.worker import Snapshot
from draggan_wire.messages import (
    Ack,
    Close,
    Closed,
    Credit,
    Done,
    Error,
    Frame,
    Limits,
    Open,
    Opened,
    Ping,
    Pong,
    Progress,
    Ready,
    Save,
    Seek,
    SessionKey,
    State,
    Stop,
)

from . import recovery_stage
from .door_stage import RGB, Client, House, drag, eventually, refused
from .recovery_stage import Town, key, kill_worker

town = recovery_stage.town


def visitor(house: House, **how: Any) -> Client:
    client = house.client(greet=False)
    client.welcome = client.hello(features=("acks",), **how)  # type: ignore[attr-defined]
    return client


def take_all(client: Client, opened: Opened) -> None:
    client.send(Ack(opened.session, key(opened, client).heard))
    client.ask(Ping(), Pong)


def test_an_idle_session_outlives_its_daemon_and_is_restored_when_it_is_asked(town: Town) -> None:
    client = visitor(town.daemon())
    opened = client.open()
    client.ask(drag(opened, preview_every_ms=None), Done)
    take_all(client, opened)
    house = town.daemon()
    heir = visitor(house, resume=(key(opened, client),))
    assert heir.welcome.resumed == (opened.session,)  # type: ignore[attr-defined]
    taken = town.engine.steps_taken
    assert taken == 0  # nothing is computed for whoever only looks in
    frame = heir.ask(Seek(opened.session, 4), Frame)
    assert frame.step == 4 and town.engine.steps_taken > 0


def test_a_session_needs_its_token_after_a_restart_too(town: Town) -> None:
    client = visitor(town.daemon())
    opened = client.open()
    wrong = SessionKey(opened.session, "0" * 32)
    assert visitor(town.daemon(), resume=(wrong,)).welcome.resumed == ()  # type: ignore[attr-defined]


def test_a_session_that_was_closed_is_forgotten(town: Town) -> None:
    client = visitor(town.daemon())
    opened = client.open()
    client.ask(Close(opened.session), Closed)
    heir = visitor(town.daemon(), resume=(key(opened),))
    assert heir.welcome.resumed == ()  # type: ignore[attr-defined]
    assert town.journal is not None and town.journal.sessions() == []


def test_an_opening_that_was_cut_off_begins_again_under_its_number(town: Town) -> None:
    house = town.daemon(seconds=0.05, opening_steps=30)
    client = visitor(house)
    request = client.send(Open("tiny", image=RGB))
    opened = client.wait(Opened)
    client.wait(Progress)
    kill_worker(house)
    client.wait(Ready)
    assert client.heard[-1].re == request
    assert client.ask(drag(opened), Done)


def test_a_ready_that_nobody_heard_is_said_again(town: Town) -> None:
    client = visitor(town.daemon())
    request = client.send(Open("tiny", image=RGB))
    opened = client.wait(Opened)
    client.wait(Ready)  # and is not acknowledged
    heir = visitor(town.daemon(), resume=(SessionKey(opened.session, opened.token),))
    heir.wait(Ready)
    assert heir.heard[-1].re == request
    take_all(heir, opened)
    later = visitor(town.daemon(), resume=(key(opened, heir),))
    later.ask(Seek(opened.session, 0), Frame)
    assert not later.of(Ready)


def test_a_drag_goes_on_when_its_worker_has_died(town: Town) -> None:
    house = town.daemon(seconds=0.03, drag_steps=20)
    client = visitor(house)
    opened = client.open()
    take_all(client, opened)
    client.send(Credit(opened.session, 8))
    request = client.send(drag(opened, preview_every_ms=0, keep_every=4))
    while client.wait(Frame).step < 6:
        pass
    kill_worker(house)
    while (frame := client.wait(Frame)).kind != "result":
        pass
    done = client.wait(Done)
    assert client.heard[-1].re == request and done.reason == "cap" and frame.step == 20
    kept = [f.step for f in client.of(Frame) if f.kind == "kept"]
    assert kept == [4, 8, 12, 16, 20]


def test_credit_that_was_left_outlives_the_worker(town: Town) -> None:
    house = town.daemon(seconds=0.03, drag_steps=20)
    client = visitor(house)
    opened = client.open()
    client.send(Credit(opened.session, 8))
    client.send(drag(opened, preview_every_ms=60))
    client.wait(Frame)
    kill_worker(house)
    client.wait(Done)
    previews = [f for f in client.of(Frame) if f.kind == "preview"]
    assert 3 <= len(previews) <= 8


def test_a_late_acknowledgement_of_the_opening_does_not_end_the_drag(town: Town) -> None:
    house = town.daemon(seconds=0.03, drag_steps=20)
    client = visitor(house)
    opened = client.open()
    last = key(opened, client).heard
    client.send(Credit(opened.session, 8))
    client.send(drag(opened, preview_every_ms=0))
    client.send(Ack(opened.session, last))
    client.wait(Frame)
    kill_worker(house)
    assert client.wait(Done).reason == "cap"


def test_a_request_that_was_under_way_is_asked_again(town: Town) -> None:
    house = town.daemon(seconds=0.2)
    client = visitor(house)
    opened = client.open()
    kill_worker(house)
    request = client.send(Seek(opened.session, 0))  # waits behind the restoring
    eventually(lambda: house.worker.health()[0].state == "busy")
    kill_worker(house)
    client.wait(Frame)
    assert client.heard[-1].re == request


def test_a_request_after_a_drag_that_had_ended_waits_for_its_last_words(town: Town) -> None:
    client = visitor(town.daemon(seconds=0.02))
    opened = client.open()
    take_all(client, opened)
    request = client.send(drag(opened, preview_every_ms=None))
    client.wait(Done)  # and is not acknowledged
    heir = visitor(town.daemon(seconds=0.02), resume=(key(opened, client),))
    asked = heir.send(Seek(opened.session, 3))
    answers = []
    while not any(re == asked for re, _ in answers):
        answers.append((heir.receive().re, heir.heard[-1].message))
    said = [type(message) for re, message in answers if re == request]
    assert said == [State, Frame, Done]
    assert isinstance(answers[-1][1], Frame) and answers[-1][1].step == 3


def test_a_request_during_a_drag_that_goes_on_is_refused_as_ever(town: Town) -> None:
    house = town.daemon(seconds=0.05, drag_steps=40)
    client = visitor(house)
    opened = client.open()
    client.send(drag(opened, preview_every_ms=None, keep_every=5))
    client.wait(Frame)
    kill_worker(house)
    asked = client.send(Seek(opened.session, 0))
    error = client.wait(Error)
    assert client.heard[-1].re == asked and error.code == "busy"
    assert client.wait(Done).reason == "cap"


def test_a_picture_that_costs_a_worker_each_time_is_given_up_in_words(town: Town) -> None:
    house = town.daemon(seconds=0.05, drag_steps=1000)
    client = visitor(house)
    opened = client.open()
    request = client.send(drag(opened))
    session = house.door._desk.sessions.get(opened.session)
    assert session is not None
    for _ in range(3):
        seen = session.step  # a worker that is not at it yet does not die of it
        eventually(lambda seen=seen: session.step > seen, seconds=15)  # type: ignore[misc]
        kill_worker(house)
    error = client.wait(Error)
    assert error.code == "worker_lost" and error.hint and client.heard[-1].re == request
    client.ask(Ping(), Pong)


def test_a_session_nobody_uses_is_parked_and_comes_back_by_use(town: Town) -> None:
    now = [0.0]
    house = town.daemon(clock=lambda: now[0])
    client = visitor(house)
    opened = client.open()
    take_all(client, opened)
    now[0] += 601
    eventually(lambda: town.engine.closed == [opened.session])
    assert house.door._desk.sessions.get(opened.session).parked  # type: ignore[union-attr]
    assert client.ask(Seek(opened.session, 0), Frame)
    assert client.ask(drag(opened), Done)


def test_a_session_whose_client_never_comes_back_is_parked_then_dropped(town: Town) -> None:
    now = [0.0]
    config = replace(Config(), lease=50.0)
    house = town.daemon(clock=lambda: now[0], config=config)
    client = visitor(house)
    opened = client.open()
    take_all(client, opened)
    client.close()
    time.sleep(0.1)
    now[0] += 3
    sessions = house.door._desk.sessions
    eventually(lambda: all(session.route is None for session in sessions))
    now[0] += 60
    eventually(lambda: all(session.parked for session in sessions))
    assert len(sessions) == 1
    now[0] += config.journal.keep + 60
    eventually(lambda: len(sessions) == 0)


def test_a_journal_that_lost_a_session_says_so_to_its_client(town: Town) -> None:
    house = town.daemon()
    client = visitor(house)
    opened = client.open()
    take_all(client, opened)
    town.end()
    for file in (town.folder / "journal").rglob("*base*"):
        file.write_bytes(b"nonsense")
    heir = visitor(town.daemon(), resume=(key(opened, client),))
    request = heir.send(Seek(opened.session, 0))
    error = heir.wait(Error)
    assert heir.heard[-1].re == request and error.sentence and error.hint


def read_slowly(town: Town, seconds: float) -> None:
    assert town.journal is not None
    read = town.journal.snapshot

    def slowly(session: str) -> Snapshot:
        time.sleep(seconds)
        return read(session)

    town.journal.snapshot = slowly  # type: ignore[method-assign]


def test_others_notice_nothing_while_a_session_is_read_and_its_request_waits(town: Town) -> None:
    house = town.daemon()
    client, other = visitor(house), visitor(house)
    opened = client.open()
    take_all(client, opened)
    read_slowly(town, 1.0)
    kill_worker(house)
    asked = client.send(Seek(opened.session, 0))
    assert refused(client, Save(opened.session)).code == "busy"  # one request waits, no more
    began = time.monotonic()
    other.ask(Ping(), Pong)
    assert time.monotonic() - began < 0.5
    client.wait(Frame)
    assert client.heard[-1].re == asked and time.monotonic() - began > 0.5


def test_a_drag_that_is_stopped_while_its_session_is_read_stops(town: Town) -> None:
    house = town.daemon(seconds=0.02, drag_steps=10_000)
    client = visitor(house)
    opened = client.open()
    take_all(client, opened)
    read_slowly(town, 0.5)
    kill_worker(house)
    request = client.send(drag(opened))
    assert client.ask(Stop(opened.session), State).state == "stopping"
    done = client.wait(Done)
    assert client.heard[-1].re == request and done.reason == "stopped"


def test_a_session_that_cannot_be_read_now_can_be_later(town: Town) -> None:
    house = town.daemon()
    client = visitor(house)
    opened = client.open()
    take_all(client, opened)
    assert town.journal is not None
    read = town.journal.snapshot

    def too_slow(session: str) -> Snapshot:
        raise JournalError("The disk is too slow.", hint="Try again.")

    town.journal.snapshot = too_slow  # type: ignore[method-assign]
    kill_worker(house)
    assert refused(client, Seek(opened.session, 0)).code == "journal"
    town.journal.snapshot = read  # type: ignore[method-assign]
    assert client.ask(Seek(opened.session, 0), Frame)


def test_a_worker_that_ends_with_the_daemon_takes_no_session_along(town: Town) -> None:
    house = town.daemon(seconds=0.2, drag_steps=12)
    client = visitor(house)
    opened = client.open()
    client.send(drag(opened, keep_every=1))
    client.wait(Frame)
    (health,) = house.worker.health()
    assert health.pid is not None
    house.door.end()
    os.kill(health.pid, signal.SIGKILL)  # as a service manager ends all processes at once
    heir = visitor(town.daemon(), resume=(key(opened, client),))
    assert heir.welcome.resumed == (opened.session,)  # type: ignore[attr-defined]
    heir.wait(Done)


def test_a_session_that_is_named_often_is_resumed_once(town: Town) -> None:
    house = town.daemon()
    opened = visitor(house).open()
    heir = visitor(house, resume=(key(opened),) * 64)
    assert heir.welcome.resumed == (opened.session,)  # type: ignore[attr-defined]


def test_sessions_whose_clients_are_gone_are_in_nobodys_way(town: Town) -> None:
    config = replace(Config(), limits=replace(Limits(), max_sessions=2))
    house = town.daemon(config=config)
    client, other = visitor(house), visitor(house)
    first, second = client.open(), client.open()
    take_all(client, first)
    third = other.open()  # the first, which was used longest ago, makes room
    take_all(other, third)
    held = house.door._desk.sessions
    assert held.get(first.session).parked  # type: ignore[union-attr]
    assert client.ask(Seek(first.session, 0), Frame)  # and comes back in the place of another
    assert held.get(second.session).parked and len(held) == 3  # type: ignore[union-attr]


def test_no_more_sessions_come_back_than_the_daemon_may_have(town: Town) -> None:
    config = replace(Config(), limits=replace(Limits(), max_sessions=1))
    house = town.daemon(config=config, seconds=0.05, drag_steps=1000)
    client = visitor(house)
    first, second = client.open(), client.open()
    client.send(drag(second, keep_every=1))
    client.wait(Frame)
    assert "1 sessions" in refused(client, Seek(first.session, 0)).sentence
    client.ask(Stop(second.session), State)
