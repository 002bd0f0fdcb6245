"""What an edit knows of its session: where it stands, its pictures, what is saved; no I/O, stdlib.

A session that the daemon forgets takes its timeline along; what was saved stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Optional

from .edit_status import EditOptions
from .pixels import Image
from .values import Pasting


@dataclass(frozen=True)
class SavedTimeline:
    """What the daemon gave to open the session again: `data` is its own, the rest is ours.

    `steps` tells pictures by their fingerprints, as in `Timeline`; `step` is the one it stood at.
    `picture` is the opened one, which `data` need to be opened again; None where it was made up.
    """

    data: bytes
    step: int
    steps: Mapping[str, int]
    picture: Optional[Image] = None


class Timeline:
    """The steps of one session, from 0, the opened picture, to `last`."""

    def __init__(self) -> None:
        self.session: Optional[str] = None
        self.options: Optional[EditOptions] = None  # with which it was opened
        self.position: Optional[int] = None  # where the session stands; None: not known
        self.last = 0
        self.paste = Pasting()  # how its steps come into the picture
        self.saved: Optional[SavedTimeline] = None
        self._picture: Optional[Image] = None
        self._steps: Dict[str, int] = {}  # fingerprint of a picture -> its step

    def forget(self) -> None:
        """The session is gone."""
        self.session, self.position, self.last = None, None, 0
        self._picture, self._steps = None, {}

    def opened(
        self, steps: Mapping[str, int], picture: Optional[Image], *, position: int, last: int
    ) -> None:
        """The session is ready; `steps` are the pictures that are known of it besides.

        `picture` is the opened one, None where it is made up.
        """
        self._picture = picture
        self._steps.update(steps)
        self.position, self.last = position, last

    def mark(self, fingerprint: str, step: int) -> None:
        """A step's picture is known from now on."""
        self._steps[fingerprint] = step

    def base(self, fingerprint: str, at: Optional[int]) -> Optional[int]:
        """The step from which a picture is dragged on; None where it is none of the timeline's.

        `at` counts for the opened picture only; where the timeline is shorter, its end.
        """
        step = self._steps.get(fingerprint) if self.session else None
        if step == 0 and at is not None:
            return min(max(at, 0), self.last)
        return step

    def grow_from(self, base: int) -> None:
        """A drag begins: what came after `base` is dropped."""
        self._steps = {mark: step for mark, step in self._steps.items() if step <= base}
        self.position, self.last = None, base

    def keep(self, data: bytes, step: int) -> None:
        """The daemon's data for the session as it is now."""
        self.saved = SavedTimeline(data, step, dict(self._steps), self._picture)
