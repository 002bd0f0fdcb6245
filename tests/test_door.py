"""The front door over a real ipc socket, with an engine that only counts."""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from draggan_daemon.housekeeping import ALONE_SECONDS
from draggan_wire.errors import WrongProtocol
from draggan_wire.messages import (
    MAGIC,
    Blob,
    Close,
    Closed,
    Credit,
    Done,
    Drag,
    Error,
    Frame,
    Hello,
    Image,
    Limits,
    ListModels,
    ModelList,
    Open,
    Opened,
    Ping,
    Pong,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
    SessionKey,
    State,
    Stop,
    encode,
)

from .door_stage import RGB, Build, begin_dragging, build, drag, eventually, refused
from .fake_engine import SAVED

__all__ = ["build"]  # the fixture


def test_hello_is_answered_with_limits_and_models(build: Build) -> None:
    limits = replace(Limits(), max_handles=5)
    welcome = build(limits=limits).client(greet=False).hello()
    assert welcome.protocol == 1 and welcome.limits == limits
    assert [model.id for model in welcome.models] == ["tiny"]
    assert welcome.daemon.startswith("draggand")


def test_nothing_is_done_before_hello(build: Build) -> None:
    house = build()
    client = house.client(greet=False)
    for message in (Ping(), Open("tiny", seed=1), ListModels()):
        client.send(message)
        answer = client.receive().message
        assert isinstance(answer, Error) and "hello" in answer.sentence and answer.hint
    assert house.engine.steps_taken == 0


@pytest.mark.parametrize(
    "frames",
    [
        [b"DGD2", b"\x80"],
        [b"DGD9", b"garbage"],
        encode(Hello(protocols=(7, 2), client="from the future")),
    ],
)
def test_another_major_version_is_answered_in_the_form_that_never_changes(
    build: Build, frames: list[bytes]
) -> None:
    client = build().client(greet=False)
    client.raw(*frames)
    with pytest.raises(WrongProtocol):
        client.receive()


def test_a_whole_edit_travels(build: Build) -> None:
    client = build().client()
    opened = client.open()
    assert (opened.width, opened.height) == (8, 6) and len(opened.token) >= 32
    assert [p.index for p in client.of(Progress)] == [1, 2, 3]
    client.send(drag(opened, keep_every=5))
    assert client.wait(Done).reason == "cap"
    assert [f.kind for f in client.of(Frame)] == ["kept", "kept", "result"]
    assert client.ask(Seek(opened.session, 4), Frame).step == 4
    assert client.ask(Close(opened.session), Closed).reason == "asked"
    assert client.ask(ListModels(), ModelList).models[0].id == "tiny"


def head(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text


def test_a_session_is_saved_and_opened_again_with_its_pictures_size(build: Build) -> None:
    client = build().client()
    answer = client.ask(Save(client.open().session), Saved)
    assert answer.step == 2
    opened = client.ask(Open("tiny", saved=answer.data), Opened)
    assert (opened.width, opened.height) == (8, 6)
    ready = client.wait(Ready)
    assert (ready.step, ready.last) == (2, 5)
    assert [(f.kind, f.step) for f in client.of(Frame) if f.session == opened.session] == [
        ("result", 2)
    ]


def test_a_saved_seed_opens_in_the_models_size(build: Build) -> None:
    client = build().client()
    opened = client.ask(Open("tiny", saved=Blob(head(b"{}"))), Opened)
    assert (opened.width, opened.height) == (16, 16)


def test_nobody_saves_anothers_session(build: Build) -> None:
    house = build()
    theirs = house.client().open()
    assert house.client().ask(Save(theirs.session), Error).code == "unknown_session"


def test_a_session_at_work_is_not_saved(build: Build) -> None:
    client = build(seconds=0.05, drag_steps=50).client()
    opened = client.open()
    begin_dragging(client, opened)
    assert client.ask(Save(opened.session), Error).code == "busy"


def test_a_saved_picture_beyond_the_limit_is_refused(build: Build) -> None:
    client = build(limits=Limits(max_pixels=47)).client()
    answer = client.ask(Open("tiny", saved=Blob(SAVED)), Error)
    assert answer.code == "limit_exceeded" and "8 x 6 pixels" in answer.sentence


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        SAVED[:40],
        (1 << 40).to_bytes(8, "little") + SAVED[8:],
        head(b'{"a":' * 10_000),
        head(b"[]"),
        head(b'"picture"'),
        head(b'{"picture":3}'),
        head(b'{"picture":{"shape":[6,8]}}'),
        head(b'{"picture":{"shape":[6,8.5,3]}}'),
        head(b'{"picture":{"shape":[6,true,3]}}'),
        head(b'{"picture":{"shape":[-6,-8,3]}}'),
        head(b'{"picture":{"shape":[' + b"9" * 5000 + b",8,3]}}"),
        head(b'{"picture":{"shape":[1e999,8,3]}}'),
    ],
    ids=lambda data: str(data[:60]),
)
def test_damaged_saved_data_is_refused_at_once(build: Build, data: bytes) -> None:
    house = build()
    answer = house.client().ask(Open("tiny", saved=Blob(data)), Error)
    assert answer.code == "bad_saved" and answer.sentence == "The saved edit is damaged."
    assert house.engine.steps_taken == 0


def test_stop_and_ping_are_answered_while_a_step_computes(build: Build) -> None:
    house = build(seconds=0.3, opening_steps=1, drag_steps=50)
    client = house.client()
    opened = client.open()
    begin_dragging(client, opened)
    begin = time.monotonic()
    client.ask(Ping(), Pong)
    assert client.ask(Stop(opened.session), State).state == "stopping"
    assert time.monotonic() - begin < 0.2
    assert client.wait(Done).reason == "stopped"
    assert time.monotonic() - begin < 0.7  # the step in flight, and no second one
    assert client.of(Frame)[-1].kind == "result"
    assert client.ask(Stop(opened.session), State).state == "idle"


def test_previews_come_only_against_credit_and_results_always(build: Build) -> None:
    client = build(seconds=0.002, drag_steps=60).client()
    opened = client.open()
    client.send(drag(opened, preview_every_ms=0, keep_every=3))
    client.wait(Done)
    kinds = [frame.kind for frame in client.of(Frame)]
    assert kinds == ["kept"] * 20 + ["result"]
    client.send(Credit(opened.session, 3))
    client.send(drag(opened, preview_every_ms=0))
    client.wait(Done)
    assert [frame.kind for frame in client.of(Frame)].count("preview") == 3


def test_a_client_that_does_not_read_loses_no_result(build: Build) -> None:
    client = build(drag_steps=600).client()
    opened = client.open()
    client.send(drag(opened, keep_every=1))
    time.sleep(0.5)
    client.wait(Done)
    kept = [frame.step for frame in client.of(Frame) if frame.kind == "kept"]
    assert kept == list(range(1, 601))


def test_two_clients_do_not_see_each_other(build: Build) -> None:
    house = build(seconds=0.002, drag_steps=20)
    clients = [house.client(), house.client()]
    opened = [client.open() for client in clients]
    for client, session in zip(clients, opened, strict=True):
        client.send(Credit(session.session, 8))
        client.send(drag(session, preview_every_ms=0, keep_every=2))
    for client, session in zip(clients, opened, strict=True):
        client.wait(Done)
        assert {frame.session for frame in client.of(Frame)} == {session.session}


def test_a_session_of_another_connection_is_answered_like_none(build: Build) -> None:
    house = build(seconds=0.01, drag_steps=50)
    owner, thief = house.client(), house.client()
    opened = owner.open()
    owner.send(drag(opened))
    for message in (
        Stop(opened.session),
        Seek(opened.session, 1),
        Close(opened.session),
        Credit(opened.session),
        drag(opened),
    ):
        thief.send(message)
        answer = thief.receive().message
        assert isinstance(answer, Error) and answer.code == "unknown_session"
    assert owner.wait(Done).reason == "cap"


def test_only_the_right_token_takes_a_session_over(build: Build) -> None:
    house = build()
    owner = house.client()
    opened = owner.open()
    owner.send(Credit(opened.session, 8))
    thief = house.client(greet=False)
    assert thief.hello(resume=(SessionKey(opened.session, "0" * 32),)).resumed == ()
    heir = house.client(greet=False)
    assert heir.hello(resume=(SessionKey(opened.session, opened.token),)).resumed == (
        opened.session,
    )
    assert owner.wait(Closed).reason == "moved"
    heir.send(drag(opened, preview_every_ms=0))
    assert heir.wait(Done).reason == "cap"
    assert "preview" not in [frame.kind for frame in heir.of(Frame)]  # credit does not move along


def test_a_drag_goes_on_without_its_client_for_a_while_only(build: Build) -> None:
    now = [0.0]
    house = build(seconds=0.02, drag_steps=1000, clock=lambda: now[0])
    client = house.client()
    opened = client.open()
    begin_dragging(client, opened)
    client.close()
    time.sleep(0.1)
    now[0] += 3  # the door finds out at its next word to the client
    eventually(lambda: all(session.route is None for session in house.door._desk.sessions))
    taken = house.engine.steps_taken
    eventually(lambda: house.engine.steps_taken > taken + 5)
    now[0] += ALONE_SECONDS + 1
    time.sleep(1.2)
    taken = house.engine.steps_taken
    heir = house.client(greet=False)
    assert heir.hello(resume=(SessionKey(opened.session, opened.token),)).resumed
    assert heir.wait(Done).reason == "stopped"  # what was said meanwhile has waited for the heir
    assert house.engine.steps_taken == taken < 1000


def test_a_session_that_is_not_resumed_in_time_is_closed(build: Build) -> None:
    now = [0.0]
    house = build(lease=100.0, clock=lambda: now[0])
    client = house.client()
    client.open()
    client.close()
    time.sleep(0.1)
    now[0] += 3
    eventually(lambda: all(s.route is None for s in house.door._desk.sessions))
    now[0] += 50
    time.sleep(0.6)
    assert len(house.door._desk.sessions) == 1
    now[0] += 60
    eventually(lambda: house.engine.closed != [])
    assert len(house.door._desk.sessions) == 0


def test_every_limit_is_kept_and_named(build: Build) -> None:
    house = build(limits=replace(Limits(), max_pixels=40, max_handles=2, max_sessions=1))
    client = house.client()
    assert "48" in refused(client, Open("tiny", image=replace(RGB))).sentence.replace("8 x 6", "48")
    opened = client.ask(Open("tiny", seed=1), Opened)
    client.wait(Ready)
    client.wait(State)
    assert "1 session" in refused(client, Open("tiny", seed=2)).sentence
    points = ((1.0, 1.0),) * 3
    assert "2 handles" in refused(client, Drag(opened.session, points, points)).sentence
    mask = Image("gray8", 16, 16, bytes(256))
    assert "40" in refused(client, drag(opened, mask=mask)).sentence
    assert house.engine.steps_taken == 3


def test_an_unknown_model_is_refused_with_the_known_ones(build: Build) -> None:
    error = refused(build().client(), Open("humans", seed=1))
    assert error.code == "unknown_model" and "tiny" in error.hint


def test_an_unknown_operation_is_refused_and_the_request_named(build: Build) -> None:
    client = build().client()
    client.raw(MAGIC, b"\x82\xa2op\xa4sing\xa2id\x07")
    answer = client.receive()
    assert answer.re == 7 and isinstance(answer.message, Error)
    assert answer.message.code == "unsupported"


def mutated(frames: list[bytes], rng: random.Random) -> list[bytes]:
    """The frames with something wrong: bytes flipped, cut, repeated, or frames shuffled."""
    frames = [bytes(frame) for frame in frames]
    for _ in range(rng.randint(1, 4)):
        k = rng.randrange(len(frames))
        frame = bytearray(frames[k])
        match rng.randrange(6):
            case 0 if frame:
                frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
            case 1:
                del frame[rng.randint(0, len(frame)) :]
            case 2:
                frame += rng.randbytes(rng.choice((1, 40, 5000)))
            case 3:
                frames.insert(k, rng.randbytes(rng.randint(0, 30)))
                continue
            case 4 if len(frames) > 1:
                del frames[k]
                continue
            case _:
                frame[:] = rng.randbytes(rng.randint(0, 70))
        frames[k] = bytes(frame)
    return frames


def test_garbage_leaves_the_door_answering(build: Build) -> None:
    house = build(limits=replace(Limits(), max_sessions=4))
    rng = random.Random(4)
    honest, vandal = house.client(), house.client()
    opened = vandal.open()
    seeds: list[Any] = [
        Hello(protocols=(1,), client="x", resume=(SessionKey("a", "b"),)),
        Open("tiny", image=RGB),
        drag(opened, mask=Image("gray8", 4, 4, bytes(16))),
        Seek(opened.session, 2),
        Stop(opened.session),
        Credit(opened.session, 2),
        Ping(),
    ]
    for count in range(600):
        vandal.raw(*mutated(encode(rng.choice(seeds), request=count + 1), rng))
        while vandal.socket.poll(0):
            vandal.socket.recv_multipart()
        if count % 100 == 0:
            honest.ask(Ping(), Pong)
    honest.ask(Ping(), Pong)
    assert "stumbled" not in str(honest.heard)
    vandal.raw(b"DGD1" * 5, *[b""] * 300)
    assert house.client().ask(ListModels(), ModelList).models


def test_a_frame_beyond_the_limit_costs_the_connection_only(build: Build) -> None:
    house = build(limits=replace(Limits(), max_bytes=10_000))
    big, other = house.client(), house.client()
    big.raw(MAGIC, b"\x80", bytes(20_000))
    other.ask(Ping(), Pong)


def test_a_quiet_client_is_asked_whether_it_is_there(build: Build) -> None:
    client = build().client()
    answer = client.receive(seconds=6)
    assert isinstance(answer.message, Pong) and answer.re is None


def test_the_end_finishes_the_step_and_says_goodbye(build: Build) -> None:
    house = build(seconds=0.05, drag_steps=1000)
    client = house.client()
    opened = client.open()
    begin_dragging(client, opened)
    house.door.end()
    assert client.wait(Done).reason == "stopped"
    assert client.wait(Closed).reason == "shutdown"
    house.thread.join(5)
    assert not house.thread.is_alive()


def test_a_daemon_nobody_needs_ends_by_itself(build: Build) -> None:
    now = [0.0]
    house = build(idle_exit=100.0, clock=lambda: now[0])
    client = house.client()
    opened = client.open()
    now[0] += 200
    time.sleep(0.7)
    client.ask(Close(opened.session), Closed)
    time.sleep(0.7)
    assert house.thread.is_alive()
    now[0] += 101
    house.thread.join(5)
    assert not house.thread.is_alive()


def test_the_socket_belongs_to_its_owner_alone(build: Build, tmp_path: Path) -> None:
    house = build()
    assert (tmp_path / "d.sock").stat().st_mode & 0o077 == 0
    house.client()
    assert next(iter(house.door._peers)).principal == f"uid:{os.getuid()}"
