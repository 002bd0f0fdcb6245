"""Who is there: answers ZeroMQ's authentication requests (ZAP) of one context; pyzmq only.

Each socket of the daemon has one mechanism and one ZAP domain, and each domain lets in only what
came by its own mechanism:

    draggand-local      NULL   the ipc socket: processes of our own user
    draggand-loopback   PLAIN  127.0.0.1: whoever can read the token in our connection file
    draggand-remote     CURVE  other machines: keys of `authorized_clients` and open invitations

With a domain set, libzmq also turns away peers of the old ZMTP/1.0, as which a web page's POST
would pass. TCP is never NULL.
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass

import zmq
from draggan_wire.connection_file import LOOPBACK_USER
from zmq.utils import z85

from ..config import ConfigError
from .access import Access
from .keys import KEY_BYTES, fingerprint

log = logging.getLogger("draggand.auth")

LOCAL, LOOPBACK, REMOTE = b"draggand-local", b"draggand-loopback", b"draggand-remote"
LOOPBACK_PRINCIPAL = "loopback:token"
_ADDRESS = "inproc://zeromq.zap.01"  # where libzmq looks for the handler of its context
_LOG_EVERY = 1.0  # seconds: strangers shall not fill the disk with our log


@dataclass(frozen=True)
class Login:
    """Who came in, and by which key: another may have been given to that name since."""

    principal: str  # "uid:1000", "loopback:token", "key:anna", "invite:anna"
    key: bytes = b""

    def __str__(self) -> str:
        return f"{self.principal} {self.key.hex()}" if self.key else self.principal


class Gatekeeper:
    """Decides who comes in, on every socket of `context`; the frames' User-Id is the login.

    `token` is the loopback listener's password, `access` knows the keys for other machines; without
    them nobody comes in that way. For the thread that polls `socket` and then calls `answer`.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        *,
        token: str | None = None,
        access: Access | None = None,
    ) -> None:
        self.refusals = 0
        self._token, self._access = token, access
        self._logged = 0.0
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(_ADDRESS)

    # Before a socket is bound.

    def guard_local(self, socket: zmq.Socket[bytes]) -> None:
        """For an ipc socket: NULL, for our own user."""
        _enforce(socket, LOCAL)

    def guard_loopback(self, socket: zmq.Socket[bytes]) -> None:
        """For TCP on 127.0.0.1: PLAIN with the token."""
        _enforce(socket, LOOPBACK)
        socket.setsockopt(zmq.PLAIN_SERVER, 1)

    def guard_remote(self, socket: zmq.Socket[bytes], secret_key: bytes) -> None:
        """For TCP that other machines reach: CURVE; `secret_key` is the daemon's (32 bytes).

        Raises ConfigError where ZeroMQ was built without CURVE.
        """
        if not zmq.has("curve"):
            raise ConfigError(
                "The ZeroMQ library here cannot encrypt, so nothing can listen to other machines.",
                hint="Install pyzmq from PyPI (`pip install pyzmq`), or reach it by ssh://HOST.",
            )
        _enforce(socket, REMOTE)
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, z85.encode(secret_key))

    # While it serves.

    def answer(self) -> None:
        """Answer one waiting request; never raises, since a silent handler blocks every login."""
        try:
            request = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.ZMQError:
            return
        user = self._admit(request)
        number = request[1] if len(request) > 1 else b""
        status = [b"400", b"refused", b""] if user is None else [b"200", b"OK", str(user).encode()]
        with suppress(zmq.ZMQError):
            self.socket.send_multipart([b"1.0", number, *status, b""])

    def still_allowed(self, login: Login) -> bool:
        """Whether who came in so may stay, now that the keys have changed."""
        who = login.principal
        if who.startswith("uid:"):
            return who == f"uid:{os.geteuid()}"
        if who == LOOPBACK_PRINCIPAL:
            return self._token is not None
        return self._access is not None and self._access.principal(login.key) == who

    def _admit(self, request: list[bytes]) -> Login | None:
        try:
            user = self._principal(request)
        except Exception:
            log.exception("a login could not be checked, and is refused")
            user = None
        if user is None:
            self._refuse(request)
        return user

    def _principal(self, request: list[bytes]) -> Login | None:
        """Of a ZAP request: [version, id, domain, address, routing id, mechanism, credentials]."""
        if len(request) < 6 or request[0] != b"1.0":
            return None
        domain, address, mechanism, credentials = request[2], request[3], request[5], request[6:]
        if (domain, mechanism) == (LOCAL, b"NULL"):
            return _local_user(address)
        if (domain, mechanism) == (LOOPBACK, b"PLAIN") and len(credentials) == 2:
            return self._by_token(address, *credentials)
        if (domain, mechanism) == (REMOTE, b"CURVE") and len(credentials) == 1:
            return self._by_key(credentials[0])
        return None

    def _by_token(self, address: bytes, user: bytes, password: bytes) -> Login | None:
        if self._token is None or address not in (b"127.0.0.1", b"::1", b"::ffff:127.0.0.1"):
            return None
        right = hmac.compare_digest(password, self._token.encode())
        return Login(LOOPBACK_PRINCIPAL) if right and user == LOOPBACK_USER.encode() else None

    def _by_key(self, key: bytes) -> Login | None:
        if self._access is None or len(key) != KEY_BYTES:
            return None
        who = self._access.principal(key)
        return None if who is None else Login(who, key)

    def _refuse(self, request: list[bytes]) -> None:
        self.refusals += 1
        now = time.monotonic()
        if self._logged and now - self._logged < _LOG_EVERY:
            return
        self._logged = now
        log.warning("a login was refused%s (%d so far)", _whose(request), self.refusals)


def login(frame: zmq.Frame) -> Login:
    """Who sent a frame, as the authentication said; libzmq notes it on every frame."""
    who, _, key = str(frame.get("User-Id")).partition(" ")
    return Login(who, bytes.fromhex(key))


def _enforce(socket: zmq.Socket[bytes], domain: bytes) -> None:
    """The domain has to be there first: PLAIN that enforces none makes libzmq abort the process."""
    socket.setsockopt(zmq.ZAP_DOMAIN, domain)
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def _local_user(address: bytes) -> Login | None:
    """Our own user on a local socket; the directory's 0700 is the other barrier.

    Linux writes `localhost:<uid>:<gid>:<pid>`. Systems that name no user leave the directory's
    mode as the only barrier.
    """
    named = re.match(rb"[^:]*:(\d{1,10}):", address)
    uid = int(named[1]) if named else os.geteuid()
    return Login(f"uid:{uid}") if uid == os.geteuid() else None


def _whose(request: list[bytes]) -> str:
    """Where a login came from and by which key, as far as both can be told without harm."""
    if len(request) < 6:
        return ""
    address = re.sub(r"[^0-9A-Za-z:.\[\]]", "?", request[3][:60].decode("ascii", "replace"))
    with_key = request[5] == b"CURVE" and len(request) == 7 and len(request[6]) == KEY_BYTES
    return f" from {address}" + (f" with the key {fingerprint(request[6])}" if with_key else "")
