"""Which coding a client's pictures get, from what it reads and what it has measured."""

from __future__ import annotations

from draggan_daemon.access.auth import Login
from draggan_daemon.codings import coding_for
from draggan_daemon.listeners import LOCAL, REMOTE
from draggan_daemon.peers import Peer
from draggan_daemon.worker import Coding
from draggan_wire.messages import Link
from draggan_wire.parts import Assembler

SIZE = (512, 512)


def peer(
    *features: str, listener: str = LOCAL, ms: float | None = None, rate: float | None = None
) -> Peer:
    link = None if ms is None else Link(ms, rate)
    route = (listener, b"1")
    return Peer(route, Login("uid:1"), "test", 0.0, frozenset(features), Assembler(1), link=link)


def test_on_one_machine_pictures_are_raw() -> None:
    assert coding_for(peer("jpeg", "rows"), SIZE) == Coding()
    assert coding_for(peer("jpeg", "rows", ms=0.2, rate=2e9), SIZE) == Coding()


def test_through_a_tunnel_previews_are_jpeg_and_results_without_loss() -> None:
    far = coding_for(peer("jpeg", "rows", ms=40.0, rate=6.25e6), SIZE)
    assert (far.previews, far.results) == ("jpeg", "rows")
    assert far.budget is not None and 100_000 < far.budget < 6.25e6 / 25


def test_a_thin_line_to_the_next_room_is_not_for_raw_pictures_either() -> None:
    thin = peer("jpeg", "rows", ms=0.4, rate=12e6)
    assert coding_for(thin, SIZE).previews == "jpeg"
    assert coding_for(thin, (128, 128)) == Coding()


def test_an_encrypted_connection_is_far_until_it_has_been_measured() -> None:
    assert coding_for(peer("jpeg", "rows", listener=REMOTE), SIZE) == Coding("jpeg", "rows", None)
    assert coding_for(peer("jpeg", listener=REMOTE, ms=0.3, rate=1e9), SIZE) == Coding()


def test_a_client_gets_nothing_that_it_cannot_read() -> None:
    assert coding_for(peer("rows", ms=40.0), SIZE) == Coding("rows", "rows", None)
    assert coding_for(peer("jpeg", ms=40.0), SIZE) == Coding("jpeg", "raw", None)
    assert coding_for(peer(ms=40.0), SIZE) == Coding("raw", "raw", None)


def test_likenesses_are_for_clients_that_know_them() -> None:
    assert coding_for(peer("likeness", "rows", "jpeg"), SIZE).likeness
    assert coding_for(peer("likeness", "jpeg", ms=40.0), SIZE).likeness
    assert not coding_for(peer("rows", "jpeg"), SIZE).likeness
