"""The settings that are rarely needed, folded away; Gtk only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Dict, Tuple

from gi.repository import Gdk, GLib, Gtk

from ..draggan_wire.workbench.choices import (
    AUTO,
    COPIED,
    COPIED_MS,
    COPY_REPORT,
    DETAIL,
    LIVE,
    MORE_OPTIONS,
    SEAM,
    SHOW_BOX,
    TURN,
    NumberRow,
    numbers,
    option_choices,
    setting_value,
    shown_value,
)
from ..draggan_wire.workbench.host_words import GIMP
from .buttons import button, ellipsized
from .fields import Choice, Number
from .fold import Fold
from .form import Form, column, line
from .mnemonics import Mnemonics
from .quiet import set_active, set_label, set_tip
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio


class Options:
    """A fold with one row for each setting; what is left to the model reads "Auto"."""

    def __init__(self, studio: GimpStudio, words: Words, keys: Mnemonics) -> None:
        self._studio, self._words = studio, words
        self._form = Form(keys)
        self.fold = Fold(self._form.widget, text=keys.mark(words.tr(MORE_OPTIONS)))
        self._numbers: Dict[str, Number] = {}
        self._lists: Dict[str, Choice] = {}
        self._checks: Dict[str, Tuple[Gtk.CheckButton, int]] = {}
        self._make_fields()
        for switch in (DETAIL, SEAM):
            self._check(switch.name, keys.mark(words.tr(switch.label)), words.tr(switch.tip))
        self._check("show_box", keys.mark(words.tr(SHOW_BOX)), words.tr(GIMP.box_tip))
        self._check("live", keys.mark(words.tr(LIVE.label)), words.tr(LIVE.tip))
        self._make_copy(keys)
        self.widget = column(self.fold.widget, self._form.widget, spacing=2)

    def _make_fields(self) -> None:
        for row in (*numbers(GIMP), TURN):
            self._number(row)
        for texts in option_choices(self._words, GIMP):
            choice = Choice(texts.items, partial(self._change, texts.name))
            set_tip(choice.widget, texts.tip)
            self._form.row(texts.label, choice.widget)
            self._lists[texts.name] = choice

    def _number(self, row: NumberRow) -> None:
        tr = self._words.tr
        auto = tr(AUTO) if row.auto else ""
        limits = (row.low, row.high, row.step)
        number = Number(limits, row.decimals, partial(self._change, row.name), auto=auto)
        set_tip(number.widget, tr(row.tip))
        unit = (Gtk.Label(label=row.unit),) if row.unit else ()
        field = line(number.widget, *unit, grow=number.widget)
        self._form.row(tr(row.label), field, number.widget)
        self._numbers[row.name] = number

    def _check(self, name: str, text: str, tip: str) -> None:
        box = ellipsized(Gtk.CheckButton.new_with_mnemonic(text))
        box.set_focus_on_click(False)
        set_tip(box, tip)
        handler = box.connect("toggled", lambda box: self._change(name, box.get_active()))
        self._checks[name] = box, handler
        self._form.wide(box)

    def _make_copy(self, keys: Mnemonics) -> None:
        tr = self._words.tr
        self._copy_text = keys.mark(tr(COPY_REPORT.label))
        self._copy = button(self._copy_text, self._copy_report)
        self._copied = 0  # the timer's number
        self._copy.connect("destroy", lambda _: self._forget_copy())
        set_tip(self._copy, tr(COPY_REPORT.tip))
        self._form.wide(self._copy)

    def commit(self) -> None:
        """Takes what has been typed."""
        for number in self._numbers.values():
            number.commit()

    def follow(self, shown: Shown) -> None:
        settings = shown.now.settings
        for name, number in self._numbers.items():
            number.show(shown_value(name, settings))
        for name, choice in self._lists.items():
            choice.show(shown_value(name, settings))
        for name, (box, handler) in self._checks.items():
            set_active(box, bool(getattr(settings, name)), handler)

    def _change(self, name: str, value: Any) -> None:
        setting = setting_value(name, value)
        if setting != getattr(self._studio.settings, name):
            self._studio.change(replace(self._studio.settings, **{name: setting}))

    def _copy_report(self) -> None:
        clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
        clipboard.set_text(self._studio.report(), -1)
        clipboard.store()  # it outlives the plug-in
        set_label(self._copy, self._words.tr(COPIED))
        if not self._copied:
            self._copied = GLib.timeout_add(COPIED_MS, self._say_copy)

    def _say_copy(self) -> bool:
        self._copied = 0
        set_label(self._copy, self._copy_text)
        return False

    def _forget_copy(self) -> None:
        if self._copied:
            GLib.source_remove(self._copied)
            self._copied = 0
