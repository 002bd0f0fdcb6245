"""What clients hear of a picture that is learnt on while nobody asks anything, whatever happens."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from draggan_daemon.config import Config
from draggan_daemon.report import session_facts
from draggan_wire.messages import (
    Ack,
    Close,
    Closed,
    Credit,
    Done,
    Frame,
    Open,
    Opened,
    Ping,
    Pong,
    Progress,
    Ready,
    Seek,
    State,
    Stop,
)

from . import door_stage, recovery_stage
from .door_stage import RGB, Build, Client, House, drag, eventually
from .recovery_stage import Town, key, kill_worker

build = door_stage.build
town = recovery_stage.town
NEW = ("acks", "likeness", "refine")
SLOW = {"seconds": 0.02, "refining_steps": 100_000}


def editor(house: House, *features: str, **how: object) -> Client:
    client = house.client(greet=False)
    client.hello(features=features or NEW, **how)
    return client


def finals(client: Client) -> list[Ready]:
    return [ready for ready in client.of(Ready) if ready.final]


def until_final(client: Client) -> Ready:
    while not finals(client):
        client.receive()
    return finals(client)[0]


def the_session(house: House):
    (session,) = house.door._desk.sessions
    return session


def test_a_client_hears_of_the_likeness_of_the_first_ready_and_of_the_final_one(
    build: Build,
) -> None:
    client = editor(build(refining_steps=3))
    client.open()
    until_final(client)
    assert [ready.final for ready in client.of(Ready)] == [False, True]
    assert [frame.kind for frame in client.of(Frame)] == ["likeness"]
    (number,) = {e.re for e in client.heard if isinstance(e.message, Ready)}
    assert number == next(e.re for e in client.heard if isinstance(e.message, Opened))
    events = [e.event for e in client.heard if isinstance(e.message, (Frame, Ready))]
    assert all(events) and events == sorted(events)


def test_an_older_client_hears_one_ready_and_nothing_that_it_does_not_know(build: Build) -> None:
    house = build(refining_steps=3)
    client = editor(house, "acks")
    opened = client.open()
    eventually(lambda: the_session(house).refining is None)
    client.ask(drag(opened, preview_every_ms=None), Done)
    assert len(client.of(Ready)) == 1
    assert [frame.kind for frame in client.of(Frame)] == ["result"]


def test_a_session_is_served_while_its_model_learns(build: Build) -> None:
    client = editor(build(**SLOW))
    opened = client.open()
    client.ask(drag(opened, preview_every_ms=None), Done)
    client.ask(Seek(opened.session, 2), Frame)
    assert not finals(client)


def test_a_stop_is_answered_idle_and_ends_the_learning(build: Build) -> None:
    house = build(**SLOW)
    client = editor(house)
    opened = client.open()
    eventually(lambda: house.engine.steps_taken > 5)
    assert client.ask(Stop(opened.session), State).state == "idle"
    assert (until_final(client).psnr or 0) > 30


def test_who_learns_is_idle_to_its_owner_and_busy_to_the_machine(build: Build) -> None:
    house = build(**SLOW)
    client = editor(house)
    client.open()
    session = the_session(house)
    eventually(lambda: session.state == "refining")
    assert session_facts(session, None, session.used)["state"] == "refining"
    assert session.burdens and not session.at_work and not house.door._desk.at_work()
    assert house.worker.health()[0].state == "busy"


def test_who_has_computed_enough_learns_no_more(build: Build) -> None:
    bounds = replace(Config().bounds, compute_seconds_per_hour=1.0)
    client = editor(build(config=replace(Config(), bounds=bounds), **SLOW))
    client.open()
    begin = time.monotonic()
    until_final(client)
    assert time.monotonic() - begin < 4


def test_a_client_that_is_gone_has_its_model_stopped_and_hears_of_it_later(build: Build) -> None:
    now = [0.0]
    house = build(clock=lambda: time.monotonic() + now[0], **SLOW)
    client = editor(house)
    opened = client.open()
    session = the_session(house)
    client.close()
    house.door._desk.delivery.detach(session.route)
    now[0] = 40.0
    eventually(lambda: session.refining is None)
    later = editor(house, resume=(key(opened, client),))
    assert until_final(later).final


def test_a_session_that_makes_room_for_others_says_its_final_ready(town: Town) -> None:
    config = Config()
    house = town.daemon(
        config=replace(config, limits=replace(config.limits, max_sessions=1)), **SLOW
    )
    first, second = editor(house), editor(house)
    opened = first.open()
    second.open()
    assert until_final(first) == Ready(opened.session, psnr=30.0)
    first.ask(Seek(opened.session, 0), Frame)


def test_when_a_worker_dies_the_final_ready_says_what_was_known(town: Town) -> None:
    house = town.daemon(**SLOW)
    client = editor(house)
    opened = client.open()
    kill_worker(house)
    assert until_final(client) == Ready(opened.session, psnr=30.0)
    assert client.ask(drag(opened, preview_every_ms=None), Done).steps == 10


def test_a_worker_that_dies_in_a_drag_takes_the_learning_but_not_the_drag(town: Town) -> None:
    house = town.daemon(seconds=0.05, refining_steps=1000)
    client = editor(house)
    opened = client.open()
    number = client.send(drag(opened, keep_every=1, preview_every_ms=None))
    client.wait(Frame)
    eventually(lambda: town.engine.steps_taken > 6)
    kill_worker(house)
    until_final(client)
    done = client.wait(Done)
    assert (done.steps, client.heard[-1].re) == (10, number)


def test_after_a_daemons_death_nobody_waits_for_the_final_ready(town: Town) -> None:
    client = editor(town.daemon(**SLOW))
    opened = client.open()
    client.send(Ack(opened.session, key(opened, client).heard))
    client.ask(Ping(), Pong)
    later = editor(town.daemon(), resume=(key(opened, client),))
    assert until_final(later) == Ready(opened.session)
    later.ask(drag(opened, preview_every_ms=None), Done)
    assert len(later.of(Ready)) == 1


def test_a_first_ready_that_nobody_heard_is_the_final_one_after_a_daemons_death(
    town: Town,
) -> None:
    client = editor(town.daemon(**SLOW))
    opened = client.open()
    later = editor(town.daemon(), resume=(replace(key(opened), heard=0),))
    assert until_final(later) == Ready(opened.session, psnr=30.0)
    assert later.of(Ready) == finals(later)


@pytest.mark.parametrize("features", [("acks",), NEW])
def test_an_opening_that_begins_again_is_ready_for_every_client(
    town: Town, features: tuple[str, ...]
) -> None:
    house = town.daemon(seconds=0.05, opening_steps=20, refining_steps=1)
    client = editor(house, *features)
    opened = client.ask(Open("tiny", image=RGB), Opened)
    client.wait(Progress)
    kill_worker(house)
    client.wait(Ready)
    client.ask(drag(opened, preview_every_ms=None), Done)
    assert [ready.final for ready in client.of(Ready)][:1] == [False]


def test_what_was_learnt_is_what_comes_back(town: Town) -> None:
    client = editor(town.daemon(refining_steps=2, drag_steps=4))
    opened = client.open()
    until_final(client)
    client.ask(drag(opened, preview_every_ms=None), Done)
    client.send(Ack(opened.session, key(opened, client).heard))
    client.ask(Ping(), Pong)
    assert town.journal is not None
    found = town.journal.snapshot(opened.session)
    assert (found.base, [index for index, _ in found.steps]) == (b"refined", [1, 2, 3, 4])


def test_what_was_learnt_after_a_drag_replaces_its_steps(town: Town) -> None:
    client = editor(town.daemon(seconds=0.01, refining_steps=30, drag_steps=4))
    opened = client.open()
    client.ask(drag(opened, preview_every_ms=None), Done)
    assert not finals(client)
    until_final(client)
    assert town.journal is not None
    found = town.journal.snapshot(opened.session)
    assert (found.base, found.steps, found.position) == (b"refined", (), 4)
    assert (found.resume or b"").startswith(b"ended")


def test_a_likeness_that_came_unpaid_is_paid_by_the_next_credit(build: Build) -> None:
    house = build(seconds=0.01, refining_steps=1, drag_steps=30)
    client = editor(house)
    opened = client.open()
    until_final(client)
    client.send(Credit(opened.session, 1))
    client.ask(drag(opened, preview_every_ms=0), Done)
    assert "preview" not in [frame.kind for frame in client.of(Frame)]


def test_closing_says_nothing_of_what_could_have_been_learnt(build: Build) -> None:
    house = build(**SLOW)
    client = editor(house)
    opened = client.open()
    client.ask(Close(opened.session), Closed)
    client.ask(Ping(), Pong)
    assert not finals(client)
