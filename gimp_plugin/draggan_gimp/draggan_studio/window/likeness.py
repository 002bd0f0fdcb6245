"""How the model sees the picture, and what to expect of a drag for that; Gtk only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gi.repository import Gtk

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.choices import LIKENESS
from .form import Form, column, line
from .labels import say, wrapping
from .quiet import set_class, set_name, set_shown, set_tip
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio

SIDE = 88  # logical pixels, of the longer side: room is kept before the first picture comes


class LikenessView:
    """A small picture that follows what the model learns, with the verdict beside it."""

    def __init__(self, studio: GimpStudio, words: Words, form: Form) -> None:
        self._studio, self._words = studio, words
        self._picture = Gtk.Image(valign=Gtk.Align.START)
        self._picture.set_size_request(SIDE, SIDE)
        set_class(self._picture, "draggan-miniature", True)
        title = words.tr(LIKENESS.label)
        set_name(self._picture, title)
        self._title = wrapping(small=True)
        say(self._title, title)
        self._fit = wrapping(quiet=True, small=True)
        self._remark = wrapping(small=True)
        beside = column(self._title, self._fit, self._remark, spacing=2)
        self._whole = line(self._picture, beside, grow=beside, spacing=8)
        set_tip(self._whole, words.tr(LIKENESS.tip))
        self._shown: Any = None
        form.wide(self._whole)

    def follow(self, shown: Shown) -> None:
        picture = shown.likeness
        if picture is not self._shown:
            self._shown = picture
            self._picture.set_from_pixbuf(picture)
        fit = captions.fit_line(shown.now, self._words)
        remark = captions.fit_remark(shown.now, self._words)
        for label, note in ((self._fit, fit), (self._remark, remark)):
            say(label, note.text, note.tone)
            set_shown(label, bool(note.text))
        seen = captions.likeness_shown(shown.now)
        for widget in (self._picture, self._title):
            set_shown(widget, seen)
        set_shown(self._whole, seen or bool(fit.text))
