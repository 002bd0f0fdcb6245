"""`draggan doctor`: looks at this computer and says what to do; never torch in this process."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from draggan import __version__
from draggan.cli.daemon_check import check_daemon
from draggan.cli.progress import Progress
from draggan.doctor.computing import check_computing
from draggan.doctor.findings import Check, Finding, examined
from draggan.doctor.packages import check_libzmq, check_packages, check_python
from draggan.doctor.room import check_disks, check_memory, check_models
from draggan.writing import replacing

TROUBLE = 2

CHECKS: Sequence[tuple[str, Check]] = (
    ("Python", check_python),
    ("Packages", check_packages),
    ("ZeroMQ", check_libzmq),
    ("torch", check_computing),
    ("Memory", check_memory),
    ("Disks", check_disks),
    ("Models", check_models),
    ("Daemon", check_daemon),
)
_MARKS = {"good": "  ok    ", "note": "  note  ", "problem": "PROBLEM "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Exit code: 0 if draggan can work here, 2 if something keeps it from working."
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all of it as JSON")


def run_command(args: argparse.Namespace) -> int:
    """Prints a sentence for each thing looked at, with a remedy where one is needed."""
    with Progress(sys.stderr) as progress:
        findings: list[Finding] = []
        for subject, check in CHECKS:
            progress.show("Looking at", subject)
            findings.extend(examined(subject, check))
    for line in lines_of(findings):
        print(line)
    troubles = sum(finding.state == "problem" for finding in findings)
    if args.json:
        with replacing(args.json) as file:
            file.write(as_json(findings).encode())
    return TROUBLE if troubles else 0


def lines_of(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings as a person reads them."""
    for finding in findings:
        yield f"{_MARKS[finding.state]}{finding.subject}: {finding.sentence}"
        if finding.remedy:
            yield f"          {finding.remedy}"
    troubles = sum(finding.state == "problem" for finding in findings)
    many = "One thing keeps" if troubles == 1 else f"{troubles} things keep"
    yield f"{many} draggan from working." if troubles else "draggan can work here."


def as_json(findings: Sequence[Finding]) -> str:
    """The findings for programs and for bug reports."""
    working = all(finding.state != "problem" for finding in findings)
    rows = [asdict(finding) for finding in findings]
    return json.dumps({"draggan": __version__, "works": working, "findings": rows}, indent=2) + "\n"
