"""Connections from other machines whose keys are taken back while they stay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from draggan_daemon.access.keys import KeyPair, make_pair, pair_of
from draggan_wire.messages import (
    FROM_DAEMON,
    Error,
    Hello,
    Message,
    Ping,
    Pong,
    Redeem,
    Welcome,
    decode,
    encode,
)
from zmq.utils import z85

from .far_daemon import FarDaemon

HELLO = Hello((1,), "a program that stays")


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarDaemon]:
    daemon = FarDaemon(tmp_path)
    yield daemon
    daemon.end()


class Stubborn:
    """Never hangs up, whatever it is told."""

    def __init__(self, far: FarDaemon, pair: KeyPair) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.curve_serverkey = z85.encode(far.access.server_pair().public)
        self._socket.curve_publickey = z85.encode(pair.public)
        self._socket.curve_secretkey = z85.encode(pair.secret)
        self._socket.connect(f"tcp://{far.remote}")

    def ask(self, message: Message) -> Message:
        """The answer; signs of life are none."""
        self._socket.send_multipart(encode(message, request=1))
        while True:
            answer = self._next()
            if answer != Pong() or message == Ping():
                return answer

    def farewell(self) -> Message:
        while (said := self._next()) == Pong():
            pass
        return said

    def close(self) -> None:
        self._socket.close()
        self._context.term()

    def _next(self) -> Message:
        assert self._socket.poll(8000)
        return decode(self._socket.recv_multipart(), ops=FROM_DAEMON).message


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("greeted", [False, True])
def test_a_connection_by_a_key_that_was_taken_back_cannot_begin_anew(
    far: FarDaemon, replaced: bool, greeted: bool
) -> None:
    stubborn = Stubborn(far, far.authorize("anna"))
    try:
        if greeted:
            assert isinstance(stubborn.ask(HELLO), Welcome)
        else:  # let in, but it has not said what it wants
            assert isinstance(stubborn.ask(Ping()), Error)
        far.access.revoke("anna")
        if replaced:
            far.authorize("anna")  # another computer of hers
        if greeted:
            said = stubborn.farewell()
            assert isinstance(said, Error) and said.code == "access_refused"
            time.sleep(0.7)
        again = stubborn.ask(HELLO)
        assert isinstance(again, Error) and again.code == "access_refused"
    finally:
        stubborn.close()


def test_an_invitation_that_was_taken_back_is_redeemed_by_nobody(far: FarDaemon) -> None:
    line = far.invite("anna")
    stubborn = Stubborn(far, pair_of(line.secret))
    try:
        assert isinstance(stubborn.ask(HELLO), Welcome)
        far.invite("anna")  # a new one; whoever has read the first one is to be kept out
        said = stubborn.ask(Redeem(make_pair().public.hex()))
        assert isinstance(said, Error) and said.code == "access_refused"
        assert not far.access.authorized
    finally:
        stubborn.close()
