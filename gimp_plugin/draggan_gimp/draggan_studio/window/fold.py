"""A small arrow that shows and hides what is below it; Gtk only."""

from __future__ import annotations

from gi.repository import Gtk

from .form import line
from .icons import icon, set_icon
from .quiet import set_name, set_tip


class Fold:
    """An arrow, with words (marked for Alt) or with a name for screen readers only."""

    def __init__(self, body: Gtk.Widget, *, text: str = "", name: str = "") -> None:
        self.widget = Gtk.Button(relief=Gtk.ReliefStyle.NONE, focus_on_click=False)
        self.widget.set_halign(Gtk.Align.START)
        self.widget.set_valign(Gtk.Align.START)
        self.widget.get_style_context().add_class("draggan-fold")
        self._body, self._arrow = body, icon("closed")
        words = Gtk.Label.new_with_mnemonic(text)
        words.set_mnemonic_widget(self.widget)
        self.widget.add(line(self._arrow, words) if text else self._arrow)
        if name:
            set_name(self.widget, name)
            set_tip(self.widget, name)
        self.widget.connect("clicked", lambda _: self.set_open(not self.is_open))
        self._open = False

    @property
    def is_open(self) -> bool:
        return self._open

    def set_open(self, opened: bool) -> None:
        self._open = opened
        self._body.set_visible(opened)
        set_icon(self._arrow, "open" if opened else "closed")
