"""Processes that die or freeze at any moment: the work goes on from the last step that was told."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest
from draggan_daemon.bench.measure import percentile
from draggan_daemon.bench.scene import read_label
from draggan_wire.messages import (
    Close,
    Closed,
    Done,
    Frame,
    Open,
    Opened,
    Ping,
    Pong,
    Seek,
)

from .follower import Follower
from .house import House, eventually, status

Fault = Callable[[str], None]
FORGIVEN = 2  # workers that may die over one session's work before it is given up


def kills(config: pytest.Config) -> int:
    return int(config.getoption("--kills", 4))


def test_a_drag_survives_kill_9_of_the_daemon_at_any_moment(
    house: House, fault: Fault, pytestconfig: pytest.Config
) -> None:
    count = kills(pytestconfig)
    fault("kill -9 of the daemon while it drags")
    house.start()
    follower = Follower(house.visit(), seed=11)
    follower.drag()
    chance, times = random.Random(2), list[float]()
    for _ in range(count):
        follower.goes_on()
        follower.visitor.watch(chance.uniform(0, 0.3))
        house.kill()
        begin, seen = time.monotonic(), follower.newest
        house.start()
        while follower.newest <= seen:
            assert time.monotonic() - begin < 20, house.words()[-3000:]
            follower.visitor.watch(0.02)
        times.append(time.monotonic() - begin)
    done = follower.finish()
    fault(f"{count} times, {done.steps} steps, none lost")
    fault(f"next step after p50 {percentile(times, 0.5):.2f} max {max(times):.2f} s")


def test_a_drag_survives_kill_9_of_the_worker_at_any_moment(
    house: House, fault: Fault, pytestconfig: pytest.Config
) -> None:
    count = kills(pytestconfig)
    fault("kill -9 of the worker while it drags")
    house.start()
    bystander = house.visit()
    chance, times, waits, steps = random.Random(3), list[float](), list[float](), 0
    while len(times) < count:
        follower = Follower(house.visit(), seed=len(times))
        follower.drag()
        for _ in range(FORGIVEN):
            follower.goes_on()
            follower.visitor.watch(chance.uniform(0, 0.3))
            before = house.workers()
            begin = time.monotonic()
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            bystander.ask(Ping(), Pong)
            waits.append(1000 * (time.monotonic() - begin))
            follower.visitor.watch(0.05)  # what had been told before
            follower.goes_on()
            times.append(time.monotonic() - begin)
        steps += follower.finish().steps
        follower.visitor.ask(Close(follower.visitor.session), Closed)
    assert house.alive()
    fault(f"{len(times)} times, {steps} steps, none lost")
    fault(f"next step after p50 {percentile(times, 0.5):.2f} max {max(times):.2f} s")
    fault(f"others' ping max {max(waits):.0f} ms")


def test_a_finished_drag_and_its_timeline_outlive_the_daemon(house: House, fault: Fault) -> None:
    fault("kill -9 between two requests")
    house.start()
    follower = Follower(house.visit(), seed=13)
    follower.drag()
    follower.visitor.watch(0.5)
    done = follower.finish()
    follower.visitor.watch(0.5)  # until the daemon knows that its last word has been heard
    house.kill()
    house.start()
    follower.visitor.meet()
    middle = done.steps // 2
    frame = follower.visitor.ask(Seek(follower.visitor.session, middle), Frame)
    assert frame.step == middle and read_label(frame.image)[2] == follower.state_at(middle)


def test_a_frozen_worker_is_replaced(house: House, fault: Fault) -> None:
    fault("SIGSTOP of the worker")
    house.start(worker__hang_after="2s")
    follower = Follower(house.visit(), seed=14)
    follower.drag()
    bystander = house.visit()
    follower.goes_on()
    (worker,) = house.workers()
    os.kill(worker, signal.SIGSTOP)
    begin = time.monotonic()
    follower.visitor.watch(0.5)
    assert isinstance(bystander.ask(Ping(), Pong), Pong)
    follower.goes_on(seconds=15)
    seconds = time.monotonic() - begin
    assert worker not in house.workers()
    follower.finish()
    fault(f"next step after {seconds:.1f} s, of which 2 s are patience")


def test_a_frozen_daemon_is_waited_for(house: House, fault: Fault) -> None:
    fault("SIGSTOP of the daemon for 5 s")
    house.start()
    follower = Follower(house.visit(), seed=15)
    follower.drag()
    follower.goes_on()
    os.kill(house.pid, signal.SIGSTOP)
    follower.visitor.watch(5.0)
    os.kill(house.pid, signal.SIGCONT)
    seconds = follower.goes_on()
    follower.finish()
    fault(f"next step {seconds:.2f} s after it woke")


def test_the_worker_dies_with_the_daemon(house: House, fault: Fault) -> None:
    fault("orphaned workers")
    house.start()
    house.visit().open("fast")
    workers = house.workers()
    house.kill()
    assert workers
    assert eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers))


def test_sigterm_during_a_step_ends_soon_and_loses_nothing(house: House, fault: Fault) -> None:
    fault("SIGTERM while it drags")
    house.start()
    follower = Follower(house.visit(), seed=16, model="slow")
    follower.drag()
    follower.goes_on()
    begin = time.monotonic()
    assert house.end() == 0
    seconds = time.monotonic() - begin
    assert seconds < 5
    done = follower.visitor.answer(follower.number, Done)  # said before the daemon went
    house.start()
    follower.visitor.meet()
    frame = follower.visitor.ask(Seek(follower.visitor.session, done.steps), Frame)
    assert done.reason == "stopped" and frame.step == done.steps
    fault(f"ended in {seconds:.1f} s, its last step is there after the next start")


def test_nobody_has_to_clean_up_after_a_crash(house: House, fault: Fault) -> None:
    fault("stale socket, lock, journal lock")
    for _ in range(3):
        house.start()
        visitor = house.visit()
        opened = visitor.ask(Open("fast", seed=1), Opened)
        visitor.ask(Close(opened.session), Closed)
        visitor.client.close()
        house.kill()
    house.start()
    assert status(house.visit())["sessions"] == 0
