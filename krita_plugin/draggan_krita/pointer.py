"""One pointer out of pen and mouse: tells echoes from real presses; standard library only.

A pen's press can come a second time as a mouse press, before or after the pen's own event,
depending on the system and on who has accepted what. Only one of the two may act.
"""

from __future__ import annotations

from time import monotonic
from typing import Callable, Optional

ECHO_SECONDS = 0.1  # a mouse press this soon after the pen was lifted is the pen's


class Pointer:
    """Told of every press and release that is ours to take, says which of them act.

    `device` is "pen" or "mouse". Of a press that does not act, nothing else acts either, up to
    its release; yet it is to be kept from the host like those that do.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._device: Optional[str] = None
        self._echo = False
        self._lifted: Optional[float] = None

    @property
    def down(self) -> bool:
        """Whether any press of ours, echoes too, has not been released."""
        return self._device is not None or self._echo

    def press(self, device: str) -> bool:
        if device == "pen" and self._device == "mouse":
            self._device, self._echo = "pen", True  # the mouse's press was the echo, come first
            return False
        if device == "mouse" and (self._device == "pen" or self._just_lifted()):
            self._echo = True
            return False
        self._device, self._echo = device, False
        return True

    def moves(self, device: str) -> bool:
        return self._device == device

    def holds(self, device: str) -> bool:
        """Whether a press of that device is under way, as an echo too."""
        return self._device == device or (device == "mouse" and self._echo)

    def release(self, device: str) -> bool:
        if self._device != device:
            self._echo = False
            return False
        self._device = None
        if device == "pen":
            self._lifted = self._clock()
        return True

    def forget(self) -> None:
        """All presses are over, whatever events may be missing."""
        self._device, self._echo = None, False

    def _just_lifted(self) -> bool:
        return self._lifted is not None and self._clock() - self._lifted < ECHO_SECONDS
