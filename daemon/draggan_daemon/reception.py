"""Who comes in and what they may be: hello, invitations, administrators; no pyzmq.

The Gatekeeper has said who it is (`Peer.principal`); here it is decided what that person may do.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence

from draggan_wire.errors import AccessRefused, LimitExceeded
from draggan_wire.messages import (
    MAJORS,
    Hello,
    Redeem,
    Redeemed,
    Welcome,
    encode,
    encode_mismatch,
)
from draggan_wire.parts import Assembler

from .access.access import Access
from .access.auth import Login
from .config import Config
from .desk import Desk
from .listeners import LOCAL, Route
from .peers import Peer, Peers
from .sessions import Session
from .worker import SessionWorker

log = logging.getLogger("draggand")

FEATURES = ("acks", "likeness", "link", "parts", "refine", "reopen")
INVITED = "invite:"  # principals that may redeem an invitation, and nothing else


class Reception:
    """Welcomes connections. `version` is the daemon's own, `clock` the door's."""

    def __init__(
        self,
        desk: Desk,
        peers: Peers,
        worker: SessionWorker,
        config: Config,
        access: Access | None,
        *,
        version: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk, self._peers, self._worker = desk, peers, worker
        self._config, self._access = config, access
        self._name, self._clock = f"draggand {version}", clock

    def adopt(self, config: Config) -> None:
        """From now on these settings hold."""
        self._config = config

    def hello(self, route: Route, who: Login, message: Hello, request: int | None) -> None:
        """A connection begins, or begins anew. Raises LimitExceeded where there are too many."""
        spoken = set(MAJORS) & set(message.protocols)
        if not spoken:
            self._peers.send(route, encode_mismatch())
            return
        self._check_room(route, who.principal)
        peer = Peer(
            route=route,
            login=who,
            client=message.client,
            heard=self._clock(),
            features=frozenset(message.features),
            assembler=Assembler(2 * self._config.limits.max_bytes),
        )
        self._peers.add(peer)
        log.info("hello from %r (%s)", message.client, who.principal)
        resumed = [] if _invited(peer) else self._desk.resumable(message.resume, who.principal)
        welcome = self._welcome(max(spoken), peer, resumed)
        self._desk.delivery.send(route, encode(welcome, reply=request))
        heard = {key.session: key.heard for key in message.resume}
        for session in resumed:
            self._desk.attach(session, peer, heard=heard[session.id])

    def redeem(self, peer: Peer, message: Redeem, request: int | None) -> None:
        """An invitation is used up. Raises WireError where there is none, or not any more."""
        if not _invited(peer) or self._access is None:
            raise AccessRefused(
                "This connection has no invitation to redeem.",
                hint="Ask whoever runs the daemon for one: `draggand invite NAME`.",
            )
        name = peer.principal.removeprefix(INVITED)
        self._access.redeem(name, message.key)
        self._desk.delivery.send(peer.route, encode(Redeemed(name), reply=request))
        peer.leaving = self._clock()  # the key that it came by is good for nothing any more

    def _check_room(self, route: Route, user: str) -> None:
        """The last quarter of all connections is kept for other users."""
        most = self._config.bounds.max_connections
        if self._peers.get(route) is not None:
            return
        if len(self._peers) >= most:
            raise LimitExceeded(
                f"The daemon has {most} connections and takes no more.",
                hint="Close other editors that use it, or raise max_connections in its settings.",
            )
        if len(self._peers.of(user)) >= most - most // 4:
            raise LimitExceeded(
                "You have as many connections to this daemon as one user may have.",
                hint="Close other editors that use it, or raise max_connections in its settings.",
            )

    def _welcome(self, protocol: int, peer: Peer, resumed: Sequence[Session]) -> Welcome:
        if _invited(peer):
            return Welcome(protocol, self._name, device="")
        return Welcome(
            protocol=protocol,
            daemon=self._name,
            device=self._worker.device(),
            features=FEATURES,
            limits=self._config.limits,
            models=self._worker.models(),
            resumed=tuple(session.id for session in resumed),
        )


def check_not_invited(peer: Peer) -> None:
    """Raises AccessRefused for whoever has only been invited yet."""
    if _invited(peer):
        raise AccessRefused(
            "An invitation lets its key be put on the list, and nothing else.",
            hint="Run `draggand relay` with the line of the invitation.",
        )


def check_administrator(peer: Peer) -> None:
    """Raises AccessRefused for everybody but the daemon's own user on the local socket."""
    if peer.route[0] != LOCAL or peer.principal != f"uid:{os.geteuid()}":
        raise AccessRefused(
            "Only the daemon's own user may do that, on its own computer.",
            hint="Log in there, and try again.",
        )


def _invited(peer: Peer) -> bool:
    return peer.principal.startswith(INVITED)
