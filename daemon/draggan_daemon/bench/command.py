"""Runs the bench and prints its table; loaded only when `draggand bench` is asked for; no torch."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..exit_codes import OK
from .link import LinkSpeed
from .measure import (
    Visitor,
    percentile,
    previews_per_second,
    round_trips,
    stop_latencies,
)
from .recovering import journal_figures, recovery_times
from .stand import WAYS, Stand

ABOUT = """\
Round trip: a ping of the protocol and its answer, one after the other. Previews a second: pictures
of 512 px that a client of the wire has received, decoded and given back its credit for, while a
drag of 30 steps a second (link) or of as many as can be (straight) is computed. Stop: from asking
until the answer is there (heard) and until the drag's last word is (over), while previews flow.
The link is simulated in a process of its own: 50 Mbit/s, 20 ms and a queue of 256 KiB each way."""
NAMES = {
    "ipc": "ipc",
    "loopback": "loopback PLAIN",
    "curve": "CURVE through relay",
    "stream": "stream (as ssh)",
}


@dataclass(frozen=True)
class Row:
    """One way's figures; times in ms, `p50` and `p95`."""

    way: str
    link: bool
    round_trip: tuple[float, float]
    previews_per_second: float
    heard: tuple[float, float]
    over: tuple[float, float]
    credit: int


def run(options: argparse.Namespace) -> int:
    asked = [way for way in options.ways.split(",") if way in WAYS]
    with Stand() as stand:
        rows = []
        for way in asked:
            for link in (False, True):
                rows.append(_measured(stand, way, link=link, seconds=options.seconds))
                _say(options, _line(rows[-1]) if len(rows) > 1 else f"{_HEAD}\n{_line(rows[-1])}")
        times = {whom: _recovery(stand, whom, options.kills) for whom in ("worker", "daemon")}
    journal = journal_figures()
    if options.json:
        facts = {
            "ways": [asdict(row) for row in rows],
            "recovery_seconds": times,
            "journal": {
                "submitted_ms": _both(journal.submitted),
                "kept_ms": _both(journal.kept),
                "bytes_per_step": journal.bytes_per_step,
                "commits": journal.cost.commits,
            },
        }
        print(json.dumps(facts, indent=2))
        return OK
    for whom, found in times.items():
        middle, worst = percentile(found, 0.5), max(found, default=float("nan"))
        print(f"kill -9 of the {whom}: next step after p50 {middle:.2f} s, max {worst:.2f} s")
    submitted, kept = _both(journal.submitted), _both(journal.kept)
    print(f"journal, each step: {1000 * submitted[0]:.0f} us of the door's time;", end=" ")
    print(f"on disk after p50 {kept[0]:.2f} ms, p95 {kept[1]:.2f} ms;", end=" ")
    print(f"{journal.bytes_per_step / 1024:.0f} KiB")
    print(f"\n{ABOUT}\nOn {os.cpu_count()} CPUs, Python {sys.version.split()[0]}.")
    return OK


def _measured(stand: Stand, name: str, *, link: bool, seconds: float) -> Row:
    with stand.way(name, LinkSpeed() if link else None) as way:
        visitor = Visitor(way.client())
        visitor.meet()
        pings = round_trips(visitor, 30 if link else 300)
        visitor.open("steady" if link else "fast")
        visitor.watch(1.0)  # until both sides know the link
        rate = previews_per_second(visitor, credit=visitor.client.credit, seconds=seconds)
        stops = stop_latencies(visitor, credit=visitor.client.credit, count=12)
        credit = visitor.client.credit
        visitor.end_session()
        visitor.client.close()
    heard, over = [first for first, _ in stops], [second for _, second in stops]
    return Row(name, link, _both(pings), rate, _both(heard), _both(over), credit)


def _recovery(stand: Stand, whom: str, count: int) -> list[float]:
    with stand.way("ipc", None) as way:
        return recovery_times(stand, way.client(), whom=whom, count=count)


def _both(values: Sequence[float]) -> tuple[float, float]:
    return percentile(values, 0.5), percentile(values, 0.95)


_HEAD = (
    f"{'way':22} {'link':14} {'round trip ms':>15} {'previews/s':>11}"
    f" {'stop heard ms':>15} {'stop over ms':>15} {'credit':>7}\n"
    f"{'':37} {'p50 / p95':>15} {'':11} {'p50 / p95':>15} {'p50 / p95':>15}"
)


def _line(row: Row) -> str:
    link = "50 Mbit, 40 ms" if row.link else "straight"
    times = [f"{low:.1f} / {high:.1f}" for low, high in (row.round_trip, row.heard, row.over)]
    return (
        f"{NAMES[row.way]:22} {link:14} {times[0]:>15} {row.previews_per_second:11.1f}"
        f" {times[1]:>15} {times[2]:>15} {row.credit:>7}"
    )


def _say(options: argparse.Namespace, line: str) -> None:
    if not options.json:
        print(line, flush=True)
