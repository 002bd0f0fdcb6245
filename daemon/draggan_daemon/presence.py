"""Which connections are there, and may stay: asks the quiet, refuses, hangs up; no pyzmq.

Whoever may come in at all is the Gatekeeper's to say, which is asked again here about those who are
in already.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from draggan_wire.errors import AccessRefused, ConnectionLost, WireError
from draggan_wire.messages import Error, Pong, encode

from .access.access import Access
from .access.auth import Gatekeeper, Login
from .counters import Counters
from .delivery import Delivery
from .listeners import Route
from .peers import Peer, Peers, talkative

log = logging.getLogger("draggand")

PROBE_SECONDS = 2.0  # a quiet peer is asked for so often
FAREWELL_SECONDS = 3.0  # for a last word that cannot be sent at once
SILENT_SECONDS = 10.0  # after which one that would say something is taken for dead


class Presence:
    """Looks after the connections, and ends them. `clock` is the door's."""

    def __init__(
        self,
        peers: Peers,
        delivery: Delivery,
        gatekeeper: Gatekeeper,
        access: Access | None,
        counters: Counters,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._peers, self._delivery = peers, delivery
        self._gatekeeper, self._access = gatekeeper, access
        self._counters, self._clock = counters, clock

    # One connection.

    def check_allowed(self, who: Login) -> None:
        """Raises AccessRefused for whoever was let in once, and would not be any more."""
        if not self._gatekeeper.still_allowed(who):
            raise _turned_out()

    def refuse(self, route: Route, error: WireError, request: int | None) -> None:
        """The answer to what cannot be done; it ends nothing."""
        self._counters.refused_messages += 1
        log.info("refused: %s (%s)", error.sentence, error.code, extra={"request": request})
        said = Error(error.code, error.sentence[:2000], error.hint[:2000])
        self._delivery.send(route, encode(said, reply=request))

    def hang_up(self, route: Route, why: WireError) -> None:
        """The last word to a connection, before those that wait for it."""
        if (peer := self._peers.get(route)) is not None:
            if peer.leaving is not None:
                return
            peer.waiting.clear()
            peer.waiting_bytes = 0
            peer.leaving = self._clock()
        self.refuse(route, why, None)
        self._delivery.detach(route)

    # All of them; `now` is of the clock.

    def see_off(self, now: float) -> None:
        """Sends what waits; forgets who is gone, and who has had the last word."""
        for peer in self._peers:
            if not self._peers.flush(peer) or _has_left(peer, now):
                self._delivery.lose(peer.route)

    def call(self, now: float) -> None:
        """Turns out whoever may not be here any more, asks the quiet, hangs up on the silent."""
        if self._access is not None and self._access.refresh():
            self.review()
        for peer in self._peers:
            if now - peer.heard >= PROBE_SECONDS:
                self._delivery.send(peer.route, encode(Pong()))
            if now - peer.heard >= SILENT_SECONDS and talkative(peer):
                log.info("%r has not said anything for long", peer.client)
                self.hang_up(peer.route, _silent())

    def review(self) -> None:
        """Turn out whoever may not be here any more."""
        if self._access is not None:
            self._access.refresh()
        for peer in self._peers:
            if not self._gatekeeper.still_allowed(peer.login):
                log.info("%r (%s) may not be here any more", peer.client, peer.principal)
                self.hang_up(peer.route, _turned_out())


def _has_left(peer: Peer, now: float) -> bool:
    """Whether its last word is out, or will not be."""
    since = peer.leaving
    return since is not None and (not peer.waiting or now - since > FAREWELL_SECONDS)


def _silent() -> ConnectionLost:
    return ConnectionLost(
        f"The daemon has not heard anything for {SILENT_SECONDS:g} seconds and has hung up.",
        hint="The connection comes back by itself.",
    )


def _turned_out() -> AccessRefused:
    return AccessRefused(
        "Your key is not authorised on this daemon any more.",
        hint="Ask whoever runs it for a new invitation.",
    )
