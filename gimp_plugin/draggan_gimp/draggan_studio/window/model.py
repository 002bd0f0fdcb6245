"""Which model works on the picture: the list, and the chosen one's card; Gtk only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.choices import ABOUT_MODEL, MODEL
from .fields import Choice
from .fold import Fold
from .form import Form, column, line
from .labels import say, wrapping
from .quiet import set_enabled, set_shown
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio


class ModelChoice:
    """The rows of a form that say which model is used."""

    def __init__(self, studio: GimpStudio, words: Words, form: Form) -> None:
        self._studio, self._words = studio, words
        self._list = Choice((), self._chosen)
        self._card = wrapping(quiet=True, small=True)
        self._summary = wrapping(small=True)
        self.fold = Fold(self._summary, name=words.tr(ABOUT_MODEL))
        self._about = line(self._card, self.fold.widget, grow=self._card, spacing=2)
        self._below = column(self._about, self._summary, spacing=2)
        form.row(words.tr(MODEL.label), self._list.widget)
        form.below(self._below)

    def follow(self, shown: Shown) -> None:
        now, words = shown.now, self._words
        self._list.fill(captions.listed_models(now))
        self._list.show(now.settings.model)
        field = captions.model_field(now, words)
        set_enabled(self._list.widget, field.enabled, field.tip)
        self._follow_card(shown)

    def _follow_card(self, shown: Shown) -> None:
        card = captions.model_card(shown.now, self._words)
        summary = captions.model_summary(shown.now, self._words)
        say(self._card, card)
        set_shown(self._about, bool(card))
        say(self._summary, summary)
        set_shown(self.fold.widget, bool(summary))
        if not summary:
            self.fold.set_open(False)
        set_shown(self._below, bool(card))

    def _chosen(self, model: str) -> None:
        if model != self._studio.settings.model:
            self._studio.change(replace(self._studio.settings, model=model))
