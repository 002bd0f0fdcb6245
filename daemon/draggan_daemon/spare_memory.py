"""Gives back to the system what is free inside the C heap; Linux with glibc; imports no wire.

What pictures and frames have passed through stays with the process: the heap has room in it, but
some small thing lies behind each hole.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_M_ARENA_MAX = -8  # of malloc.h


def use_one_heap() -> None:
    """For this process's threads from now on: the ends of heaps of their own are never given back,
    up to 64 MB of each."""
    if (limit := _of_the_c_library("mallopt")) is not None:
        limit(_M_ARENA_MAX, 1)


def give_back() -> bool:
    """Whether there was anything; a no-op where the C library does not know how."""
    trim = _of_the_c_library("malloc_trim")
    return trim is not None and bool(trim(ctypes.c_size_t(0)))


def _of_the_c_library(name: str) -> Any:
    """None elsewhere, and with musl, which has neither."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
