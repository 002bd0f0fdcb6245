"""Gives back to the system what is free inside the C heap; Linux with glibc; imports no wire.

What pictures and frames have passed through stays with the process: the heap has room in it, but
some small thing lies behind each hole.
"""

from __future__ import annotations

import ctypes
import sys


def give_back() -> bool:
    """Whether there was anything; a no-op where the C library does not know how."""
    if sys.platform != "linux":
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    return trim is not None and bool(trim(ctypes.c_size_t(0)))
