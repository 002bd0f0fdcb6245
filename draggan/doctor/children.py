"""Libraries that may crash are tried in a process of their own; standard library only."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence

PATIENCE = 120.0  # seconds: a cold disk reads torch slowly


class ChildFailed(Exception):
    """Says in a few words how it ended."""


def answer_of(arguments: Sequence[str], *, patience: float = PATIENCE) -> dict[str, object]:
    """What `python ARGUMENTS` prints as a JSON object in its last line. Raises ChildFailed."""
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise ChildFailed(f"no answer within {patience:g} seconds") from None
    except OSError as error:
        raise ChildFailed(str(error)) from error
    if done.returncode < 0:
        raise ChildFailed(f"it crashed ({_signal(-done.returncode)})")
    if done.returncode:
        raise ChildFailed(_last_line(done.stderr)[:300] or f"exit code {done.returncode}")
    try:
        answer = json.loads(_last_line(done.stdout))
    except ValueError as error:
        raise ChildFailed("an answer that makes no sense") from error
    if not isinstance(answer, dict):
        raise ChildFailed("an answer that makes no sense")
    return answer


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
