"""Everything that `draggand doctor` looks at, in the order in which it is told; never torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from draggan.doctor.computing import check_computing
from draggan.doctor.findings import Check, Finding, good, problem
from draggan.doctor.packages import check_libzmq, check_packages, check_python
from draggan.doctor.room import check_disks, check_memory, check_models

from ..config import Loaded
from .surroundings import (
    check_clock,
    check_journal_folder,
    check_keys,
    check_port,
    check_service,
    check_settings,
    check_socket,
)
from .trial import check_daemon

Named = tuple[str, Check]


def checks(loaded: Loaded, path: Path, *, trial: bool = True) -> Iterator[Named]:
    """What there is to look at for the daemon at `path`; without `trial` none is started."""
    config = loaded.config
    yield "Python", check_python
    yield "Packages", check_packages
    yield "ZeroMQ", check_libzmq
    yield "Encryption", check_curve
    yield "Settings", _bound(check_settings, loaded)
    yield "Socket", _bound(check_socket, path)
    yield "Keys", _bound(check_keys, config)
    yield "Port", lambda: check_port(config, path)
    yield "Journal", lambda: check_journal_folder(config, path)
    yield "torch", check_computing
    yield "Memory", check_memory
    yield "Disks", check_disks
    yield "Models", check_models
    yield "Clock", check_clock
    yield "Service", check_service
    if trial:
        yield "Daemon", _bound(check_daemon, path)


def check_curve() -> Iterator[Finding]:
    """Whether this ZeroMQ can encrypt."""
    import zmq

    if zmq.has("curve"):
        yield good("Encryption", "CURVE is there for other computers.")
    else:
        remedy = "Install pyzmq from PyPI: its wheels have it. ssh:// addresses work without."
        yield problem("Encryption", "This ZeroMQ was built without CURVE.", remedy)


def _bound(check: Callable[..., Iterator[Finding]], about: object) -> Check:
    return lambda: check(about)
