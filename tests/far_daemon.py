"""The daemon of another machine, as far as a relay can tell, and the relay in front of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from draggan_daemon.access.access import Access
from draggan_daemon.access.authorized import AuthorizedKey
from draggan_daemon.access.invitations import InvitationLine, Remote
from draggan_daemon.access.keys import KeyPair, make_pair
from draggan_daemon.config import Config
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker
from draggan_daemon.relay.known_servers import KnownServers
from draggan_daemon.relay.relay import Relay
from draggan_daemon.relay.remote import Destination
from draggan_wire.client import Client, Connected
from draggan_wire.messages import Envelope, Error, Image, Message, Open, Opened, Ready

from tests.fake_engine import FakeEngine

RGB = Image("rgb8", 8, 6, bytes(8 * 6 * 3))
T = TypeVar("T")


class FarDaemon:
    """A door for other machines at a port of this one, with an engine that only counts.

    After `end`, `begin` serves again at the same port, as a daemon that has been restarted.
    """

    def __init__(self, folder: Path, **engine: Any) -> None:
        self.access = Access(folder / "far")
        self._engine = engine
        self.remote = Remote("127.0.0.1", 0)
        self.door: Door | None = None
        self.begin()

    def begin(self) -> None:
        self.worker = InProcessWorker(FakeEngine(**self._engine))
        access = Access(self.access.folder)
        self.door = Door(self.worker, Config(), version="0", access=access)
        address = f"127.0.0.1:{self.remote.port or '*'}"
        bound = self.door.bind_remote(address, self.access.server_pair().secret)
        self.remote = Remote("127.0.0.1", int(bound.rpartition(":")[2]))
        self._thread = threading.Thread(target=self.door.serve)
        self._thread.start()

    def end(self) -> None:
        if self.door is not None:
            self.door.end()
            self._thread.join(8)
            assert not self._thread.is_alive()
            self.worker.release()
            self.door = None

    def authorize(self, name: str = "anna") -> KeyPair:
        pair = make_pair()
        self.access.authorize(AuthorizedKey(pair.public, name))
        return pair

    def invite(self, name: str = "anna", *, seconds: float = 60.0) -> InvitationLine:
        pair = make_pair()
        self.access.invite(name, pair.public, time.time() + seconds)
        public = self.access.server_pair().public
        return InvitationLine(name, self.remote, public, pair.secret)

    def destination(self, folder: Path, *, server: bytes | None = None) -> Destination:
        key = server or self.access.server_pair().public
        return Destination(self.remote, key, KnownServers(folder).file, 3)


@contextmanager
def relaying(path: Path, destination: Destination, own: KeyPair) -> Iterator[Relay]:
    """A relay that serves in a thread while the block lasts."""
    relay = Relay(destination, own)
    relay.bind(path)
    thread = threading.Thread(target=relay.serve)
    thread.start()
    try:
        yield relay
    finally:
        relay.end()
        thread.join(8)
        assert not thread.is_alive()


class Program:
    """A client that keeps what it hears."""

    def __init__(self, address: str) -> None:
        self.client = Client(address, name="test 1")
        self.heard: list[Any] = []

    def until(self, true: Callable[[Any], bool], *, seconds: float = 10.0) -> Any:
        """The first event from here on of which `true` is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            event = self.client.next(0.2)
            if event is None:
                continue
            self.heard.append(event)
            if true(event):
                return event
        raise AssertionError(f"not heard; the last of what was: {self.heard[-5:]}")

    def event(self, kind: type[T], **how: Any) -> T:
        found: T = self.until(lambda event: isinstance(event, kind), **how)
        return found

    def message(self, kind: type[T], **how: Any) -> T:
        """The next message of a kind; an error is a failure."""

        def wanted(event: Any) -> bool:
            said = event.message if isinstance(event, Envelope) else None
            assert kind is Error or not isinstance(said, Error), said
            return isinstance(said, kind)

        found: T = self.until(wanted, **how).message
        return found

    def ask(self, message: Message, kind: type[T]) -> T:
        number = self.client.send(message)
        event = self.until(lambda e: isinstance(e, Envelope) and e.re == number)
        assert isinstance(event.message, kind), event.message
        return event.message

    def open(self) -> Opened:
        self.event(Connected)
        opened = self.ask(Open("tiny", image=RGB), Opened)
        self.message(Ready)
        return opened

    def close(self) -> None:
        self.client.close()
