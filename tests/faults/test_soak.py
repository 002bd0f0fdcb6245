"""Long use: editors come, work, vanish and come back, and the daemon weighs what it did."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from draggan_daemon.bench.measure import Visitor
from draggan_wire.client import Client
from draggan_wire.messages import Done, Frame, Save, Saved, Seek, Stop

from .house import House, eventually, status

Fault = Callable[[str], None]
WARM = 12  # edits before anything is weighed: what is loaded once is no leak


def test_hours_of_work_leave_the_daemon_as_it_was(
    house: House, fault: Fault, pytestconfig: pytest.Config
) -> None:
    seconds = float(pytestconfig.getoption("--soak", 5.0))
    fault(f"soak of {seconds:g} s")
    house.start(lease="0.5s", journal__keep="0.5s")
    watcher, chance = house.visit(), random.Random(1)
    for _ in range(WARM):
        edit(house, chance)
    rest(watcher)
    before, descriptors = house.settled(), house.descriptors()
    begin, edits = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        edit(house, chance)
        edits += 1
    rest(watcher)
    assert eventually(lambda: house.descriptors() <= descriptors, seconds=10)
    after = house.settled()
    assert after < 1.05 * before + 1, f"{before:.1f} MB became {after:.1f} MB"
    fault(f"{edits} edits, {before:.1f} MB before, {after:.1f} MB after")


def edit(house: House, chance: random.Random) -> None:
    """One editor's visit, which may end without a word."""
    visitor = Visitor(Client(house.endpoint, name="soak"))
    visitor.meet()
    visitor.open("fast", seed=chance.randrange(1000))
    drag = visitor.drag(credit=visitor.client.credit, steps=60)
    visitor.watch(chance.uniform(0.0, 0.15))
    if chance.random() < 0.7:
        visitor.client.send(Stop(visitor.session))
        steps = visitor.answer(drag, Done).steps
        visitor.ask(Seek(visitor.session, chance.randrange(steps + 1)), Frame)
        visitor.ask(Save(visitor.session), Saved)
        visitor.end_session()
    visitor.client.close()


def rest(watcher: Visitor) -> None:
    def nothing_left() -> bool:
        facts = status(watcher)
        return facts["sessions"] == 0 and facts["connections"] == 1

    assert eventually(nothing_left, seconds=20), str(status(watcher))
