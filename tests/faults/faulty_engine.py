"""A painting engine that fails when the opening asks for it: `label` says how, in step FATAL."""

from __future__ import annotations

import os
import threading
import time
from enum import IntEnum

from draggan_daemon.bench.painting import PaintingEngine
from draggan_daemon.worker import Job, Poisoned
from draggan_wire.messages import Open

FATAL = 5  # the step of a drag in which it happens
PERIODS = {"fast": 0.001, "steady": 1 / 30, "slow": 0.1}


class Fault(IntEnum):
    """What an `Open.label` asks for."""

    OUT_OF_MEMORY = 1
    POISONED = 2
    HANG = 3
    ABORT = 4
    BUG = 5
    NAN = 6


class FaultyEngine(PaintingEngine):
    def __init__(self) -> None:
        super().__init__(PERIODS)
        self._faults: dict[str, Fault] = {}

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        if request.label:
            self._faults[session] = Fault(request.label)
        return (yield from super().open(session, request, stop))

    def step(self, session: str, index: int) -> None:
        if index == FATAL:
            fail(self._faults.get(session))


def fail(fault: Fault | None) -> None:
    """Does what the fault is, here and now."""
    if fault is Fault.OUT_OF_MEMORY:
        raise MemoryError
    if fault is Fault.POISONED:
        raise Poisoned("CUDA error: an illegal memory access was encountered")
    if fault is Fault.HANG:
        time.sleep(3600)
    if fault is Fault.ABORT:
        os.abort()
    if fault is Fault.BUG:
        raise ZeroDivisionError("a mistake of ours")
