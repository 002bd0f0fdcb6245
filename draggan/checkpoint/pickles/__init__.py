"""Strangers' pickles read symbolically: nothing in them is imported, called or compiled.

Imports numpy and the standard library's struct, mmap, zlib and hashlib; neither pickle nor torch.
"""

from __future__ import annotations

from .files import read_pickles
from .values import Namespace, Record

__all__ = ["Namespace", "Record", "read_pickles"]
