"""Rows of a label and a field, and columns and lines of widgets; Gtk only."""

from __future__ import annotations

from typing import Optional

from gi.repository import Gtk, Pango

from .mnemonics import Mnemonics

_LABEL_CHARS = 13  # after which a label takes a second line


class Form:
    """Two columns: what is asked, and where it is answered."""

    def __init__(self, keys: Mnemonics) -> None:
        self.widget = Gtk.Grid(row_spacing=5, column_spacing=8)
        self._keys = keys
        self._rows = 0

    def row(self, text: str, field: Gtk.Widget, target: Optional[Gtk.Widget] = None) -> Gtk.Label:
        """A label whose letter with Alt leads to `target`, the field itself unless given."""
        label = Gtk.Label(xalign=0, wrap=True, max_width_chars=_LABEL_CHARS)
        label.set_line_wrap_mode(Pango.WrapMode.WORD_CHAR)
        label.set_text_with_mnemonic(self._keys.mark(text))
        label.set_mnemonic_widget(target or field)
        field.set_hexpand(True)
        self.widget.attach(label, 0, self._rows, 1, 1)
        self.widget.attach(field, 1, self._rows, 1, 1)
        self._rows += 1
        return label

    def below(self, field: Gtk.Widget) -> None:
        """Something in the second column that belongs to the row before."""
        self.widget.attach(field, 1, self._rows, 1, 1)
        self._rows += 1

    def wide(self, field: Gtk.Widget) -> None:
        """Something over both columns."""
        self.widget.attach(field, 0, self._rows, 2, 1)
        self._rows += 1


def line(*widgets: Gtk.Widget, grow: Optional[Gtk.Widget] = None, spacing: int = 4) -> Gtk.Box:
    """Side by side; `grow` takes the room that is left."""
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=spacing)
    for widget in widgets:
        box.pack_start(widget, widget is grow, widget is grow, 0)
    return box


def column(*widgets: Gtk.Widget, spacing: int = 4) -> Gtk.Box:
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=spacing)
    for widget in widgets:
        box.pack_start(widget, False, False, 0)
    return box
