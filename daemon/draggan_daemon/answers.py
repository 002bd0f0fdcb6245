"""What clients may ask for, and what they are told at once; no pyzmq.

Nobody waits here: what has to be computed goes to the worker, and its answer comes when it comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from draggan_wire.errors import Busy
from draggan_wire.messages import (
    Ack,
    Close,
    Credit,
    Drag,
    Link,
    ListModels,
    Message,
    ModelList,
    Open,
    Opened,
    Ping,
    Pong,
    Save,
    Seek,
    State,
    Stop,
    encode,
)

from .access.access import Access
from .config import Config
from .desk import Desk
from .peers import Peer
from .requests import check_drag, picture_size
from .worker import SessionWorker

log = logging.getLogger("draggand")

MORE_WORK = (Open, Drag)  # what a daemon that is about to end takes no more


class Answers:
    """One method for each kind of request; all raise WireError for what cannot be had."""

    def __init__(
        self, desk: Desk, worker: SessionWorker, config: Config, access: Access | None
    ) -> None:
        self._desk, self._worker, self._config, self._access = desk, worker, config, access
        self.draining = False
        self._methods: dict[type[Any], Callable[[Peer, Any, int | None], None]] = {
            Open: self._open,
            Drag: self._drag,
            Seek: self._seek,
            Save: self._save,
            Stop: self._stop,
            Credit: self._credit,
            Ack: self._ack,
            Link: self._link,
            Close: self._close,
            ListModels: self._list_models,
            Ping: self._ping,
        }

    def adopt(self, config: Config) -> None:
        """From now on these settings hold."""
        self._config = config

    def give(self, peer: Peer, message: Message, request: int | None) -> None:
        """To a message of a peer that may ask."""
        if self.draining and isinstance(message, MORE_WORK):
            raise Busy(
                "The daemon is about to end and takes nothing new.",
                hint="Try again in a moment; it comes back if it is run as a service.",
            )
        self._methods[type(message)](peer, message, request)

    def _open(self, peer: Peer, message: Open, request: int | None) -> None:
        size = picture_size(message, self._worker.models(), self._config.limits)
        session = self._desk.open(peer, message, request, size=size, allowed=self._allowed(peer))
        self._answer(peer, Opened(session.id, session.token, *size), request)

    def _allowed(self, peer: Peer) -> int:
        """How many sessions the peer's user may have; 0: any number."""
        own = self._access.allowance(peer.principal) if self._access else None
        given = own.max_sessions if own is not None else None
        return self._config.bounds.max_sessions_per_user if given is None else given

    def _drag(self, peer: Peer, message: Drag, request: int | None) -> None:
        session = self._desk.of(peer, message.session)
        check_drag(message, self._config.limits)
        self._desk.drag(session, message, request)

    def _seek(self, peer: Peer, message: Seek, request: int | None) -> None:
        self._desk.seek(self._desk.of(peer, message.session), message, request)

    def _save(self, peer: Peer, message: Save, request: int | None) -> None:
        self._desk.save(self._desk.of(peer, message.session), message, request)

    def _stop(self, peer: Peer, message: Stop, request: int | None) -> None:
        session = self._desk.of(peer, message.session)
        state = "stopping" if self._desk.stop(session) else "idle"
        log.info("session %s: stop", session.id)
        self._answer(peer, State(session=session.id, state=state), request)

    def _credit(self, peer: Peer, message: Credit, request: int | None) -> None:
        session = self._desk.of(peer, message.session)
        self._desk.credit(session, message.n)

    def _ack(self, peer: Peer, message: Ack, request: int | None) -> None:
        session = self._desk.sessions.get(message.session)
        if session is not None and session.route == peer.route:  # it may have ended meanwhile
            self._desk.delivery.taken(session, message.event)

    def _link(self, peer: Peer, message: Link, request: int | None) -> None:
        peer.link = message
        self._desk.code_again(peer)

    def _close(self, peer: Peer, message: Close, request: int | None) -> None:
        self._desk.close(self._desk.of(peer, message.session), request)

    def _list_models(self, peer: Peer, message: ListModels, request: int | None) -> None:
        self._answer(peer, ModelList(models=self._worker.models()), request)

    def _ping(self, peer: Peer, message: Ping, request: int | None) -> None:
        self._desk.delivery.send(peer.route, encode(Pong(), reply=request), urgent=True)

    def _answer(self, peer: Peer, message: Message, request: int | None) -> None:
        self._desk.delivery.send(peer.route, encode(message, reply=request))
