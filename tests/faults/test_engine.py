"""Engines that fail in the middle of a step: whom it concerns is told in words, others go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from draggan_daemon.bench.measure import Visitor
from draggan_wire.errors import WireError
from draggan_wire.messages import Done, Envelope, Open, Opened, Ping, Pong, Ready

from .faulty_engine import FATAL, LASTING
from .faulty_engine import Fault as Injected
from .house import House

Fault = Callable[[str], None]
IN_PROCESS = (Injected.OUT_OF_MEMORY, Injected.BUG, Injected.NAN)
DEADLY = (Injected.POISONED, Injected.ABORT, Injected.HANG)


def troubled(house: House, injected: int) -> Visitor:
    """A visitor whose drag is going to fail."""
    visitor = house.visit()
    opened = visitor.ask(Open("fast", seed=1, label=int(injected)), Opened)
    visitor.session = opened.session
    visitor.wait(lambda e: isinstance(e, Envelope) and isinstance(e.message, Ready))
    return visitor


def failure(visitor: Visitor) -> WireError:
    number = visitor.drag(credit=4)
    with pytest.raises(WireError) as found:
        visitor.answer(number, Done)
    return found.value


@pytest.mark.parametrize("injected", IN_PROCESS, ids=lambda fault: fault.name.lower())
def test_a_failed_step_concerns_its_own_session_only(
    house: House, fault: Fault, injected: Injected
) -> None:
    fault(f"{injected.name.lower().replace('_', ' ')} in a step")
    house.start()
    other = house.visit()
    other.open("steady", seed=2)
    other.drag(credit=4)
    error = failure(troubled(house, injected))
    assert error.code and error.sentence.endswith(".") and error.hint
    workers, shown = house.workers(), other.shown
    other.watch(0.5)
    assert other.shown > shown and not other.troubles
    assert house.workers() == workers, "the worker has been replaced for nothing"
    house.forgive("ZeroDivisionError")
    fault(error.code)


@pytest.mark.parametrize("injected", DEADLY, ids=lambda fault: fault.name.lower())
def test_a_session_that_kills_its_worker_is_given_up_and_others_go_on(
    house: House, fault: Fault, injected: Injected
) -> None:
    fault(f"{injected.name.lower()} in step {FATAL} of every attempt")
    house.start(worker__hang_after="1s", worker__longest_turn="1s")
    other = house.visit()
    other.open("steady", seed=2)
    visitor = troubled(house, injected + LASTING)
    begin = time.monotonic()
    error = failure(visitor)
    seconds = time.monotonic() - begin
    assert error.code and error.sentence.endswith(".") and error.hint
    assert isinstance(other.ask(Ping(), Pong), Pong)
    other.drag(credit=4)
    shown = other.shown
    deadline = time.monotonic() + 10
    while other.shown < shown + 5:
        assert time.monotonic() < deadline and not other.troubles, other.troubles
        other.watch(0.1)
    house.forgive("Fatal Python error")
    fault(f"{error.code} after {seconds:.1f} s")


@pytest.mark.parametrize("injected", DEADLY, ids=lambda fault: fault.name.lower())
def test_a_worker_that_breaks_once_is_replaced_and_the_drag_goes_on(
    house: House, fault: Fault, injected: Injected
) -> None:
    fault(f"{injected.name.lower()} in a step, once")
    house.start(worker__hang_after="1s", worker__longest_turn="1s")
    visitor = troubled(house, injected)
    begin = time.monotonic()
    visitor.drag(credit=4)
    while visitor.newest < FATAL + 5:
        assert time.monotonic() - begin < 15 and not visitor.troubles, visitor.troubles
        visitor.watch(0.05)
    house.forgive("Fatal Python error")
    fault(f"next step {time.monotonic() - begin:.1f} s after the drag began")


def test_a_slow_session_does_not_starve_the_others(house: House, fault: Fault) -> None:
    """Turns go round: a session of 100 ms steps leaves the others one step between two of its."""
    fault("a session of slow steps beside a fast one")
    house.start()
    slow, fast = house.visit(), house.visit()
    slow.open("slow", seed=1)
    fast.open("fast", seed=2)
    slow.drag(credit=4)
    fast.drag(credit=4)
    threads = [threading.Thread(target=visitor.watch, args=(2.0,)) for visitor in (slow, fast)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slow.newest > 8 and fast.newest > 8
    fault(f"{slow.newest} slow and {fast.newest} fast steps in 2 s")
