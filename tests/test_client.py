"""The client: hello, answers, losses and returns, against a real ROUTER with a scripted daemon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from draggan_wire import client as client_module
from draggan_wire import inbox as inbox_module
from draggan_wire.client import Client, Connected, Event, Lost, Refused
from draggan_wire.errors import AccessRefused, BadInput, LimitExceeded, NoDaemon, WrongProtocol
from draggan_wire.messages import (
    MISMATCH,
    Close,
    Closed,
    Credit,
    Done,
    Envelope,
    Error,
    Frame,
    Hello,
    Image,
    ListModels,
    Message,
    ModelList,
    Open,
    Opened,
    Ping,
    Pong,
    SessionKey,
    Stop,
    Welcome,
    decode,
    encode,
)
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
    assert daemon.heard == [Hello((1,), "test 7", ("acks", "parts", "rows"))]


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
