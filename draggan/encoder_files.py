"""Where encoders lie: those that came with the program, and those prepared here; never torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .cache import cache_directory

SUFFIX = ".safetensors"
_SHIPPED = Path(__file__).parent / "assets" / "encoders"  # apart: models lie one folder up


def shipped_files() -> tuple[Path, ...]:
    """The encoders that came with the program, each of the name of its model."""
    return tuple(sorted(_SHIPPED.glob(f"*{SUFFIX}")))


def prepared_file(name: str) -> Path:
    """Where the encoder of the model of that name is kept once it has been prepared here."""
    return cache_directory() / f"encoder-{_key(name)}{SUFFIX}"


def unfinished_file(name: str) -> Path:
    """Where a preparation that is under way keeps what it has reached."""
    return cache_directory() / f"preparing-{_key(name)}{SUFFIX}"


def samples_file(name: str) -> Path:
    """Where a preparation that is under way keeps what it learns from."""
    return cache_directory() / f"lessons-{_key(name)}{SUFFIX}"


def prepared_in_words(name: str) -> str:
    """Whether the model of that name is prepared, as far as files tell: "yes", "no", ..."""
    if any(path.stem == name for path in shipped_files()):
        return "yes, as it came"
    if prepared_file(name).is_file():
        return "yes"
    begun = unfinished_file(name).is_file() or samples_file(name).is_file()
    return "begun, not finished" if begun else "no"


def _key(name: str) -> str:
    """Names are whatever people call their files; this can always be part of a path."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
