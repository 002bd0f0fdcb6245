"""Sizes, times and counts as a person reads them; standard library only."""

from __future__ import annotations


def size_in_words(count: float) -> str:
    """1536 -> "1.5 KiB"."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        units.pop(0)
    digits = 0 if count >= 100 or units[0] == "bytes" else 1
    return f"{count:.{digits}f} {units[0]}"


def time_in_words(seconds: float) -> str:
    """7325 -> "2 h 02 min"."""
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours >= 48:
        return f"{hours // 24} days"
    if hours:
        return f"{hours} h {minutes % 60:02} min"
    return f"{minutes} min {int(seconds) % 60:02} s" if minutes else f"{seconds:.0f} s"


def counted(number: int, thing: str) -> str:
    """1 -> "1 session", 2 -> "2 sessions"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
