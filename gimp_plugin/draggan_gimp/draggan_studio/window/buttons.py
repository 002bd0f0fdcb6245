"""The panel's kinds of buttons. A click leaves the keyboard to the picture; Gtk only."""

from __future__ import annotations

from typing import Any, Callable, List

from gi.repository import Gtk, Pango

from .icons import icon
from .quiet import set_name


def button(text: str, action: Callable[[], Any], *, picture: str = "") -> Gtk.Button:
    """Words with their letter marked, and a picture before them."""
    made = Gtk.Button.new_with_mnemonic(text)
    made.connect("clicked", lambda _: action())
    return dressed(made, picture)


def small_button(picture: str, name: str, action: Callable[[], Any]) -> Gtk.Button:
    """A picture alone; `name` is for screen readers."""
    made = Gtk.Button(image=icon(picture), relief=Gtk.ReliefStyle.NONE, focus_on_click=False)
    made.connect("clicked", lambda _: action())
    made.get_style_context().add_class("draggan-small-button")
    made.set_valign(Gtk.Align.CENTER)
    set_name(made, name)
    return made


def dressed(made: Any, picture: str = "") -> Any:
    """Any button with words, prepared for the panel: its words give way where room is scarce."""
    made.set_focus_on_click(False)
    if picture:
        made.set_image(icon(picture))
        made.set_always_show_image(True)
    return made


def ellipsized(made: Any) -> Any:
    """A button or check box whose words are shortened rather than widen the panel."""
    for label in _labels(made):
        label.set_ellipsize(Pango.EllipsizeMode.END)
    return made


def _labels(widget: Gtk.Widget) -> List[Gtk.Label]:
    if isinstance(widget, Gtk.Label):
        return [widget]
    inside = widget.get_children() if isinstance(widget, Gtk.Container) else []
    return [label for child in inside for label in _labels(child)]
