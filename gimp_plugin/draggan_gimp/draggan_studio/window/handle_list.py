"""The handles' numbers, each in the colour of its state; a click selects one; Gtk only."""

from __future__ import annotations

from typing import Callable, List, Optional, Tuple

from gi.repository import Gtk

from ..draggan_wire.workbench.colours import STATUS_COLOURS
from .quiet import set_class, set_name, set_tip


class HandleList:
    """A numbered mark for each handle, the selected one with a ring; as many lines as needed.

    `tip(i, status)` says what there is to say of handle i, from 0.
    """

    def __init__(self, tip: Callable[[int, str], str], chosen: Callable[[int], None]) -> None:
        self.widget = Gtk.FlowBox(
            selection_mode=Gtk.SelectionMode.NONE,
            max_children_per_line=64,
            column_spacing=0,
            row_spacing=0,
            homogeneous=True,
            can_focus=False,
            valign=Gtk.Align.START,
        )
        self._tip, self._chosen = tip, chosen
        self._marks: List[Gtk.Button] = []
        self._shown: Tuple[Tuple[str, ...], Optional[int]] = ((), None)

    def show(self, statuses: Tuple[str, ...], selected: Optional[int]) -> None:
        if (statuses, selected) == self._shown:
            return
        self._shown = (statuses, selected)
        while len(self._marks) < len(statuses):
            self._add()
        while len(self._marks) > len(statuses):
            self._marks.pop().get_parent().destroy()
        for i, status in enumerate(statuses):
            self._dress(i, status, i == selected)

    def _add(self) -> None:
        i = len(self._marks)
        mark = Gtk.Button(label=str(i + 1), focus_on_click=False, relief=Gtk.ReliefStyle.NONE)
        mark.set_halign(Gtk.Align.CENTER)
        mark.set_valign(Gtk.Align.CENTER)
        mark.connect("clicked", lambda _: self._chosen(i))
        set_class(mark, "draggan-mark", True)
        place = Gtk.FlowBoxChild(can_focus=False)
        set_class(place, "draggan-place", True)
        place.add(mark)
        place.show_all()
        self.widget.add(place)
        self._marks.append(mark)

    def _dress(self, i: int, status: str, selected: bool) -> None:
        mark = self._marks[i]
        known = status if status in STATUS_COLOURS else "placed"
        for name in STATUS_COLOURS:
            set_class(mark, f"draggan-{name}", name == known)
        set_class(mark, "draggan-selected", selected)
        set_tip(mark, self._tip(i, status))
        set_name(mark, self._tip(i, status))
