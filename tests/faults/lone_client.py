"""A client in a process of its own, to be stopped and woken: `python -m tests.faults.lone_client`.

It drags with credit, says so, and says "back" when more than two seconds have passed unnoticed and
it hears the daemon again.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from draggan_daemon.bench.measure import Visitor
from draggan_wire.client import Client
from draggan_wire.errors import WireError
from draggan_wire.messages import Ping, Pong


def main() -> None:
    visitor = Visitor(Client(sys.argv[1], name="lone client"))
    visitor.meet()
    visitor.open("steady")
    visitor.drag(credit=4)
    visitor.watch(0.5)
    now = last = time.monotonic()  # before it is said: the stop may come at once
    print("dragging", flush=True)
    while now - last < 2.0:
        last = now
        visitor.watch(0.05)
        now = time.monotonic()
    answered = False
    while not answered:  # the connection that it had may be found dead first
        with suppress(WireError):
            answered = isinstance(visitor.ask(Ping(), Pong), Pong)
        visitor.watch(0.1)
    print("back", flush=True)


if __name__ == "__main__":
    main()
