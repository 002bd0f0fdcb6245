"""What the pointer does on the picture: handles or paint, and how wide the brush is; Gtk only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Dict

from gi.repository import Gtk

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.choices import BRUSH, TOOLS
from .buttons import dressed, ellipsized, small_button
from .form import column, line
from .mnemonics import Mnemonics
from .quiet import (
    calm_wheel,
    set_active,
    set_class,
    set_enabled,
    set_name,
    set_shown,
    set_text,
    set_tip,
)
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio

_KEYS = {"handles": "H", "paint": "B", "erase": "E"}  # on the picture
_FINEST = 64  # positions of the brush's slider to a doubling of its radius
_LARGEST = 12 * _FINEST  # a radius of 4096


class Tools:
    """A row of three tools; below it, while one paints, the brush."""

    def __init__(self, studio: GimpStudio, words: Words, keys: Mnemonics) -> None:
        self._studio, self._words = studio, words
        self._buttons: Dict[str, Gtk.RadioButton] = {}
        self._handlers: Dict[str, int] = {}
        row = Gtk.Box(homogeneous=True)
        set_class(row, "linked", True)
        for tool in TOOLS:
            row.pack_start(self._tool(tool.name, words.tr(tool.label)), True, True, 0)
        self._brush = self._brush_row(keys)
        self.widget = column(row, self._brush, spacing=5)

    def _tool(self, name: str, text: str) -> Gtk.RadioButton:
        first = next(iter(self._buttons.values()), None)
        button = Gtk.RadioButton.new_with_label_from_widget(first, text)
        button.set_mode(False)  # a button, not a mark beside words
        ellipsized(dressed(button, name))
        set_class(button, "draggan-tool", True)
        set_class(button, "draggan-chosen", True)
        self._handlers[name] = button.connect("toggled", lambda *_: self._pressed(name))
        self._buttons[name] = button
        return button

    def _brush_row(self, keys: Mnemonics) -> Gtk.Box:
        words = self._words
        label = Gtk.Label.new_with_mnemonic(keys.mark(words.tr(BRUSH.label)))
        self._slider = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, _LARGEST, 1)
        self._slider.set_draw_value(False)
        self._slider.set_increments(_FINEST // 8, _FINEST // 2)
        set_tip(self._slider, words.tr(BRUSH.tip))
        calm_wheel(self._slider)
        label.set_mnemonic_widget(self._slider)
        self._moved = self._slider.connect("value-changed", self._set_brush)
        self._size = Gtk.Label(xalign=1, width_chars=7)
        self._clear = small_button("clear paint", "", self._studio.clear_painted)
        return line(label, self._slider, self._size, self._clear, grow=self._slider)

    def follow(self, shown: Shown) -> None:
        for name, caption in captions.tool_buttons(shown.now, self._words):
            set_active(self._buttons[name], name == shown.tool, self._handlers[name])
            set_enabled(self._buttons[name], caption.enabled, f"{caption.tip} ({_KEYS[name]})")
        set_shown(self._brush, shown.tool != "handles")
        self._follow_brush(shown)
        clear = captions.clear_paint_button(shown.now, self._words, shown.painted)
        set_enabled(self._clear, clear.enabled, clear.tip)
        set_name(self._clear, clear.text)

    def _follow_brush(self, shown: Shown) -> None:
        at = round(math.log2(max(shown.brush, 1.0)) * _FINEST)
        if round(self._slider.get_value()) != at:
            with self._slider.handler_block(self._moved):
                self._slider.set_value(at)
        set_text(self._size, f"{2 * shown.brush:.0f} px")

    def _pressed(self, name: str) -> None:
        if self._buttons[name].get_active() and self._studio.tool != name:
            self._studio.use_tool(name)

    def _set_brush(self, slider: Gtk.Scale) -> None:
        self._studio.set_brush(2.0 ** (round(slider.get_value()) / _FINEST))
