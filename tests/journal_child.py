"""A process that writes a journal until it is killed, and says which steps are acknowledged.

Run as `python -m tests.journal_child FOLDER ROUND`. What it writes can be told from session and
step alone, so that whoever reads the journal later can tell whether it is right.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path

from draggan_daemon.journal import Journal, Kept
from draggan_daemon.worker import Record
from draggan_wire.messages import Drag, Image, Open, encode

SESSIONS = ("anna", "ben", "cleo")
MANY = 1 << 40  # bytes


def kept(session: str, **changes: object) -> Kept:
    values = {
        "session": session,
        "token": "ab" * 16,
        "principal": "uid:1000",
        "model": "tiny",
        "created": 1000.5,
        "state": "opening",
        "detached": None,
        "width": 8,
        "height": 6,
    }
    return Kept(**{**values, **changes})  # type: ignore[arg-type]


def open_request(number: int = 3, *, side: int = 8) -> list:
    """An encoded `open` of a picture, without its magic."""
    picture = Image("rgb8", side, side, bytes(i % 251 for i in range(side * side * 3)))
    return encode(Open(model="tiny", image=picture), request=number)[1:]


def drag(session: str) -> Drag:
    return Drag(session=session, handles=((1.0, 2.0),), targets=((5.0, 2.5),), keep_every=2)


def drag_request(session: str, number: int = 4) -> list:
    return encode(drag(session), request=number)[1:]


def base_of(session: str, step: int) -> bytes:
    return f"base of {session} at {step} ".encode() * 3000


def latent_of(session: str, step: int) -> bytes:
    return f"latent {step} of {session} ".encode() * 500


def resume_of(session: str, step: int) -> bytes:
    return f"optimiser of {session} after {step} ".encode() * 1500


def main(folder: str, turn: int) -> None:
    journal = Journal(Path(folder), max_bytes=MANY, keep=3600)
    known = {each.session for each in journal.sessions()}
    steps = {}
    for session in SESSIONS:
        if session in known:
            steps[session] = journal.snapshot(session).position
    waiting: deque[tuple[int, str, int]] = deque()
    print("begin", flush=True)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for session in SESSIONS:
            waiting.append(_write(journal, session, steps, turn))
        while waiting and waiting[0][0] <= journal.committed:
            _, session, step = waiting.popleft()
            print(session, step, flush=True)
        time.sleep(0.001)


def _write(journal: Journal, session: str, steps: dict[str, int], turn: int) -> tuple:
    if session not in steps:
        journal.opening(kept(session), open_request(side=64))
        steps[session] = 0
        ticket = journal.record(session, Record(base=base_of(session, 0), step=0))
        journal.delivered(session, finished=True)
        return ticket, session, 0
    steps[session] += 1
    step = steps[session]
    if step % 40 == 1:
        journal.dragging(session, drag_request(session, turn), turn, step - 1)
    if step % 60 == 0:  # the base anew, as after a restart
        ticket = journal.record(session, Record(base=base_of(session, step), step=step))
        return ticket, session, step
    resume = b"" if step % 40 == 0 else resume_of(session, step)
    latent = latent_of(session, step)
    ticket = journal.record(session, Record(step=step, latent=latent, resume=resume, frames=step))
    return ticket, session, step


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
