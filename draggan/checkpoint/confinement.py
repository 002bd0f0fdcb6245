"""What a process that reads strangers' files denies itself; standard library only.

Each measure is taken where the system knows it and left out where not: the reader executes nothing
in any case, and this is for the day on which that turns out to be wrong.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_OPEN_FILES = 64
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # unshare(2)
_SIGNAL_AT_PARENTS_DEATH = 1  # prctl(2)


def confine(*, seconds: int, written_bytes: int) -> None:
    """End after `seconds` or with the parent; no network, no core dump, files of bounded size.

    To be called before anything starts a thread: Linux leaves a network only as a single one.
    """
    _leave_the_network()
    _end_with_the_parent()
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)  # kills: nobody handles it
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_NOFILE", _OPEN_FILES)
    _limit("RLIMIT_CPU", seconds * _cores())
    _limit("RLIMIT_FSIZE", written_bytes)


def confine_memory(more_bytes: int) -> None:
    """Let the process map `more_bytes` beyond what it has mapped by now."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
        _limit("RLIMIT_AS", pages * os.sysconf("SC_PAGE_SIZE") + more_bytes)


def _limit(name: str, value: int) -> None:
    if resource is None or not hasattr(resource, name):
        return
    kind = getattr(resource, name)
    with contextlib.suppress(OSError, ValueError):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _leave_the_network() -> None:
    """Into a network of our own with nothing in it, as any user may on most Linux systems.

    Root needs no user namespace for it, and in one would lose the right to other people's files.
    """
    if hasattr(os, "geteuid"):
        _ask_linux("unshare", _NEW_NET if os.geteuid() == 0 else _NEW_USER | _NEW_NET)


def _end_with_the_parent() -> None:
    _ask_linux("prctl", _SIGNAL_AT_PARENTS_DEATH, signal.SIGTERM, 0, 0, 0)


def _ask_linux(call: str, *arguments: int) -> None:
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        function: Callable[..., int] = getattr(ctypes.CDLL(None), call)
        function(*arguments)


def _cores() -> int:
    return os.cpu_count() or 1
