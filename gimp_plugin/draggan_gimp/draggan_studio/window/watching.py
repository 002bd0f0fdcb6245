"""Tells host tests where things are and how the edit stands (see `test_log`); else idle; Gtk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, List, Set

from gi.repository import GLib, Gtk

from .. import test_log
from .pace import Pace

if TYPE_CHECKING:
    from ..studio import GimpStudio
    from .picture_area import PictureArea

EVERY = 100  # ms between two looks at the layout
TOLD = (Gtk.Button, Gtk.ComboBox, Gtk.Entry, Gtk.Scale, Gtk.Expander)


class Watcher:
    """One for a dialog; does nothing where no test has asked for it."""

    def __init__(self, window: Gtk.Window, area: PictureArea, studio: GimpStudio) -> None:
        self._window, self._area, self._studio = window, area, studio
        self._on = bool(os.environ.get(test_log.VARIABLE))
        self._told: Dict[str, Dict[str, Any]] = {}
        self._state = ""
        self._pace = Pace() if self._on else None
        self._steps: Set[int] = set()
        if self._on:
            GLib.timeout_add(EVERY, self._look)

    def follow(self) -> None:
        """The studio has changed."""
        if not self._on:
            return
        edit, studio = self._studio.edit, self._studio
        self._follow_pace(edit.state, edit.step)
        self._tell(
            "state",
            state=edit.state,
            busy=studio.busy,
            ending=studio.ending,
            message=f"{edit.message} {edit.hint}".strip(),
            connection=studio.connection.state,
            step=edit.step,
            last=edit.last,
            handles=list(edit.handles),
            kept=list(studio.kept),
            can_reopen=edit.can_reopen,
            fit=edit.fit,
            likeness=studio.likeness is not None,
        )

    def _follow_pace(self, state: str, step: int) -> None:
        """Each state's own, with how many steps were shown in it."""
        self._steps.add(step)
        if state != self._state and self._pace is not None:
            test_log.tell("pace", state=self._state, shown=len(self._steps), **self._pace.end())
            self._state, self._pace, self._steps = state, Pace(), set()

    def closed(self) -> None:
        """The dialog is gone."""
        if self._on:
            self._on = False
            test_log.tell("closed")

    def _look(self) -> bool:
        if self._on and self._window.get_mapped():
            x, y = self._area.to_root((0.0, 0.0))
            right, _ = self._area.to_root((1.0, 0.0))
            picture = {
                "box": _place(self._area.widget),
                "origin": [round(x, 2), round(y, 2)],
                "scale": round(right - x, 5),
            }
            self._tell("geometry", picture=picture, widgets=_widgets(self._window))
            test_log.beat()
        return self._on

    def _tell(self, what: str, **values: Any) -> None:
        if self._told.get(what) != values:
            self._told[what] = values
            test_log.tell(what, **values)


def _widgets(root: Gtk.Widget) -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = []

    def visit(widget: Gtk.Widget, *data: object) -> None:
        if isinstance(widget, TOLD) and widget.get_mapped():
            found.append(
                {
                    "kind": type(widget).__name__,
                    "name": widget.get_name(),
                    "text": _text(widget),
                    "value": _value(widget),
                    "at": _place(widget),
                    "on": widget.is_sensitive(),
                }
            )
        if isinstance(widget, Gtk.Container):
            widget.forall(visit)

    visit(root)
    return found


def _text(widget: Gtk.Widget) -> str:
    label = widget.get_label() if isinstance(widget, (Gtk.Button, Gtk.Expander)) else ""
    beside = [label.get_text() for label in widget.list_mnemonic_labels() if label is not widget]
    words = (label or "").replace("_", "") or " ".join(beside)
    return words or widget.get_accessible().get_name() or widget.get_tooltip_text() or ""


def _value(widget: Gtk.Widget) -> Any:
    """What is chosen, and from what; what is written; where it stands; whether it is pressed."""
    if isinstance(widget, Gtk.ComboBox):
        return [widget.get_active(), [row[0] for row in widget.get_model()]]
    if isinstance(widget, Gtk.Entry):
        return widget.get_text()
    if isinstance(widget, Gtk.Scale):
        return widget.get_value()
    if isinstance(widget, Gtk.ToggleButton):
        return widget.get_active()
    return None


def _place(widget: Gtk.Widget) -> List[int]:
    """Left, top, width, height on the screen, in device pixels."""
    top = widget.get_toplevel()
    scale = widget.get_scale_factor()
    _, left, upper = top.get_window().get_origin()
    x, y = widget.translate_coordinates(top, 0, 0) or (0, 0)
    size = widget.get_allocation()
    return [(left + x) * scale, (upper + y) * scale, size.width * scale, size.height * scale]
