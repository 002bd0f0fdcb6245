"""`draggand doctor`: looks at this computer and says what to do; never torch in this process."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from draggan_wire.errors import WireError

from ..config import Config, Loaded, load
from ..exit_codes import CONFIGURATION, OK
from .place import add_endpoint, socket_of
from .version import version

if TYPE_CHECKING:
    from draggan.doctor.findings import Finding

_STATES = {"good": "ok", "note": "warn", "problem": "fail"}


def register(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="look at this computer and say what to do")
    doctor.description = (
        "Looks at everything that a daemon needs, tries a session with the one that serves (or "
        "with one of its own), and says what is wrong and what helps."
    )
    doctor.epilog = "Exit code: 0 if a daemon can work here, 78 if something keeps it from working."
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.add_argument("--quick", action="store_true", help="try no session")
    add_endpoint(doctor)
    doctor.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    findings = []
    for finding in _findings(options):
        findings.append(finding)
        if not options.json:
            print("\n".join(_lines(finding)), flush=True)
    failed = sum(finding.state == "problem" for finding in findings)
    if options.json:
        print(_json(findings))
    else:
        print(_verdict(failed))
    return CONFIGURATION if failed else OK


def _findings(options: argparse.Namespace) -> Iterator[Finding]:
    """One after the other, as they are found: the last ones take seconds."""
    from draggan.doctor.findings import examined, problem

    from ..doctor.checks import checks

    try:
        flags = {"endpoint": options.endpoint} if options.endpoint else {}
        loaded = load(flags=flags)
        path = socket_of(loaded.config)
    except WireError as error:
        yield problem("Settings", error.sentence, error.hint)
        loaded = Loaded(Config(endpoint=options.endpoint or ""), {})
        path = socket_of(Config())
    for subject, check in checks(loaded, path, trial=not options.quick):
        yield from examined(subject, check)


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{_STATES[finding.state]:<5} {finding.subject}: {finding.sentence}"
    if finding.remedy:
        yield f"      {finding.remedy}"


def _verdict(failed: int) -> str:
    if not failed:
        return "a daemon can work here"
    things = "one thing keeps" if failed == 1 else f"{failed} things keep"
    return f"{things} a daemon from working here"


def _json(findings: Sequence[Finding]) -> str:
    rows = [
        {
            "subject": finding.subject,
            "state": _STATES[finding.state],
            "sentence": finding.sentence,
            "remedy": finding.remedy,
        }
        for finding in findings
    ]
    works = all(row["state"] != "fail" for row in rows)
    return json.dumps({"draggand": version(), "works": works, "findings": rows}, indent=2)
