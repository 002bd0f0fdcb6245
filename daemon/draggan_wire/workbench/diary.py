"""What has happened in a plugin, and who is told when what it shows has changed; stdlib only."""

from __future__ import annotations

import traceback
from collections import deque
from typing import Callable, Deque, List, Tuple

from ..errors import WireError
from .connection import ConnectionView
from .edit_view import EditView

MESSAGES = 30  # kept


class Diary:
    """The last messages, for the diagnostics."""

    def __init__(self) -> None:
        self._messages: Deque[str] = deque(maxlen=MESSAGES)
        self._recorded: object = None

    @property
    def messages(self) -> Tuple[str, ...]:
        return tuple(self._messages)

    def record(self, connection: ConnectionView, edit: EditView) -> None:
        """What has changed, without each step's progress."""
        words = (connection.state, f"{connection.sentence} {connection.hint}")
        said = " ".join((edit.message, edit.hint, *edit.notes))
        said = said if edit.state in ("done", "failed") else ""
        now = (*words, edit.state, said)
        if now != self._recorded:
            self._recorded = now
            self._messages.append(" | ".join(now))

    def mishap(self, error: Exception) -> WireError:
        """What to tell the user of an error that nobody has foreseen; to be called where caught.

        The traceback goes into the diary, and to whoever has started the editor in a terminal.
        """
        self._messages.append(traceback.format_exc())
        traceback.print_exc()
        sentence = f"The plugin could not do its part: {type(error).__name__}: {error}."
        hint = "Try again; if it stays, copy the diagnostics and report them."
        return WireError(sentence, hint=hint)


class Listeners:
    """Those who are told when something has changed. One that fails takes nobody along."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._listeners: List[Callable[[], None]] = []
        self._told: object = None

    def add(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def tell(self, now: object) -> None:
        """Calls all of them, unless `now` is what they were told of last."""
        if now == self._told:
            return
        self._told = now
        for listener in list(self._listeners):
            try:
                listener()
            except Exception as error:
                self._diary.mishap(error)
