"""Progress in words: one line that renews itself on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from typing import TextIO

_TERMINAL_PAUSE = 0.1  # seconds between two updates
_PLAIN_PAUSE = 5.0


class Progress:
    """Tells a person, on `stream`, what is going on; a context manager that ends its line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._stage = ""
        self._shown = float("-inf")
        self._open_line = False
        self._settled: dict[str, str] = {}
        self._remarked: set[str] = set()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_line()

    def show(self, stage: str, detail: str = "") -> None:
        """`stage` changes rarely and always shows; `detail` often, and shows when there is time."""
        now, pause = time.monotonic(), _TERMINAL_PAUSE if self._terminal else _PLAIN_PAUSE
        if stage == self._stage and now - self._shown < pause:
            return
        if stage != self._stage:
            self._end_line()
        self._stage, self._shown = stage, now
        self._write(f"{stage}: {detail}" if detail else stage)

    def settle(self, stage: str, detail: str) -> None:
        """A stage's last word: always shows and stays."""
        self._stage, self._shown = stage, time.monotonic()
        self._settled[stage] = detail
        self._write(f"{stage}: {detail}")
        self._end_line()

    def told(self, stage: str, detail: str) -> bool:
        """Whether that has been said as a stage's last word."""
        return self._settled.get(stage) == detail

    def note(self, sentence: str) -> None:
        """A line of its own that stays."""
        self._end_line()
        print(sentence, file=self._stream, flush=True)

    def remark(self, notes: Sequence[str]) -> None:
        """Sentences that are said once, however often they come."""
        for note in notes:
            if note not in self._remarked:
                self._remarked.add(note)
                self.note(f"Note: {note}")

    def _write(self, text: str) -> None:
        if not self._terminal:
            print(text, file=self._stream, flush=True)
            return
        width = shutil.get_terminal_size().columns - 1
        # CSI K clears what a longer line before has left.
        self._stream.write(f"\r{text[:width]}\x1b[K")
        self._stream.flush()
        self._open_line = True

    def _end_line(self) -> None:
        if self._open_line:
            self._stream.write("\n")
            self._stream.flush()
        self._open_line = False
