"""Python and the packages that draggan is built on, against what it asks for; standard library."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata

from draggan import __version__
from draggan.doctor.children import ChildFailed, answer_of
from draggan.doctor.findings import Finding, good, note, problem

OLDEST_PYTHON = (3, 10)
OLDEST_LIBZMQ = "4.3.4"  # those before it crash or leak on hostile peers: CVE-2020-15166 and others
_REINSTALL = f"Install draggan again: {sys.executable} -m pip install --upgrade draggan-studio"
_ZMQ = "import json, zmq; print(json.dumps({'libzmq': zmq.zmq_version()}))"


def check_python() -> Iterator[Finding]:
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    sentence = f"Version {platform.python_version()} at {sys.executable} ({system})."
    if sys.version_info >= OLDEST_PYTHON:
        yield good("Python", sentence)
        return
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield problem("Python", sentence, f"draggan needs Python {wanted} or newer.")


def check_packages(distribution: str = "draggan-studio") -> Iterator[Finding]:
    """Whether each package that `distribution` asks for is there in a version that it can use."""
    try:
        wanted = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        sentence = f"draggan {__version__} runs without being installed."
        yield note("Packages", sentence, "Install it, so that versions can be looked after.")
        return
    found, faults = [], []
    for name, specification in _plain(wanted):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            faults.append(problem("Packages", f"{name} is missing.", _REINSTALL))
            continue
        found.append(f"{name} {version}")
        if not satisfies(version, specification):
            sentence = f"{name} is {version}, and draggan needs {specification}."
            faults.append(problem("Packages", sentence, _REINSTALL))
    yield good("Packages", f"draggan {__version__} with {', '.join(found)}.")
    yield from faults


def check_libzmq() -> Iterator[Finding]:
    try:
        version = str(answer_of(["-c", _ZMQ])["libzmq"])
    except ChildFailed as failed:
        sentence = f"pyzmq cannot be loaded, so no daemon can run: {failed}."
        yield problem("ZeroMQ", sentence, _REINSTALL)
        return
    if satisfies(version, f">={OLDEST_LIBZMQ}"):
        yield good("ZeroMQ", f"libzmq {version}.")
    else:
        sentence = f"libzmq is {version}, which has known holes."
        remedy = f"Update it to {OLDEST_LIBZMQ} or newer: pip install --upgrade pyzmq"
        yield problem("ZeroMQ", sentence, remedy)


def satisfies(version: str, specification: str) -> bool:
    """Whether 2.13.0+cpu is within >=2.10,<2.14: numbers only, of the comparisons >= and <."""
    have = _numbers(version)
    for bound in specification.replace(" ", "").split(","):
        number = _numbers(bound)
        if bound.startswith(">=") and have < number:
            return False
        if bound.startswith("<") and have >= number:
            return False
    return True


def _plain(requirements: list[str]) -> Iterator[tuple[str, str]]:
    """Name and versions of what is always needed; extras come with a marker."""
    for requirement in requirements:
        match = re.match(r"([\w.-]+)\s*\(?([^;)]*)", requirement)
        if match and ";" not in requirement:
            yield match[1], match[2]


def _numbers(version: str) -> tuple[int, ...]:
    match = re.search(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    return tuple((numbers + [0] * 4)[:4])
