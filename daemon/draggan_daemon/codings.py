"""How a client's pictures travel: from what it can read and what its link carries; no pyzmq."""

from __future__ import annotations

from .listeners import REMOTE
from .peers import Peer
from .worker import Coding

NEAR_MS = 5.0  # a round trip below this is one machine, or one room
PREVIEWS_PER_SECOND = 25.0  # that a link should carry


def coding_for(peer: Peer, size: tuple[int, int]) -> Coding:
    """Raw where the link carries raw previews of a picture of that size; else as small as the
    client can read. Results are without loss in any case."""
    likeness = "likeness" in peer.features
    if _carries_raw(peer, size):
        return Coding(likeness=likeness)
    rows = "rows" if "rows" in peer.features else "raw"
    previews = "jpeg" if "jpeg" in peer.features else rows
    return Coding(previews=previews, results=rows, budget=_budget(peer), likeness=likeness)


def _carries_raw(peer: Peer, size: tuple[int, int]) -> bool:
    if peer.link is None:
        return peer.route[0] != REMOTE
    per_second = peer.link.bytes_per_second
    wanted = 4.0 * size[0] * size[1] * PREVIEWS_PER_SECOND
    return peer.link.round_trip_ms < NEAR_MS and (per_second is None or per_second > wanted)


def _budget(peer: Peer) -> int | None:
    """Bytes of one preview that leave the link some air; None where nothing was measured."""
    rate = peer.link.bytes_per_second if peer.link else None
    return None if rate is None else max(1 << 12, int(0.8 * rate / PREVIEWS_PER_SECOND))
