"""The client: hello, answers, losses and returns, against a real ROUTER with a scripted daemon."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from draggan_wire import client as client_module
from draggan_wire import inbox as inbox_module
from draggan_wire.client import FEATURES, Client, Connected, Event, Lost, Refused
from draggan_wire.errors import AccessRefused, BadInput, LimitExceeded, NoDaemon, WrongProtocol
from draggan_wire.messages import (
    MISMATCH,
    Ack,
    Close,
    Closed,
    Credit,
    Done,
    Drag,
    Envelope,
    Error,
    Frame,
    Hello,
    Image,
    Link,
    ListModels,
    Message,
    ModelList,
    Open,
    Opened,
    Ping,
    Pong,
    Ready,
    SessionKey,
    State,
    Stop,
    Welcome,
    decode,
    encode,
)
from draggan_wire.parts import Assembler, split
from draggan_wire.zmtp import Credentials

from .zmq_router import Multipart, Router

PICTURE = Image("gray8", 2, 2, b"1234")
Start = Callable[..., Client]


def preview(step: int, session: str = "s") -> Frame:
    return Frame(session, step + 1, "preview", step, PICTURE)


class Daemon:
    """Answers by a table: what the client says -> what comes back."""

    def __init__(self, table: dict[type[Any], list[Message]] | None = None) -> None:
        self.table: dict[type[Any], list[Message]] = {Ping: [Pong()], **(table or {})}
        self.heard: list[Message] = []
        self.resumed: tuple[str, ...] = ()

    def __call__(self, frames: Multipart) -> Iterator[Multipart]:
        envelope = decode(frames)
        self.heard.append(envelope.message)
        if isinstance(envelope.message, Hello) and Hello not in self.table:
            welcome = Welcome(1, "test", "none", resumed=self.resumed)
            yield [bytes(part) for part in encode(welcome, reply=envelope.id)]
        for answer in self.table.get(type(envelope.message), []):
            yield [bytes(part) for part in encode(answer, reply=envelope.id)]

    def wait_for(self, kind: type[Any], count: int = 1) -> list[Any]:
        end = time.monotonic() + 5
        while True:
            found = [message for message in self.heard if isinstance(message, kind)]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, f"{kind.__name__} was not heard"
            time.sleep(0.005)

    def wait_to_hear(self, message: Message) -> None:
        end = time.monotonic() + 5
        while message not in self.heard:
            assert time.monotonic() < end, f"{message} was not heard"
            time.sleep(0.005)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/s"


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Client] = []

    def start_one(address: str, **options: Any) -> Client:
        started.append(Client(address, **options))
        return started[-1]

    yield start_one
    for client in started:
        client.close()


def events(client: Client, count: int = 1) -> list[Event]:
    """The next `count` events."""
    found: list[Event] = []
    end = time.monotonic() + 5
    while len(found) < count:
        assert time.monotonic() < end, f"only {found} came"
        found += client.poll(0.1)
    return found


def messages(client: Client, count: int) -> list[Message]:
    return [event.message for event in events(client, count) if isinstance(event, Envelope)]


def test_a_client_says_hello_and_is_welcomed(address: str, start: Start) -> None:
    daemon = Daemon()
    with Router(address, daemon):
        client = start(address, name="test 7")
        assert events(client) == [Connected(Welcome(1, "test", "none"))]
        assert client.welcome == Welcome(1, "test", "none")
    assert daemon.heard == [Hello((1,), "test 7", FEATURES)]


def test_an_answer_carries_the_number_of_its_request(address: str, start: Start) -> None:
    with Router(address, Daemon({ListModels: [ModelList(models=())]})):
        client = start(address)
        events(client)
        first, second = client.send(ListModels()), client.send(Ping())
        assert events(client, 2) == [
            Envelope(ModelList(models=()), re=first),
            Envelope(Pong(), re=second),
        ]


def test_an_eight_megabyte_picture_comes_back_whole(address: str, start: Start) -> None:
    image = Image("rgba8", 2048, 1024, bytes(range(256)) * (8 << 12))

    def send_back(frames: Multipart) -> Iterator[Multipart]:
        envelope = decode(frames)
        if isinstance(envelope.message, Open) and envelope.message.image:
            answer: Message = Frame("s", 1, "kept", 1, envelope.message.image)
        else:
            answer = Welcome(1, "test", "none")
        yield [bytes(part) for part in encode(answer, reply=envelope.id)]

    with Router(address, send_back):
        client = start(address)
        events(client)
        client.send(Open(model="m", image=image))
        (frame,) = messages(client, 1)
    assert isinstance(frame, Frame) and frame.image == image


def test_poll_never_waits_unless_asked_to(address: str, start: Start) -> None:
    client = start(address)
    before = time.monotonic()
    for _ in range(100):
        client.poll()
    assert time.monotonic() - before < 0.1


def test_what_has_come_together_can_be_taken_one_after_the_other(
    address: str, start: Start
) -> None:
    said: list[Message] = [Opened("s", "token", 2, 2), Ready("s")]
    with Router(address, Daemon({Open: said})):
        client = start(address)
        assert isinstance(client.next(5), Connected)
        client.send(Open(model="m", seed=0))
        time.sleep(0.2)  # both are there before anybody looks
        first, second = client.next(5), client.next()
        assert client.next() is None
    assert isinstance(first, Envelope) and isinstance(first.message, Opened)
    assert isinstance(second, Envelope) and second.message == Ready("s")


def test_no_daemon_is_told_once_and_the_client_keeps_trying(address: str, start: Start) -> None:
    client = start(address)
    (lost,) = events(client)
    assert isinstance(lost, Lost) and isinstance(lost.error, NoDaemon)
    assert client.poll(0.4) == []
    with Router(address, Daemon()):
        assert isinstance(events(client)[0], Connected)


def test_a_restarted_daemon_is_met_again_and_sessions_are_named(address: str, start: Start) -> None:
    opened, gone = Opened("s1", "token1", 2, 2), Opened("s2", "token2", 2, 2)
    daemon = Daemon({Open: [opened, gone, Opened("s3", "token3", 2, 2), Closed("s3", "asked")]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Open(model="m", seed=1))
        events(client, 4)
    daemon.resumed = ("s1",)
    with Router(address, daemon):
        lost, back = events(client, 2)
        assert isinstance(lost, Lost) and isinstance(back, Connected)
        assert daemon.heard[-1].resume == (SessionKey("s1", "token1"), SessionKey("s2", "token2"))
    with Router(address, daemon):
        events(client, 2)
        assert daemon.heard[-1].resume == (SessionKey("s1", "token1"),)


def test_many_restarts_are_survived(
    address: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE", 0.01)
    client = start(address)
    events(client)
    for _ in range(8):
        with Router(address, Daemon()):
            assert isinstance(events(client)[-1], Connected)
        assert isinstance(events(client)[-1], Lost)


def test_a_daemon_of_another_protocol_is_refused_by_name(address: str, start: Start) -> None:
    def newer(frames: Multipart) -> list[Multipart]:
        return [[MISMATCH, b"\x82\xa5error\xa8protocol\xa6server\x91\x02"]]

    with Router(address, newer):
        client = start(address)
        (refused,) = events(client)
    assert isinstance(refused, Refused) and isinstance(refused.error, WrongProtocol)
    assert "speaks protocol 2" in refused.error.sentence


def test_a_peer_that_talks_nonsense_is_refused(address: str, start: Start) -> None:
    with Router(address, lambda frames: [[b"hello yourself"]]):
        (refused,) = events(start(address))
    assert isinstance(refused, Refused) and "not DragGAN's protocol" in refused.error.sentence


def test_a_refused_hello_is_told_in_the_daemons_words(address: str, start: Start) -> None:
    full = Error(code="limit_exceeded", sentence="The daemon is full.", hint="Wait.")
    with Router(address, Daemon({Hello: [full]})):
        (refused,) = events(start(address))
    assert isinstance(refused, Refused) and isinstance(refused.error, LimitExceeded)
    assert (refused.error.sentence, refused.error.hint) == ("The daemon is full.", "Wait.")


def test_a_password_is_right_or_refused(start: Start) -> None:
    with Router("tcp://127.0.0.1:*", Daemon(), password="right") as router:
        client = start(router.endpoint, credentials=Credentials("anna", "right"))
        assert isinstance(events(client)[0], Connected)
        (refused,) = events(start(router.endpoint, credentials=Credentials("anna", "no")))
    assert isinstance(refused, Refused) and isinstance(refused.error, AccessRefused)


def test_a_socket_that_others_could_hold_is_refused(
    address: str, tmp_path: Path, start: Start
) -> None:
    tmp_path.chmod(0o777)
    with Router(address, Daemon()):
        (refused,) = events(start(address))
    assert isinstance(refused, Refused) and isinstance(refused.error, AccessRefused)


def test_a_wrong_address_is_an_error_at_once() -> None:
    with pytest.raises(BadInput):
        Client("http://example.org")


def test_the_newest_preview_wins_and_all_credit_comes_back_when_it_is_drawn(
    address: str, start: Start
) -> None:
    daemon = Daemon({Stop: [preview(1), preview(1, "t"), preview(2), preview(3), Pong()]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Stop(session="s"))
        time.sleep(0.3)  # an editor that is busy elsewhere
        found = messages(client, 3)
        assert found == [preview(1, "t"), preview(3), Pong()]
        assert [m for m in daemon.heard if isinstance(m, Credit)] == []
        client.drawn(preview(3))
        client.drawn(preview(1, "t"))
        assert daemon.wait_for(Credit, 2) == [Credit("s", 3), Credit("t", 1)]
        client.drawn(preview(4))
        assert daemon.wait_for(Credit, 3)[-1] == Credit("s", 1)


def test_kept_frames_are_never_dropped(address: str, start: Start) -> None:
    kept = [Frame("s", i + 1, "kept", i, PICTURE) for i in range(300)]
    with Router(address, Daemon({Stop: [*kept, Done("s", "stopped", 300, 1.0, ())]})):
        client = start(address)
        events(client)
        client.send(Stop(session="s"))
        time.sleep(0.2)
        assert messages(client, 301)[:-1] == kept


def test_whoever_never_polls_loses_the_connection_not_the_memory(
    address: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "MAX_BYTES", 100)
    kept = [Frame("s", i + 1, "kept", i, PICTURE) for i in range(100)]
    with Router(address, Daemon({Stop: list(kept)})):
        client = start(address)
        events(client)
        client.send(Stop(session="s"))
        time.sleep(0.3)
        found = client.poll()
    assert isinstance(found[-1], Refused) and isinstance(found[-1].error, LimitExceeded)
    assert len(found) < 30


def test_without_a_connection_a_request_is_answered_by_an_error(address: str, start: Start) -> None:
    client = start(address)
    events(client)
    number = client.send(Ping())
    (event,) = events(client)
    assert isinstance(event, Envelope) and event.re == number
    assert isinstance(event.message, Error) and event.message.code == "connection_lost"


def test_a_message_of_a_newer_daemon_is_passed_over(address: str, start: Start) -> None:
    daemon = Daemon()

    def newer(frames: Multipart) -> Iterator[Multipart]:
        if isinstance(decode(frames).message, Ping):
            yield [b"DGD1", b"\x81\xa2op\xa5dance"]
        yield from daemon(frames)

    with Router(address, newer):
        client = start(address)
        events(client)
        client.send(Ping())
        assert messages(client, 1) == [Pong()]


def test_a_pong_nobody_asked_for_is_not_an_event(address: str, start: Start) -> None:
    daemon = Daemon({Ping: [Pong()]})

    def probing(frames: Multipart) -> Iterator[Multipart]:
        yield [bytes(part) for part in encode(Pong())]
        yield from daemon(frames)

    with Router(address, probing):
        client = start(address)
        events(client)
        number = client.send(Ping())
        assert events(client) == [Envelope(Pong(), re=number)]


def test_closing_sends_what_still_waits_and_is_quick(address: str) -> None:
    daemon = Daemon()
    with Router(address, daemon):
        client = Client(address)
        events(client)
        client.send(Close(session="s"))
        before = time.monotonic()
        client.close()
        assert time.monotonic() - before < 0.5
        assert daemon.wait_for(Close) == [Close("s")]


def test_a_client_of_nobody_closes_at_once(address: str) -> None:
    client = Client(address)
    before = time.monotonic()
    client.close()
    assert time.monotonic() - before < 0.5


# Events, features, and what a slow link needs.

OPENED = Opened("s", "token", 2, 2)
ALL = ("acks", "parts", "link")


class Counting(Daemon):
    """Knows all features, numbers a session's events, and cuts what is large when `cut` says so."""

    def __init__(
        self, table: dict[type[Any], list[Message]], *, features: tuple[str, ...] = ALL
    ) -> None:
        super().__init__(table)
        self.event = 0
        self.reply_to: int | None = None  # in place of the request that is answered
        self.features = features
        self.assembler = Assembler(1 << 28)
        self.interrupting: list[Message] = []  # what is said after the first part of an answer

    def __call__(self, frames: Multipart) -> Iterator[Multipart]:
        whole = self.assembler.take(frames)
        if whole is None:
            return
        envelope = decode(whole)
        self.heard.append(envelope.message)
        answers = self.table.get(type(envelope.message), [])
        if isinstance(envelope.message, Hello):
            answers = [Welcome(1, "t", "none", features=self.features, resumed=self.resumed)]
        for answer in answers:
            number = envelope.id
            if self.reply_to is not None and isinstance(envelope.message, Stop):
                number = self.reply_to
            parts = list(split(self.encoded(answer, number)))
            if len(parts) > 1:
                parts[1:1] = [self.encoded(message, None) for message in self.interrupting]
            for part in parts:
                yield [bytes(frame) for frame in part]

    def encoded(self, message: Message, number: int | None) -> Any:
        preview = isinstance(message, Frame) and message.kind == "preview"
        if getattr(message, "session", None) is None or preview:
            return encode(message, reply=number)
        self.event += 1
        return encode(message, reply=number, event=self.event)


def test_events_are_acknowledged_soon_and_at_the_end_of_a_drag_at_once(
    address: str, start: Start
) -> None:
    kept = [Frame("s", i + 1, "kept", i, PICTURE) for i in range(20)]
    done = Done("s", "stopped", 20, 1.0, ())
    daemon = Counting({Open: [OPENED], Stop: [*kept, done]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Open(model="m", seed=1))
        assert daemon.wait_for(Ack) == [Ack("s", 1)]
        client.send(Stop("s"))
        messages(client, 22)
        acks = daemon.wait_for(Ack, 2)
        assert acks[-1] == Ack("s", 22) and len(acks) < 5


def test_an_event_that_comes_again_after_a_reconnect_is_dropped(address: str, start: Start) -> None:
    daemon = Counting({Open: [OPENED, State("s", "opening")]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Open(model="m", seed=1))
        assert len(messages(client, 2)) == 2
    daemon.resumed, daemon.event = ("s",), 0
    daemon.table[Stop] = [OPENED, State("s", "opening"), State("s", "idle")]
    with Router(address, daemon):
        events(client, 2)
        (again,) = [m for m in daemon.heard if isinstance(m, Hello)][1:]
        assert again.resume == (SessionKey("s", "token", 2),)
        client.send(Stop("s"))
        assert messages(client, 1) == [State("s", "idle")]
        daemon.wait_to_hear(Ack("s", 3))


def test_kept_frames_that_a_killed_daemon_sends_once_more_are_had_once(
    address: str, start: Start
) -> None:
    first, second, third = (Frame("s", i, "kept", 5 * i, PICTURE) for i in (1, 2, 3))
    daemon = Counting({Open: [OPENED], Drag: [first, second]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Open(model="m", seed=1))
        number = client.send(Drag("s", ((1.0, 1.0),), ((2.0, 2.0),)))
        assert messages(client, 3) == [OPENED, first, second]
    daemon.resumed, daemon.event = ("s",), 3  # the journal knows of the first one's receipt only
    daemon.table[Stop] = [second, third]
    daemon.reply_to = number
    with Router(address, daemon):
        events(client, 2)
        client.send(Stop("s"))
        assert messages(client, 1) == [third]
        daemon.wait_to_hear(Ack("s", 5))


def test_an_old_daemon_hears_of_no_new_things(address: str, start: Start) -> None:
    picture = Image("rgb8", 512, 512, bytes(512 * 512 * 3))
    daemon = Daemon({Open: [OPENED], Stop: [preview(1), Done("s", "cap", 1, 1.0, ())]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Open(model="m", image=picture))
        client.send(Stop("s"))
        messages(client, 3)
        time.sleep(0.3)
    assert [type(message) for message in daemon.heard] == [Hello, Open, Stop]
    assert client.credit == 2


def test_a_large_picture_goes_in_parts_and_comes_in_parts(address: str, start: Start) -> None:
    picture = Image("rgb8", 512, 512, bytes(512 * 512 * 3))
    daemon = Counting({Open: [OPENED], Stop: [Frame("s", 1, "kept", 1, picture)]})
    with Router(address, daemon) as router:
        client = start(address)
        events(client)
        client.send(Open(model="m", image=picture))
        assert messages(client, 1) == [OPENED]
        client.send(Stop("s"))
        (kept,) = messages(client, 1)
        assert max(len(frames[-1]) for frames in router.received) <= 1 << 18
    assert isinstance(kept, Frame) and kept.image == picture
    assert daemon.wait_for(Open)[0].image == picture


def test_what_comes_between_the_parts_of_a_message_is_told_after_it(
    address: str, start: Start
) -> None:
    result = Frame("s", 1, "result", 1, Image("rgb8", 512, 512, bytes(512 * 512 * 3)))
    done = Done("s", "cap", 1, 1.0, ())
    daemon = Counting({Open: [OPENED], Stop: [result, State("s", "idle")]})
    daemon.interrupting = [done, preview(2)]
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Open(model="m", seed=1))
        messages(client, 1)
        client.send(Stop("s"))
        assert messages(client, 4) == [preview(2), result, done, State("s", "idle")]


def test_a_daemon_that_never_finishes_what_it_began_is_left(address: str, start: Start) -> None:
    result = Frame("s", 1, "result", 1, Image("rgb8", 512, 512, bytes(512 * 512 * 3)))
    daemon = Counting({Open: [OPENED], Stop: [result]})
    daemon.interrupting = [State("s", "dragging")] * 300
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Open(model="m", seed=1))
        messages(client, 1)
        client.send(Stop("s"))
        (refused,) = events(client)
    assert isinstance(refused, Refused) and isinstance(refused.error, LimitExceeded)


def test_the_link_is_measured_and_told(address: str, start: Start) -> None:
    daemon = Counting({})
    with Router(address, daemon):
        client = start(address)
        assert len(events(client)) == 1
        (link,) = daemon.wait_for(Link)
        assert 0 < link.round_trip_ms < 500 and link.bytes_per_second is None
        assert len(daemon.wait_for(Ping)) == 3
        assert client.poll(0.1) == []  # nothing of it is the program's business


def test_only_a_host_that_reads_jpeg_offers_to(address: str, start: Start) -> None:
    daemon = Daemon()
    with Router(address, daemon):
        events(start(address, jpeg=lambda data, width, height: b""))
    assert daemon.heard[0].features == (*FEATURES, "jpeg")  # type: ignore[union-attr]


def coded(kind: str, data: bytes) -> Frame:
    return Frame("s", 5, kind, 5, Image("gray8", 2, 2, data, "rows"))


def test_coded_pictures_come_out_raw(address: str, start: Start) -> None:
    result = coded("result", zlib.compress(b"12\2\2"))
    with Router(address, Daemon({Stop: [result]})):
        client = start(address)
        events(client)
        client.send(Stop("s"))
        assert messages(client, 1) == [replace(result, image=PICTURE)]


def test_only_pictures_that_are_still_wanted_are_decoded(
    address: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(client_module, "decoded", lambda frame, jpeg: seen.append(frame.step))
    with Router(address, Daemon({Stop: [preview(i) for i in range(9)] + [Pong()]})):
        client = start(address)
        events(client)
        client.send(Stop("s"))
        time.sleep(0.3)
        client.poll()
    assert seen == [8]


def test_the_newest_likeness_wins_and_no_preview_takes_its_place(
    address: str, start: Start
) -> None:
    older, newer = (Frame("s", seq, "likeness", 0, PICTURE) for seq in (1, 2))
    daemon = Daemon({Stop: [older, newer, preview(3), Pong()]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Stop(session="s"))
        time.sleep(0.3)  # an editor that is busy elsewhere
        assert messages(client, 3) == [newer, preview(3), Pong()]
        client.drawn(newer)
        assert daemon.wait_for(Credit) == [Credit("s", 2)]


def test_a_damaged_preview_costs_its_credit_only(address: str, start: Start) -> None:
    daemon = Daemon({Stop: [preview(1), coded("preview", b"no rows"), Pong()]})
    with Router(address, daemon):
        client = start(address)
        events(client)
        client.send(Stop("s"))
        time.sleep(0.2)
        assert messages(client, 1) == [Pong()]
        assert daemon.wait_for(Credit) == [Credit("s", 2)]  # the one it has replaced, too


def test_a_damaged_result_is_an_error_of_its_request(address: str, start: Start) -> None:
    with Router(address, Daemon({Stop: [coded("result", b"no rows")]})):
        client = start(address)
        events(client)
        number = client.send(Stop("s"))
        (event,) = events(client)
    assert isinstance(event, Envelope) and event.re == number
    assert isinstance(event.message, Error) and event.message.session == "s"
    assert "damaged" in event.message.sentence


@pytest.mark.parametrize(("code", "kind"), [("connection_lost", Lost), ("access_refused", Refused)])
def test_a_farewell_ends_the_connection_in_the_daemons_words(
    address: str, start: Start, code: str, kind: type[Any]
) -> None:
    farewell = Error(code=code, sentence="The other computer is gone.", hint="Wait.")

    def go(frames: Multipart) -> Iterator[Multipart]:
        yield from daemon(frames)
        if isinstance(decode(frames).message, Stop):
            yield [bytes(frame) for frame in encode(farewell)]

    daemon = Daemon()
    with Router(address, go):
        client = start(address)
        events(client)
        client.send(Stop("s"))
        event = events(client)[0]
        assert isinstance(event, kind) and event.error.sentence == farewell.sentence
        if kind is Lost:
            assert isinstance(events(client)[-1], Connected)


def test_other_errors_without_a_request_are_no_farewell(address: str, start: Start) -> None:
    error = Error(code="bad_message", sentence="What was that?")
    with Router(address, Counting({Stop: [error]})):
        client = start(address)
        events(client)
        client.send(Stop("s"))
        assert messages(client, 1) == [error]


def test_the_loopback_password_is_read_again_at_each_connect(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = iter(["of the daemon before", "right", "right", "right"])
    monkeypatch.setattr(client_module, "PAUSE_AFTER_REFUSAL", 0.05)
    monkeypatch.setattr(
        client_module, "loopback_credentials", lambda at: Credentials("anna", next(passwords))
    )
    with Router("tcp://127.0.0.1:*", Daemon(), password="right") as router:
        refused, connected = events(start(router.endpoint), 2)
    assert isinstance(refused, Refused) and isinstance(connected, Connected)
