"""The first conversation with a daemon elsewhere: an invitation becomes a lasting key; pyzmq only.

Nothing here is done before the daemon has proved that it has the key which the invitation names.
"""

from __future__ import annotations

import time
from typing import TypeVar

import zmq
from draggan_wire.errors import AccessRefused, BadInput, NoDaemon, WireError
from draggan_wire.messages import (
    FROM_DAEMON,
    MAJORS,
    Error,
    Hello,
    Message,
    Redeem,
    Redeemed,
    Welcome,
    decode,
    encode,
)

from ..access.invitations import InvitationLine
from ..access.keys import KeyPair, pair_of
from .known_servers import KnownServers
from .remote import Destination, FarSide, Frames, families

ANSWER_SECONDS = 10.0
NAME = "draggand relay"
M = TypeVar("M")


def redeem(line: InvitationLine, own: KeyPair, known: KnownServers) -> None:
    """Hands in `own`'s public key and remembers the daemon. Where the key is authorised already,
    the line only says where the daemon is now.

    Raises AccessRefused where the daemon is known by another key or the invitation does not hold,
    and NoDaemon where nobody answers.
    """
    known.check(line.remote, line.server)
    destination = Destination(line.remote, line.server, known.file)
    try:
        _hand_in(destination, line, own)
    except (AccessRefused, BadInput) as refused:
        if not _is_welcome(destination, own):
            raise _used(line, refused) if isinstance(refused, AccessRefused) else refused from None
    known.remember(line.remote, line.server)


def _hand_in(destination: Destination, line: InvitationLine, own: KeyPair) -> None:
    with_invitation = _Talk(destination, pair_of(line.secret))
    try:
        with_invitation.ask(Hello(protocols=MAJORS, client=NAME), Welcome)
        with_invitation.ask(Redeem(key=own.public.hex()), Redeemed)
    finally:
        with_invitation.close()


def _is_welcome(destination: Destination, own: KeyPair) -> bool:
    try:
        talk = _Talk(destination, own)
    except AccessRefused:
        return False
    try:
        talk.ask(Hello(protocols=MAJORS, client=NAME), Welcome)
    finally:
        talk.close()
    return True


def _used(line: InvitationLine, refused: AccessRefused) -> AccessRefused:
    return AccessRefused(
        f"The daemon at {line.remote} did not take the invitation of {line.name}: "
        "it has been used, or it has run out, or it is another daemon's.",
        hint=f"Ask for a new one: `draggand invite {line.name}`. ({refused.sentence})",
    )


def _plain(frames: Frames) -> list[bytes]:
    return [frame.bytes if isinstance(frame, zmq.Frame) else frame for frame in frames]


class _Talk:
    """Asking and waiting. Raises what the connection or the daemon says against it."""

    def __init__(self, destination: Destination, own: KeyPair) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._number = 0
        try:
            self._far = self._connect(destination, own)
        except BaseException:
            self._context.destroy(linger=0)
            raise

    def ask(self, message: Message, kind: type[M]) -> M:
        self._number += 1
        self._far.send([bytes(frame) for frame in encode(message, request=self._number)])
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            frames = self._far.receive()
            if frames is not None:
                answer = decode(_plain(frames), ops=FROM_DAEMON).message
                if isinstance(answer, Error):
                    raise answer.exception()
                if isinstance(answer, kind):
                    return answer
            else:
                self._wait(self._far)
        raise NoDaemon("The daemon does not answer.", hint="Try again, or restart it.")

    def close(self) -> None:
        self._far.close()
        self._context.term()

    def _connect(self, destination: Destination, own: KeyPair) -> FarSide:
        failure: WireError | None = None
        for ipv6 in families(destination.remote):
            far = FarSide(self._context, destination, own, ipv6=ipv6)
            try:
                while not far.opened:
                    self._wait(far)
                return far
            except NoDaemon as error:
                failure = failure or error
                far.close()
        assert failure is not None
        raise failure

    def _wait(self, far: FarSide) -> None:
        poller = zmq.Poller()
        for source in (far.socket, far.monitor):
            poller.register(source, zmq.POLLIN)
        poller.poll(100)
        far.take_events()
        if far.failure is not None:
            raise far.failure
