"""How far the edit is and what there is to say about it, in one place that is always there; Gtk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from gi.repository import GLib, Gtk

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.host_words import GIMP
from .buttons import button, ellipsized
from .form import column, line
from .labels import keep_lines, say, wrapping
from .mnemonics import Mnemonics
from .quiet import set_class, set_enabled, set_shown, set_text
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio

_PULSE_MS = 80
USUAL_LINES = 2  # of a sentence: with one alone, the timeline would jump under the pointer


class MessageArea:
    """Progress, milliseconds per step, a sentence, a hint, and the offer to go on."""

    def __init__(self, studio: GimpStudio, words: Words, keys: Mnemonics) -> None:
        self._words = words
        self._bar = Gtk.ProgressBar(valign=Gtk.Align.CENTER)
        self._bar.connect("destroy", lambda _: self._pulse(False))
        self._pulsing = 0  # the timer's number
        self._speed = Gtk.Label(xalign=1)
        set_class(self._speed, "draggan-quiet", True)
        self._message = wrapping()
        keep_lines(self._message, USUAL_LINES)
        self._hint = wrapping(quiet=True)
        text = keys.mark(words.tr("Take up the edit again"))
        self._reopen = ellipsized(button(text, studio.reopen))
        self.widget = column(
            line(self._bar, self._speed, grow=self._bar, spacing=8),
            *(self._message, self._hint, self._reopen),
        )

    def follow(self, shown: Shown) -> None:
        now, words = shown.now, self._words
        self._follow_bar(captions.progress(now))
        speed = captions.speed(now, words)
        set_text(self._speed, speed)
        message = captions.message(now, words, GIMP)
        say(self._message, message.text, message.tone)
        hint = captions.hint(now, words)
        say(self._hint, hint)
        set_shown(self._hint, bool(hint))
        set_shown(self._reopen, now.edit.can_reopen)
        reopen = captions.reopen_button(now, words, GIMP)
        set_enabled(self._reopen, reopen.enabled, reopen.tip)

    def _follow_bar(self, fraction: Optional[float]) -> None:
        pulsed = self._pulsing
        self._pulse(fraction is None)
        if fraction is not None and (pulsed or self._bar.get_fraction() != fraction):
            self._bar.set_fraction(min(max(fraction, 0.0), 1.0))

    def _pulse(self, on: bool) -> None:
        """Back and forth: somewhere on the way."""
        if on and not self._pulsing:
            self._pulsing = GLib.timeout_add(_PULSE_MS, self._step)
        elif not on and self._pulsing:
            GLib.source_remove(self._pulsing)
            self._pulsing = 0

    def _step(self) -> bool:
        self._bar.pulse()
        return True
