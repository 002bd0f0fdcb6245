"""The line to a daemon while there is no address to reach one by; standard library only."""

from __future__ import annotations

from typing import List

from .draggan_wire.client import Event
from .draggan_wire.errors import NoDaemon
from .draggan_wire.messages import Frame, Message


class Nobody:
    """A `draggan_wire.exchange.Line` on which nothing ever comes."""

    welcome = None

    def send(self, message: Message) -> int:
        raise NoDaemon("The daemon's address cannot be used.", hint="Check it.")

    def drawn(self, frame: Frame) -> None:
        """Nobody waits for it."""

    def poll(self) -> List[Event]:
        return []

    def close(self) -> None:
        """There is nothing to close."""
