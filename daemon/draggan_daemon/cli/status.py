"""`draggand status`: whether a daemon answers, which, and how it fares."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from draggan_wire.connection_file import FILE_NAME, read_connection_file
from draggan_wire.errors import AccessRefused, Unsupported, WireError

from ..exit_codes import OK, TEMPORARY, UNAVAILABLE
from ..local_socket import serving_process
from .asking import Conversation, NotNow, conversation
from .place import add_endpoint, place
from .quantities import counted, size_in_words, time_in_words

Facts = Mapping[str, Any]


def register(commands: Any) -> None:
    status = commands.add_parser("status", help="say whether a daemon answers, and how it fares")
    status.add_argument("--json", action="store_true", help="for programs")
    add_endpoint(status)
    status.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    path = place(options)
    try:
        with conversation(path) as daemon:
            facts = _facts(path, daemon)
    except WireError as error:
        if not options.json:
            raise
        about = {"error": error.code, "sentence": error.sentence, "hint": error.hint}
        print(json.dumps({"answering": False, "endpoint": f"ipc://{path}", **about}, indent=2))
        return TEMPORARY if isinstance(error, NotNow) else UNAVAILABLE
    print(json.dumps(facts, indent=2) if options.json else "\n".join(_lines(facts)))
    return OK


def _facts(path: Path, daemon: Conversation) -> dict[str, Any]:
    """What the welcome tells, and what the daemon reports if it is not too old to."""
    welcome = daemon.welcome
    facts: dict[str, Any] = {
        "answering": True,
        "endpoint": f"ipc://{path}",
        "daemon": welcome.daemon,
        "protocol": welcome.protocol,
        "process": serving_process(path),
        "device": welcome.device,
        "models": [model.id for model in welcome.models],
        "round_trip_ms": round(daemon.milliseconds, 3),
    }
    try:
        return {**facts, **daemon.manage("status"), **_key(path)}
    except Unsupported:  # an older one
        return facts
    except AccessRefused:  # a relay leads to it: that one is not ours
        return {**facts, "elsewhere": True}


def _key(path: Path) -> dict[str, str]:
    """By which key other computers know the daemon, if it listens to them."""
    found = read_connection_file(path.parent / FILE_NAME)
    return {"fingerprint": found.fingerprint} if found and found.fingerprint else {}


def _lines(facts: Facts) -> Iterator[str]:
    yield f"{facts['daemon']} answers at {facts['endpoint']} in {facts['round_trip_ms']:.1f} ms"
    for name, text in _rows(facts):
        yield f"  {name:<12} {text}"


def _rows(facts: Facts) -> Iterator[tuple[str, str]]:
    """What is not reported, by an older daemon, is left out."""
    if facts.get("elsewhere"):
        yield "elsewhere", "a relay leads to it; `draggand status` over there says more"
    process = str(facts["process"] or "unknown")
    uptime = facts.get("uptime_s")
    yield "process", process if uptime is None else f"{process}, for {time_in_words(uptime)}"
    if others := [one for one in facts.get("endpoints", ()) if one != facts["endpoint"]]:
        yield "also at", ", ".join(others)
    if facts.get("fingerprint"):
        yield "server key", facts["fingerprint"]
    yield "device", facts["device"]
    yield "models", ", ".join(facts["models"]) or "none"
    for worker in facts.get("workers", ()):
        yield "worker", _worker(worker)
    if "sessions" in facts:
        yield from _work(facts)
    if "journal" in facts:
        yield "journal", _journal(facts["journal"])
    if facts.get("draining"):
        yield "draining", "takes nothing new, and ends when what it computes is done"


def _worker(worker: Facts) -> str:
    process = f" (process {worker['pid']})" if worker.get("pid") else ""
    since = f" for {time_in_words(worker['turn_seconds'])}" if _slow(worker) else ""
    text = f"{worker['name']}{process}: {worker['state']}{since}, "
    text += counted(worker["sessions"], "session")
    restarts = worker.get("restarts", 0)
    return f"{text}, replaced {counted(restarts, 'time')}" if restarts else text


def _slow(worker: Facts) -> bool:
    return worker["state"] == "busy" and worker.get("turn_seconds", 0) >= 1


def _work(facts: Facts) -> Iterator[tuple[str, str]]:
    parts = [f"{facts['sessions']} open"]
    for name, words in (("detached", "without a client"), ("parked", "parked")):
        if facts.get(name):
            parts.append(f"{facts[name]} {words}")
    yield "sessions", ", ".join(parts)
    yield "connections", str(facts.get("connections", 0))
    if facts.get("step_ms_p50") is not None:
        rate = f"{facts.get('steps_per_s') or 0:.1f} per second"
        middle, late = facts["step_ms_p50"], facts.get("step_ms_p95") or 0
        yield "steps", f"{rate}; {middle:.0f} ms each, one in twenty over {late:.0f} ms"
    yield "frames", f"{facts.get('frames_sent', 0)} sent"
    received, given = facts.get("bytes_in", 0), facts.get("bytes_out", 0)
    yield "traffic", f"{size_in_words(received)} in, {size_in_words(given)} out"
    logins, messages = facts.get("refused_logins", 0), facts.get("refused_messages", 0)
    yield "refused", f"{counted(logins, 'login')}, {counted(messages, 'message')}"


def _journal(journal: Facts | None) -> str:
    if not journal:
        return "none: what is not saved ends with the daemon"
    if journal.get("trouble"):
        return f"does not work: {journal['trouble']}"
    size = size_in_words(journal.get("bytes", 0))
    text = f"{journal['folder']}: {counted(journal.get('sessions', 0), 'session')}, {size}"
    late = journal.get("commit_ms_p95")
    return text if not late else f"{text}, written within {late:.1f} ms"
