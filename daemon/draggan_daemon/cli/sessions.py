"""`draggand sessions`: who works on what, one session in each line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..exit_codes import OK
from .asking import manage
from .place import add_endpoint, place
from .quantities import time_in_words

_HEADS = ("SESSION", "USER", "STATE", "MODEL", "SIZE", "STEP", "AGE", "IDLE", "CLIENT")


def register(commands: Any) -> None:
    sessions = commands.add_parser("sessions", help="list the sessions: who works on what")
    sessions.add_argument("--json", action="store_true", help="for programs")
    add_endpoint(sessions)
    sessions.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    rows = manage(place(options), "sessions").get("sessions", [])
    if options.json:
        print(json.dumps(rows, indent=2))
    elif not rows:
        print("no session is open")
    else:
        print("\n".join(_table([_HEADS, *map(_row, rows)])))
    return OK


def _row(session: Mapping[str, Any]) -> tuple[str, ...]:
    there = session.get("client") or "unknown"
    return (
        session["session"],
        session["user"],
        session["state"],
        session["model"],
        _size(session.get("size")),
        str(session.get("step") if session.get("step") is not None else "-"),
        time_in_words(session.get("age_s") or 0),
        time_in_words(session.get("idle_s") or 0),
        _plain(there) if session.get("attached") else "(gone)",
    )


def _size(size: Any) -> str:
    return f"{size[0]} x {size[1]}" if isinstance(size, list) and len(size) == 2 else str(size)


def _plain(text: str) -> str:
    """A client names itself: nothing in it may move the cursor of the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:60]


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
