"""One thing that a look at this computer has found; standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["good", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """A sentence about `subject`. A `problem` keeps draggan from working; a `note` does not."""

    subject: str
    state: State
    sentence: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


def good(subject: str, sentence: str) -> Finding:
    return Finding(subject, "good", sentence)


def note(subject: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(subject, "note", sentence, remedy)


def problem(subject: str, sentence: str, remedy: str) -> Finding:
    return Finding(subject, "problem", sentence, remedy)


def examined(subject: str, check: Check) -> list[Finding]:
    """What the check finds; a check that fails is a finding itself, the others still follow."""
    try:
        return list(check())
    except Exception as error:
        sentence = f"This could not be looked at: {type(error).__name__}: {error}"
        return [note(subject, sentence, "Please report it together with all of this.")]
