"""Processes that die while a picture that can be dragged is still learnt: nobody waits for ever."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable

from draggan_daemon.bench.measure import Visitor
from draggan_wire.client import Event
from draggan_wire.messages import Envelope, Ready, State, Stop

from .faulty_engine import LEARNS
from .follower import Follower
from .house import House, eventually, status

Fault = Callable[[str], None]


def kill_worker(house: House) -> None:
    (worker,) = house.workers()
    os.kill(worker, signal.SIGKILL)


def final_ready(visitor: Visitor) -> Ready:
    def is_it(event: Event) -> bool:
        message = event.message if isinstance(event, Envelope) else None
        return isinstance(message, Ready) and message.final

    found = visitor.wait(is_it)
    assert isinstance(found, Envelope) and isinstance(found.message, Ready)
    return found.message


def drags_on(follower: Follower) -> None:
    """A drag whose every picture is the right one."""
    follower.drag()
    for _ in range(3):
        follower.goes_on()
    follower.finish()


def test_kill_9_of_the_worker_while_it_learns(house: House, fault: Fault) -> None:
    fault("kill -9 of the worker while it learns")
    house.start()
    chance = random.Random(5)
    for seed in range(3):
        follower = Follower(house.visit(), seed=seed, label=LEARNS)
        follower.visitor.watch(chance.uniform(0, 0.3))
        kill_worker(house)
        assert final_ready(follower.visitor).psnr == 30.0
        drags_on(follower)


def test_kill_9_of_the_worker_while_it_drags_what_it_was_learning(
    house: House, fault: Fault
) -> None:
    fault("kill -9 of the worker in a drag, with more to learn")
    house.start()
    follower = Follower(house.visit(), seed=21, label=LEARNS)
    drags_on(follower)
    follower.drag()
    follower.goes_on()
    kill_worker(house)
    assert final_ready(follower.visitor).psnr == 30.0
    follower.goes_on()
    follower.finish()


def test_kill_9_of_the_daemon_while_it_learns(house: House, fault: Fault) -> None:
    fault("kill -9 of the daemon while it learns")
    house.start()
    follower = Follower(house.visit(), seed=22, label=LEARNS)
    drags_on(follower)
    follower.visitor.watch(0.3)  # until the daemon knows that all has been heard
    house.kill()
    house.start()
    follower.visitor.meet()
    final_ready(follower.visitor)
    drags_on(follower)


def test_what_was_learnt_to_its_end_outlives_the_daemon(house: House, fault: Fault) -> None:
    fault("kill -9 of the daemon after it has learnt")
    house.start()
    follower = Follower(house.visit(), seed=23, label=LEARNS)
    visitor = follower.visitor
    drags_on(follower)
    assert visitor.ask(Stop(visitor.session), State).state == "idle"
    assert final_ready(visitor).psnr == 40.0
    drags_on(follower)
    house.kill()
    house.start()
    visitor.meet()
    drags_on(follower)


def test_a_daemon_ends_in_good_order_while_it_learns(house: House, fault: Fault) -> None:
    fault("SIGTERM while it learns")
    house.start()
    follower = Follower(house.visit(), seed=24, label=LEARNS)
    health = status(follower.visitor)["workers"][0]
    assert eventually(lambda: status(follower.visitor)["workers"][0]["turn_seconds"] > 0), health
    assert house.end() == 0
