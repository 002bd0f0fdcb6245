"""What the front door lets nobody do: too much, too fast, or what is not theirs to do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import zmq
from draggan_daemon.access.auth import Login
from draggan_daemon.config import Bounds, Config
from draggan_daemon.counters import Counters
from draggan_daemon.listeners import LOCAL
from draggan_daemon.peers import MAX_WAITING, Peer, Peers
from draggan_wire.messages import (
    Ack,
    Close,
    Closed,
    Done,
    Error,
    Frame,
    Hello,
    Image,
    Limits,
    Link,
    Manage,
    Open,
    Opened,
    Ping,
    Pong,
    Redeem,
    Report,
    SessionKey,
    Welcome,
    encode,
)
from draggan_wire.parts import Assembler, split

from .door_stage import RGB, Build, Client, build, drag, eventually, refused

__all__ = ["build"]  # the fixture


def facts_of(client: Client, errand: str) -> dict[str, Any]:
    return json.loads(bytes(client.ask(Manage(errand), Report).facts.data))


def with_events(house: Any, **how: Any) -> Client:
    client = house.client(greet=False)
    client.hello(features=("acks", "parts", "rows"), **how)
    return client


def test_events_are_numbered_for_whoever_takes_them_one_by_one(build: Build) -> None:
    client = with_events(build())
    opened = client.open()
    client.ask(drag(opened, preview_every_ms=None), Done)
    numbers = [envelope.event for envelope in client.heard if envelope.event is not None]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 6


def test_what_was_not_taken_is_said_again_after_a_reconnect(build: Build) -> None:
    house = build()
    client = with_events(house)
    opened = client.open()
    client.ask(drag(opened, keep_every=5, preview_every_ms=None), Done)
    said = [e for e in client.heard if e.event is not None]
    taken = next(e.event for e in said if isinstance(e.message, Frame))
    client.close()
    key = SessionKey(opened.session, opened.token, taken)
    heir = house.client(greet=False)
    heir.hello(features=("acks",), resume=(key,))
    heir.wait(Done)
    again = [e for e in heir.heard if e.event is not None]
    assert [e.event for e in again] == [e.event for e in said if e.event > taken][: len(again)]
    assert [type(e.message) for e in again][-1] is Done


def test_what_was_acknowledged_is_not_said_again(build: Build) -> None:
    house = build()
    client = with_events(house)
    opened = client.open()
    last = client.heard[-1].event
    assert last is not None
    client.send(Ack(opened.session, last + 50))
    client.ask(Ping(), Pong)
    session = house.door._desk.sessions.get(opened.session)
    assert session is not None and not session.outbox.untaken and not session.outbox.bytes


def test_an_acknowledgement_for_a_session_of_another_is_ignored(build: Build) -> None:
    house = build()
    client, stranger = with_events(house), with_events(house)
    opened = client.open()
    stranger.send(Ack(opened.session, 1000))
    stranger.ask(Ping(), Pong)
    session = house.door._desk.sessions.get(opened.session)
    assert session is not None and session.outbox.untaken


def test_a_large_picture_comes_in_parts_with_others_between_them(build: Build) -> None:
    client = with_events(build())
    picture = Image("rgb8", 500, 400, bytes(500 * 400 * 3))
    for part in split(encode(Open("tiny", image=picture), request=77)):
        client.raw(*part)
        client.ask(Ping(), Pong)
    opened = (
        next(e for e in client.heard if isinstance(e.message, Opened))
        if client.of(Opened)
        else client.receive()
    )
    assert opened.re == 77 and isinstance(opened.message, Opened)
    assert (opened.message.width, opened.message.height) == (500, 400)


def test_parts_before_hello_are_refused(build: Build) -> None:
    client = build().client(greet=False)
    picture = Image("rgb8", 500, 400, bytes(500 * 400 * 3))
    client.raw(*next(split(encode(Open("tiny", image=picture), request=77))))
    assert isinstance(client.receive().message, Error)


def test_messages_that_are_begun_and_never_finished_do_not_fill_the_memory(build: Build) -> None:
    house = build(limits=replace(Limits(), max_bytes=300_000))
    picture = Image("rgb8", 500, 366, bytes(500 * 366 * 3))
    first, *_ = split(encode(Open("tiny", image=picture), request=1))  # 256 KiB of 549 kB
    clients = [house.client() for _ in range(5)]
    for client in clients[:4]:
        client.raw(*first)
        client.ask(Ping(), Pong)
    clients[4].raw(*first)
    error = clients[4].wait(Error)
    assert error.code == "connection_lost" and "begun" in error.sentence
    clients[0].ask(Ping(), Pong)


def test_pings_of_a_client_that_reads_nothing_do_not_fill_the_memory() -> None:
    peers = Peers({LOCAL: Deaf()}, Counters(lambda: 0.0))  # type: ignore[dict-item]
    peer = Peer((LOCAL, b"1"), Login("uid:1"), "test", 0.0, frozenset(), Assembler(1))
    peers.add(peer)
    sent = [peers.send(peer.route, encode(Pong()), urgent=True) for _ in range(MAX_WAITING + 1)]
    assert sent == [True] * MAX_WAITING + [False]


class Deaf:
    """A socket whose peer takes nothing."""

    def send_multipart(self, *args: Any, **how: Any) -> None:
        raise zmq.Again


def test_what_a_user_may_send_in_a_second_has_a_bound_that_is_named(build: Build) -> None:
    now = [0.0]
    house = build(
        limits=replace(Limits(), max_bytes=10_000),
        config=Config(bounds=Bounds(bytes_per_second=1000)),
        clock=lambda: now[0],
    )
    client = house.client()
    picture = Image("rgb8", 50, 60, bytes(9000))
    for _ in range(4):
        client.send(Open("tiny", image=picture))
    client.wait(Opened)
    error = client.wait(Error)
    assert "1000 bytes a second" in error.sentence and "bytes_per_second" in error.hint
    client.ask(Ping(), Pong)  # what is small still passes
    now[0] += 30
    client.ask(Open("tiny", image=picture), Opened)


def test_a_flood_of_messages_ends_its_own_connection_and_no_other(build: Build) -> None:
    now = [0.0]
    house = build(clock=lambda: now[0])
    client, other = house.client(), house.client()
    for count in range(9000):
        client.send(Ping())
        while count % 50 == 0 and client.socket.poll(0):
            client.receive()
    other.ask(Ping(), Pong)
    error = next(iter(client.of(Error)), None) or client.wait(Error)
    assert "messages a second" in error.sentence and error.code == "connection_lost"
    assert len(client.of(Pong)) <= 8001
    house.client().ask(Ping(), Pong)


def test_computing_has_a_bound_that_stops_the_drag_and_is_named(build: Build) -> None:
    house = build(
        seconds=0.02,
        drag_steps=1000,
        records=True,
        config=Config(bounds=Bounds(compute_seconds_per_hour=0.3)),
    )
    client = house.client()
    opened = client.open()
    assert client.ask(drag(opened), Done).reason == "stopped"
    error = refused(client, drag(opened))
    assert "0.3 seconds an hour" in error.sentence and "compute_seconds_per_hour" in error.hint


def test_a_user_has_a_number_of_sessions(build: Build) -> None:
    client = build(config=Config(bounds=Bounds(max_sessions_per_user=1))).client()
    client.open()
    assert "1 session" in refused(client, Open("tiny", image=RGB)).sentence


def test_connections_have_a_number(build: Build) -> None:
    house = build(config=Config(bounds=Bounds(max_connections=2)))
    house.client(), house.client()
    late = house.client(greet=False)
    late.send(Hello(protocols=(1,), client="late"))
    error = late.receive().message
    assert isinstance(error, Error) and "2 connections" in error.sentence


def test_one_user_cannot_take_all_connections(build: Build) -> None:
    house = build(config=Config(bounds=Bounds(max_connections=8)))
    for _ in range(6):
        house.client()
    late = house.client(greet=False)
    late.send(Hello(protocols=(1,), client="late"))
    error = late.receive().message
    assert isinstance(error, Error) and "one user" in error.sentence


def test_a_model_is_a_name_and_never_a_path(build: Build) -> None:
    client = build().client()
    for name in ("../../etc/passwd", "/etc/passwd", "tiny/", "C:\\x"):
        client.raw(b"DGD1", _header(op="open", model=name, seed=1, id=5))
        error = client.receive().message
        assert isinstance(error, Error) and "no name of a model" in error.sentence


def _header(**values: Any) -> bytes:
    import msgpack

    return bytes(msgpack.packb(values))


def test_without_an_invitation_there_is_nothing_to_redeem(build: Build) -> None:
    error = refused(build().client(), Redeem("0" * 64))
    assert error.code == "access_refused" and "draggand invite" in error.hint


def test_an_administrator_sees_what_is_going_on(build: Build) -> None:
    house = build(records=True)
    client = house.client()
    opened = client.open()
    client.ask(drag(opened, preview_every_ms=None), Done)
    status = facts_of(client, "status")
    assert status["daemon"] == "draggand 0" and status["sessions"] == 1 and status["steps"] == 10
    assert status["workers"][0]["sessions"] == 1 and not status["draining"]
    assert status["endpoints"] == [house.endpoint] and status["journal"] is None
    (session,) = facts_of(client, "sessions")["sessions"]
    assert session["session"] == opened.session and session["state"] == "idle"
    assert session["client"] == "test 1" and session["step"] == 10
    assert opened.token not in json.dumps([status, session])


def test_draining_takes_nothing_new_and_ends_when_all_is_done(build: Build) -> None:
    house = build(seconds=0.03, drag_steps=20)
    client = house.client()
    opened = client.open()
    client.send(drag(opened))
    client.ask(Manage("drain"), Report)
    error = refused(client, Open("tiny", seed=1))
    assert error.code == "busy" and "about to end" in error.sentence
    client.wait(Done)
    house.thread.join(10)
    assert not house.thread.is_alive()


def test_a_link_that_was_measured_decides_the_coding(build: Build) -> None:
    house = build()
    client = with_events(house)
    opened = client.open()
    client.send(Link(40.0, 6e6))
    client.ask(drag(opened), Done)
    assert house.engine.codings[opened.session].previews == "rows"
    client.send(Link(0.2, 1e9))
    client.ask(drag(opened), Done)
    assert house.engine.codings[opened.session].previews == "raw"


def test_a_client_that_never_acknowledges_is_told_and_loses_its_session(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan_daemon.sessions.MAX_UNTAKEN", 4)
    house = build()
    client = with_events(house)
    opened = client.ask(Open("tiny", image=RGB), Opened)
    error = client.wait(Error)
    assert error.session == opened.session and error.code == "limit_exceeded"
    eventually(lambda: house.engine.closed == [opened.session])


def test_an_old_client_hears_no_numbers_and_owes_nothing(build: Build) -> None:
    house = build()
    client = house.client()
    opened = client.open()
    client.ask(drag(opened), Done)
    session = house.door._desk.sessions.get(opened.session)
    assert session is not None
    eventually(lambda: not session.outbox.untaken)
    client.ask(Close(opened.session), Closed)


def test_the_welcome_says_what_the_daemon_can(build: Build) -> None:
    client = build().client(greet=False)
    welcome: Welcome = client.hello(features=("acks",))
    assert set(welcome.features) == {"acks", "likeness", "link", "parts", "refine", "reopen"}
