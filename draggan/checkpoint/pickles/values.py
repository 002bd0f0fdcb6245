"""The inert values that stand for what a foreign file wanted to build; imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """A module that carries its own source code: the source is hashed, never compiled."""

    class_name: str
    source_sha256: str
    version: int
    state: Mapping[str, object]


@dataclass(frozen=True)
class Namespace:
    """What argparse left behind in a training checkpoint."""

    values: Mapping[str, object]
