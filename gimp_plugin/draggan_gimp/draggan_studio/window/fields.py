"""Lists to choose from and numbers that can be left to the model; Gtk only."""

from __future__ import annotations

from typing import Any, Callable, Sequence, Tuple

from gi.repository import Gtk, Pango

from .quiet import calm_wheel

Items = Sequence[Tuple[Any, str]]


class Choice:
    """A list of (value, text) that can become narrow; `chosen(value)` is the user's doing only."""

    def __init__(self, items: Items, chosen: Callable[[Any], None]) -> None:
        self._store = Gtk.ListStore(str)
        self.widget = Gtk.ComboBox.new_with_model(self._store)
        cell = Gtk.CellRendererText(ellipsize=Pango.EllipsizeMode.END, width_chars=8)
        self.widget.pack_start(cell, True)
        self.widget.add_attribute(cell, "text", 0)
        self.widget.set_hexpand(True)
        self._items: Tuple[Tuple[Any, str], ...] = ()
        self._chosen = chosen
        self._handler = self.widget.connect("changed", self._changed)
        calm_wheel(self.widget)
        self.fill(items)

    def fill(self, items: Items) -> None:
        """Other choices, unless the list is open just now."""
        if tuple(items) == self._items or self._open():
            return
        self._items = tuple(items)
        with self.widget.handler_block(self._handler):
            self._store.clear()
            for _, text in self._items:
                self._store.append((text,))

    def show(self, value: Any) -> None:
        """Shows the text that stands for `value`."""
        at = next((i for i, item in enumerate(self._items) if item[0] == value), -1)
        if at != self.widget.get_active() and not self._open():
            with self.widget.handler_block(self._handler):
                self.widget.set_active(at)

    def _open(self) -> bool:
        return bool(self.widget.get_property("popup-shown"))

    def _changed(self, combo: Gtk.ComboBox) -> None:
        at = combo.get_active()
        if at >= 0:
            self._chosen(self._items[at][0])


class Number:
    """A field for a number; 0 is shown as `auto` where one is given."""

    def __init__(
        self,
        limits: Tuple[float, float, float],
        decimals: int,
        changed: Callable[[float], None],
        *,
        auto: str = "",
        chars: int = 5,
    ) -> None:
        """`limits` are the lowest and the highest number and one step of the arrows."""
        low, high, step = limits
        adjustment = Gtk.Adjustment(lower=low, upper=high, step_increment=step, value=low)
        self.widget = Gtk.SpinButton(adjustment=adjustment, digits=decimals, width_chars=chars)
        self._auto, self._whole, self._changed = auto, decimals == 0, changed
        self.widget.connect("output", self._write)
        self._handler = self.widget.connect("value-changed", self._tell)
        self.widget.update()
        calm_wheel(self.widget)

    @property
    def value(self) -> float:
        return self.widget.get_value_as_int() if self._whole else self.widget.get_value()

    def show(self, value: float) -> None:
        """Shows another number; what is being typed stays as long as it is the same one."""
        if self.widget.get_value() != value:
            with self.widget.handler_block(self._handler):
                self.widget.set_value(value)

    def commit(self) -> None:
        """Takes what has been typed and not yet confirmed."""
        self.widget.update()

    def _write(self, spin: Gtk.SpinButton) -> bool:
        if not self._auto or spin.get_value() != 0:
            return False
        if spin.get_text() != self._auto:
            spin.set_text(self._auto)
        return True

    def _tell(self, spin: Gtk.SpinButton) -> None:
        self._changed(self.value)
