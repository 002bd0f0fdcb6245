"""Sets what widgets show only where it differs, and never under the user's hands; Gtk only."""

from __future__ import annotations

from gi.repository import GObject, Gtk


def set_text(label: Gtk.Label, text: str) -> None:
    """For labels and entries."""
    if label.get_text() != text:
        label.set_text(text)


def set_label(button: Gtk.Button, text: str) -> None:
    if button.get_label() != text:
        button.set_label(text)


def set_shown(widget: Gtk.Widget, shown: bool) -> None:
    if widget.get_visible() != shown:
        widget.set_visible(shown)


def set_enabled(widget: Gtk.Widget, enabled: bool, tip: str) -> None:
    """Enables or disables, and says in the tooltip what it does or why it cannot."""
    if widget.get_sensitive() != enabled:
        widget.set_sensitive(enabled)
    set_tip(widget, tip)


def set_tip(widget: Gtk.Widget, tip: str) -> None:
    """Plain text: what is in it may come from strangers."""
    if (widget.get_tooltip_text() or "") != tip:
        widget.set_tooltip_text(tip or None)


def set_name(widget: Gtk.Widget, text: str) -> None:
    """What a screen reader says of a widget that shows no words."""
    accessible = widget.get_accessible()
    if accessible is not None and accessible.get_name() != text:
        accessible.set_name(text)


def set_class(widget: Gtk.Widget, name: str, on: bool) -> None:
    """One CSS class."""
    style = widget.get_style_context()
    if on != style.has_class(name):
        (style.add_class if on else style.remove_class)(name)


def set_active(button: Gtk.ToggleButton, active: bool, handler: int) -> None:
    """Presses or releases a toggle; `handler`, the user's, does not hear of it."""
    if button.get_active() != active:
        with button.handler_block(handler):
            button.set_active(active)


def calm_wheel(widget: Gtk.Widget) -> None:
    """The wheel scrolls the panel over this field, unless the field has the focus."""
    widget.connect("scroll-event", _pass_on)


def _pass_on(widget: Gtk.Widget, event: object) -> bool:
    if not _focused(widget):
        # Its own handler does not come to it, and the event goes on to what is around it.
        GObject.signal_stop_emission_by_name(widget, "scroll-event")
    return False


def _focused(widget: Gtk.Widget) -> bool:
    window = widget.get_toplevel()
    focus = window.get_focus() if isinstance(window, Gtk.Window) else None
    return focus is not None and (focus is widget or focus.is_ancestor(widget))
