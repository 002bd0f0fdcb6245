"""Links that are slow, cut or severed, between a client and the daemon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from draggan_daemon.bench.link import Link, LinkSpeed
from draggan_daemon.bench.measure import percentile, round_trips, stop_latencies
from draggan_wire.client import Connected, Lost
from draggan_wire.messages import Image, Open, Opened

from .follower import Follower
from .house import House, eventually, status

Fault = Callable[[str], None]


@pytest.fixture
def link(house: House) -> Iterator[Link]:
    """50 Mbit/s, 20 ms each way, in front of a daemon that runs."""
    house.start()
    house.visit()
    found = Link(f"ipc://{house.folder}/run/link", house.endpoint)
    yield found
    for visitor in house.visitors:
        visitor.client.close()
    found.close()


def test_a_cut_link_is_noticed_and_the_drag_goes_on_after_it(
    house: House, link: Link, fault: Fault
) -> None:
    fault("link cut for 7 s")
    follower = Follower(house.visit(link.address), seed=1, model="slow")
    follower.drag()
    follower.goes_on()
    begin = time.monotonic()
    link.cut()
    follower.visitor.wait(lambda event: isinstance(event, Lost), seconds=10)
    noticed = time.monotonic() - begin
    follower.visitor.watch(max(0.0, 7.0 - noticed))
    link.restore()
    begin = time.monotonic()
    follower.visitor.wait(lambda event: isinstance(event, Connected), seconds=10)
    back = time.monotonic() - begin
    follower.visitor.watch(0.2)
    follower.goes_on()
    follower.finish()
    assert noticed < 5 and back < 4
    fault(f"noticed after {noticed:.1f} s, back {back:.2f} s after it stood again, none lost")


def test_a_severed_connection_loses_nothing(house: House, link: Link, fault: Fault) -> None:
    fault("connection reset 5 times while it drags")
    follower = Follower(house.visit(link.address), seed=2, model="slow")
    follower.drag()
    for _ in range(5):
        follower.goes_on()
        link.sever()
        follower.visitor.wait(lambda event: isinstance(event, Connected), seconds=10)
    follower.goes_on()
    done = follower.finish()
    fault(f"{done.steps} steps, none lost")


def test_stop_overtakes_the_previews_of_a_slow_link(house: House, link: Link, fault: Fault) -> None:
    fault("50 Mbit/s and 40 ms")
    visitor = house.visit(link.address, jpeg=True)
    pings = round_trips(visitor, 20)
    visitor.open("steady")
    visitor.watch(1.0)
    found = stop_latencies(visitor, credit=visitor.client.credit, count=8)
    heard = [first for first, _ in found]
    visitor.end_session()
    assert percentile(heard, 0.95) < 300
    fault(f"ping p50 {percentile(pings, 0.5):.0f} ms, stop p95 {percentile(heard, 0.95):.0f} ms")


def test_a_large_upload_over_a_slow_link_is_not_taken_for_dead(house: House, fault: Fault) -> None:
    fault("2.4 MB over 4 Mbit/s")
    house.start()
    house.visit()
    link = Link(f"ipc://{house.folder}/run/link", house.endpoint, LinkSpeed(4e6, 0.02))
    visitor = house.visit(link.address)
    picture = Image("rgb8", 1000, 800, bytes(range(250)) * 9_600)
    begin = time.monotonic()
    opened = visitor.ask(Open("fast", image=picture), Opened)
    seconds = time.monotonic() - begin
    assert opened.width == 1000 and visitor.client.welcome is not None
    visitor.client.close()
    link.close()
    fault(f"took {seconds:.1f} s")


def test_a_quiet_client_that_is_cut_off_for_good_leaves_no_connection(
    house: House, link: Link, fault: Fault
) -> None:
    fault("a quiet peer that is cut off for ever")
    watcher = house.visit()
    house.visit(link.address).open("fast")
    connections = status(watcher)["connections"]
    link.cut()
    begin = time.monotonic()
    assert eventually(lambda: status(watcher)["connections"] < connections, seconds=15)
    fault(f"given up after {time.monotonic() - begin:.1f} s")


def test_a_client_that_is_cut_off_for_good_while_pictures_flow(
    house: House, link: Link, fault: Fault
) -> None:
    fault("a busy peer that is cut off for ever")
    watcher = house.visit()
    follower = Follower(house.visit(link.address), seed=3)
    follower.drag()
    follower.goes_on()
    connections = status(watcher)["connections"]
    link.cut()
    assert eventually(lambda: status(watcher)["connections"] < connections, seconds=15)
