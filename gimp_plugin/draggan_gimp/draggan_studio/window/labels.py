"""Labels that fit a narrow panel: they wrap, and their words can be selected; Gtk only."""

from __future__ import annotations

from gi.repository import Gtk, Pango

from .quiet import set_class, set_text

_TONES = ("good", "wait", "bad")
_CHARS = 16  # of the narrowest line that a text is ever wrapped to


def wrapping(*, quiet: bool = False, small: bool = False) -> Gtk.Label:
    """Plain text over as many lines as it needs; long paths break anywhere."""
    label = Gtk.Label(xalign=0, yalign=0, wrap=True, selectable=True, hexpand=True)
    label.set_line_wrap_mode(Pango.WrapMode.WORD_CHAR)
    label.set_width_chars(_CHARS)
    label.set_max_width_chars(_CHARS)
    set_class(label, "draggan-quiet", quiet)
    set_class(label, "draggan-small", small)
    return label


def keep_lines(label: Gtk.Label, lines: int) -> None:
    """Room for so many lines even where there are fewer, so that what is below stays in place."""
    _, height = label.create_pango_layout("\n".join("X" * lines)).get_pixel_size()
    label.set_size_request(-1, height)


def say(label: Gtk.Label, text: str, tone: str = "") -> None:
    """Shows a text in a tone: "good", "wait", "bad" or "" for the usual colour."""
    text = text.replace("\0", "")
    if label.get_text() != text:
        label.select_region(0, 0)  # what was selected is not there any more
    set_text(label, text)
    for name in _TONES:
        set_class(label, f"draggan-{name}", name == tone)
