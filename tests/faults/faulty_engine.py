"""A painting engine that fails when the opening asks for it: `label` says how, in step FATAL.

A fault happens once; with LASTING added to the label it happens again in whatever process takes the
session up.
"""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import replace
from enum import IntEnum
from typing import Any

from draggan_daemon.bench.painting import PaintingEngine, Sheet, _pack
from draggan_daemon.worker import Job, Poisoned, Record, Turn
from draggan_wire.messages import Frame, Open, Ready

FATAL = 5  # the step of a drag in which it happens
PERIODS = {"fast": 0.001, "steady": 1 / 30, "slow": 0.1}


LASTING = 100
LEARNS = 50  # a label whose picture is learnt on, after its first ready, until that is stopped
_SIGN = b"LASTING"


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

    def _new_sheet(self, session: str, request: Open) -> Sheet:
        sheet = super()._new_sheet(session, request)
        label = request.label or 0
        if label > LASTING:
            sheet.mark = _SIGN + bytes([label - LASTING])
        elif label and label != LEARNS:
            self._faults[session] = Fault(label)
        return sheet

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        last = yield from super().open(session, request, stop)
        *said, ready = last.messages
        if request.label != LEARNS or not isinstance(ready, Ready):
            return last
        first = replace(ready, final=False)
        return replace(last, messages=(*said, first), refining=self._learn(session, stop))

    def _learn(self, session: str, stop: threading.Event) -> Job:
        sheet = self._sheets[session]
        while not stop.is_set():
            self._compute(sheet)
            yield Turn()
        step, last = sheet.position, len(sheet.states) - 1
        record = Record(base=_pack(sheet), step=step, frames=sheet.frames)
        return Turn((Ready(session, 40.0, step=step, last=last),), record=record)

    def _paint(self, session: str, *how: Any, **named: Any) -> Frame:
        frame = super()._paint(session, *how, **named)
        if self._faults.get(session) is Fault.NAN and frame.step >= FATAL:
            return replace(frame, points=((math.nan, math.nan),))
        return frame

    def step(self, session: str, index: int) -> None:
        mark = self._sheets[session].mark
        lasting = Fault(mark[-1]) if mark.startswith(_SIGN) else None
        if index == FATAL:
            fail(lasting or self._faults.get(session))


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
