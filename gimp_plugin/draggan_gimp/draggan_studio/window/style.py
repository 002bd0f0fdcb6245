"""Colours that read on a dark and on a light theme, and the shapes of marks, as CSS; Gtk only."""

from __future__ import annotations

from typing import Mapping

from gi.repository import Gdk, Gtk

from ..draggan_wire.workbench.colours import OUTLINE_COLOUR, STATUS_COLOURS
from .quiet import set_class

_DARK = {"good": "#6fcf97", "wait": "#f2c94c", "bad": "#ff8f7f", "ring": "#ffffff"}
_LIGHT = {"good": "#1e7d46", "wait": "#8a6100", "bad": "#b3261e", "ring": "#202020"}
_ACCENT = "#2468a8"  # white text reads on it
_CSS = """
.draggan-panel .draggan-quiet { opacity: 0.75; }
.draggan-panel .draggan-small { font-size: 92%; }
.draggan-panel .draggan-small-button { padding: 3px; min-width: 20px; min-height: 20px; }
.draggan-panel .draggan-fold { padding: 0 2px; min-width: 16px; min-height: 18px; }
.draggan-panel combobox button, .draggan-panel button.text-button {
  min-height: 22px; padding-top: 2px; padding-bottom: 2px;
}
.draggan-panel entry, .draggan-panel spinbutton { min-height: 26px; }
.draggan-panel spinbutton button { padding: 0 3px; min-width: 18px; }
.draggan-panel button.draggan-large { min-height: 28px; font-weight: bold; }
.draggan-panel button.draggan-tool { padding: 3px 5px; }
.draggan-panel .draggan-dot {
  min-width: 6px; min-height: 6px; margin-top: 5px; border-width: 2px; border-style: solid;
  border-radius: 5px;
}
.draggan-panel .draggan-place { padding: 1px; background: none; }
.draggan-panel button.draggan-mark {
  padding: 0; min-width: 17px; min-height: 17px; border: 2px solid transparent;
  border-radius: 11px; background-image: none; background-clip: padding-box; box-shadow: none;
  text-shadow: none; font-size: 80%; font-weight: bold;
}
.draggan-panel button.draggan-mark.draggan-pinned { border-radius: 5px; }
.draggan-panel progressbar trough, .draggan-panel progressbar progress { min-height: 6px; }
.draggan-panel .draggan-miniature { background-color: rgba(128, 128, 128, 0.25); }
.draggan-panel .draggan-now {
  background-color: #ffffff; border: 1px solid rgba(0, 0, 0, 0.8); border-radius: 0;
}
"""


class Style:
    """The panel's CSS for as long as `panel` lives; follows the theme to dark or light."""

    def __init__(self, panel: Gtk.Widget) -> None:
        self._provider = Gtk.CssProvider()
        self._provider.load_from_data(_whole().encode())
        self._screen = panel.get_screen()
        priority = Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION + 1  # GIMP's own theme is just below
        Gtk.StyleContext.add_provider_for_screen(self._screen, self._provider, priority)
        set_class(panel, "draggan-panel", True)
        panel.connect("destroy", self._end)
        panel.connect("style-updated", self._follow)
        self._follow(panel)

    def _follow(self, panel: Gtk.Widget) -> None:
        ink = panel.get_style_context().get_color(Gtk.StateFlags.NORMAL)
        set_class(panel, "draggan-dark", _lightness(ink) > 0.5)

    def _end(self, panel: Gtk.Widget) -> None:
        Gtk.StyleContext.remove_provider_for_screen(self._screen, self._provider)


def _lightness(colour: Gdk.RGBA) -> float:
    return 0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue


def _whole() -> str:
    placed = STATUS_COLOURS["placed"]
    return "\n".join(
        (
            _CSS,
            _tones(".draggan-panel", _LIGHT),
            _tones(".draggan-panel.draggan-dark", _DARK),
            _button(".draggan-chosen:checked", placed, OUTLINE_COLOUR),
            _button(".draggan-go", _ACCENT, "#ffffff"),
            *(_mark(name, colour) for name, colour in STATUS_COLOURS.items()),
        )
    )


def _tones(panel: str, tones: Mapping[str, str]) -> str:
    rules = [f"{panel} button.draggan-selected {{ border-color: {tones['ring']}; }}"]
    for tone in ("good", "wait", "bad"):
        colour = tones[tone]
        rules.append(f"{panel} label.draggan-{tone} {{ color: {colour}; opacity: 1; }}")
        dot = f"background-color: {colour}; border-color: {colour};"
        rules.append(f"{panel} .draggan-dot.draggan-{tone} {{ {dot} }}")
    rules.append(f"{panel} .draggan-dot.draggan-hollow {{ background-color: transparent; }}")
    return "\n".join(rules)


def _mark(status: str, colour: str) -> str:
    return _button(f".draggan-mark.draggan-{status}", colour, OUTLINE_COLOUR)


def _button(selector: str, ground: str, ink: str) -> str:
    """A button in a colour of its own, with words and pictures that read on it."""
    panel = ".draggan-panel"
    body = f"background-image: none; background-color: {ground}; color: {ink};"
    inside = f"{panel} {selector} label, {panel} {selector} image"
    return (
        f"{panel} {selector} {{ {body} text-shadow: none; -gtk-icon-shadow: none; }}\n"
        f"{panel} {selector}:hover {{ background-color: shade({ground}, 1.12); }}\n"
        f"{inside} {{ color: {ink}; }}\n"
    )
