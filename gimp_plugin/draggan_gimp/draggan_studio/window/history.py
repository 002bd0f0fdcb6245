"""Undo and redo of handles and painted strokes; imports no Gtk.

What others change meanwhile (a drag moves the handles along) is a step of its own, so that nothing
is ever lost or half taken back.
"""

from __future__ import annotations

from typing import List, Tuple

from ..draggan_wire.workbench.handles import HandleLine, HandleSet
from ..draggan_wire.workbench.strokes import Stroke, Strokes

MAX_STEPS = 100

_State = Tuple[Tuple[HandleLine, ...], Tuple[Stroke, ...]]


class History:
    """Call `note` before and after every gesture or key that may change something."""

    def __init__(self, handles: HandleSet, strokes: Strokes) -> None:
        self._handles, self._strokes = handles, strokes
        self._past: List[_State] = []
        self._future: List[_State] = []
        self._state = self._now()
        self._revisions = self._revisions_now()

    def note(self) -> None:
        """Makes what has changed since the last time one step that can be undone."""
        if self._revisions_now() == self._revisions:
            return
        self._revisions = self._revisions_now()
        before, self._state = self._state, self._now()
        if self._state != before:  # not only another handle selected
            self._past = [*self._past, before][-MAX_STEPS:]
            self._future = []

    def amend(self) -> None:
        """Makes what has changed since the last time a part of the last step."""
        self._revisions, self._state = self._revisions_now(), self._now()

    def undo(self) -> bool:
        """Whether there was something to take back."""
        self.note()
        return self._go(self._past, self._future)

    def redo(self) -> bool:
        """Whether there was something to bring back."""
        self.note()
        return self._go(self._future, self._past)

    def _go(self, source: List[_State], other: List[_State]) -> bool:
        if not source:
            return False
        other.append(self._state)
        lines, strokes = self._state = source.pop()
        if lines != self._handles.lines:
            selected = self._handles.selected
            kept = selected is not None and selected < len(lines)
            self._handles.replace(lines, selected if kept else None)
        self._strokes.replace(strokes)
        self._revisions = self._revisions_now()
        return True

    def _now(self) -> _State:
        return self._handles.lines, self._strokes.strokes

    def _revisions_now(self) -> Tuple[int, int]:
        return self._handles.revision, self._strokes.revision
