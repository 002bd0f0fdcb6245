"""What is still to be learnt of edits that can be dragged already; needs draggan, no torch."""

from __future__ import annotations

from collections.abc import Collection, Generator

from draggan.editor import SettingStep

Steps = Generator[SettingStep, None, None]


class Refining:
    """The steps that are left of each session's opening, and who has moved by them."""

    def __init__(self) -> None:
        self._steps: dict[str, Steps] = {}
        self._moved: set[str] = set()

    def begin(self, session: str, steps: Steps) -> None:
        self._steps[session] = steps

    def advance(self, session: str) -> bool:
        """Takes one step; whether there may be more."""
        if session not in self._steps:
            return False
        self._moved.add(session)  # also where the step fails
        return next(self._steps[session], None) is not None

    def end(self, session: str) -> None:
        """No more steps, and nothing is held that only they needed."""
        steps = self._steps.pop(session, None)
        if steps is not None:
            steps.close()

    def end_all_but(self, at_work: Collection[str]) -> None:
        for session in self._steps.keys() - at_work:
            self.end(session)

    def forget(self, session: str) -> None:
        self.end(session)
        self._moved.discard(session)

    def has_moved(self, session: str) -> bool:
        """Whether all states may differ from those in the last whole record of it."""
        return session in self._moved

    def kept(self, session: str) -> None:
        """There is a new whole record."""
        self._moved.discard(session)
