"""Who is there: answers ZeroMQ's authentication requests (ZAP) for the local socket; pyzmq only.

The socket lies in a directory that only its owner can enter; this is the second barrier: with a
ZAP domain set, libzmq turns away peers of the old ZMTP/1.0, and the peer's user id is checked.
"""

from __future__ import annotations

import logging
import os
import re

import zmq

log = logging.getLogger("draggand.auth")

DOMAIN = b"draggand"
_ADDRESS = "inproc://zeromq.zap.01"  # where libzmq looks for the handler of its context


class LocalUserOnly:
    """Lets in peers that run as this process's own user; the frames' User-Id is `uid:<number>`."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(_ADDRESS)

    def guard(self, socket: zmq.Socket[bytes]) -> None:
        """Call before `socket` is bound. The domain has to be there before it is enforced."""
        socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)

    def answer(self) -> None:
        """Answer one waiting request; never raises, since a silent handler blocks every login."""
        request = self.socket.recv_multipart()
        request_id = request[1] if len(request) > 1 else b""
        user = _user(request)
        if user is None:
            log.warning("a connection of another user was refused")
            answer = [b"1.0", request_id, b"400", b"not this user's daemon", b"", b""]
        else:
            answer = [b"1.0", request_id, b"200", b"OK", user.encode(), b""]
        self.socket.send_multipart(answer)


def principal(frame: zmq.Frame) -> str:
    """Who sent a frame, as the authentication said; libzmq notes it on every frame."""
    return str(frame.get("User-Id"))


def _user(request: list[bytes]) -> str | None:
    """The user of a ZAP request [version, id, domain, address, routing id, mechanism, ...].

    Linux writes `localhost:<uid>:<gid>:<pid>`. Systems that name no user leave the directory's
    mode as the only barrier.
    """
    if len(request) < 6 or request[2] != DOMAIN or request[5] != b"NULL":
        return None
    named = re.match(rb"[^:]*:(\d+):", request[3])
    uid = int(named[1]) if named else os.geteuid()
    return f"uid:{uid}" if uid == os.geteuid() else None
