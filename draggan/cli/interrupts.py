"""Ctrl+C as a request: the first asks for an end in good order, the second leaves at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class Interrupts:
    """While the block lasts, the first Ctrl+C (or a TERM signal) sets `requested`.

    The second raises KeyboardInterrupt wherever the program is. Only for the main thread.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
