"""What an edit has left in a document, by which it is found again; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Trace:
    """What an edit leaves in a document: its group, and (layer, step) of its results in order."""

    group: str = ""
    results: Tuple[Tuple[str, int], ...] = ()
