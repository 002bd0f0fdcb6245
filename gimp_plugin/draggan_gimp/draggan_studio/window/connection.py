"""The panel's first line: whether a daemon answers, and what can be done about it; Gtk only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gi.repository import Gtk

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.choices import (
    ADDRESS,
    ADDRESS_EMPTY,
    ADDRESS_FOLD,
    CONNECT_ANEW,
    START_DAEMON,
)
from .buttons import button, small_button
from .fold import Fold
from .form import column, line
from .labels import say, wrapping
from .mnemonics import Mnemonics
from .quiet import set_class, set_name, set_shown, set_text, set_tip
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio


class ConnectionLine:
    """A coloured dot and a sentence; below it, folded away, the address."""

    def __init__(self, studio: GimpStudio, words: Words, keys: Mnemonics) -> None:
        self._studio, self._words = studio, words
        self._dot = Gtk.Box(valign=Gtk.Align.START)
        set_class(self._dot, "draggan-dot", True)
        self._sentence = wrapping()
        self._hint = wrapping(quiet=True, small=True)
        self._start = button(keys.mark(words.tr(START_DAEMON.label)), studio.start_daemon)
        set_tip(self._start, words.tr(START_DAEMON.tip))
        body = self._address_row(keys)
        self.fold = Fold(body, name=words.tr(ADDRESS_FOLD))
        top = line(self._dot, self._sentence, self.fold.widget, grow=self._sentence, spacing=6)
        self.widget = column(top, self._hint, self._start, body)

    def _address_row(self, keys: Mnemonics) -> Gtk.Box:
        tr = self._words.tr
        self._edited = False
        self._address = Gtk.Entry(placeholder_text=tr(ADDRESS_EMPTY), width_chars=8)
        set_tip(self._address, tr(ADDRESS.tip))
        self._address.connect("changed", self._typed)
        self._address.connect("activate", lambda _: self.commit())
        self._address.connect("focus-out-event", lambda *_: self.commit())
        again = small_button("again", tr(CONNECT_ANEW), self._reconnect)
        set_tip(again, tr(CONNECT_ANEW))
        label = Gtk.Label.new_with_mnemonic(keys.mark(tr(ADDRESS.label)))
        label.set_mnemonic_widget(self._address)
        return line(label, self._address, again, grow=self._address)

    def follow(self, shown: Shown) -> None:
        line = captions.connection_line(shown.now, self._words)
        for tone in ("good", "wait", "bad"):
            set_class(self._dot, f"draggan-{tone}", tone == line.tone)
        set_class(self._dot, "draggan-hollow", line.under_way)
        say(self._sentence, line.sentence)
        set_name(self._dot, line.sentence)
        say(self._hint, line.hint)
        set_shown(self._hint, bool(line.hint))
        set_shown(self._start, line.can_start)
        if not self._edited:
            set_text(self._address, shown.now.settings.address)
            self._edited = False

    def commit(self) -> None:
        """Takes the address that has been typed."""
        address, edited = self._address.get_text().strip(), self._edited
        self._edited = False
        if edited and address != self._studio.settings.address:
            self._studio.change(replace(self._studio.settings, address=address))

    def _typed(self, entry: Gtk.Entry) -> None:
        self._edited = True

    def _reconnect(self) -> None:
        self.commit()
        self._studio.reconnect()
