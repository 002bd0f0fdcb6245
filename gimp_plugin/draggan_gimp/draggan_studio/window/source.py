"""What is sent to the model, and which part of it may move; Gtk only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.choices import SOURCE_ROWS, translated
from .fields import Choice
from .form import Form
from .quiet import set_enabled
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio


class SourceChoices:
    """Four rows of a form: source, region, quality, and what may move."""

    def __init__(self, studio: GimpStudio, words: Words, form: Form) -> None:
        self._studio, self._words = studio, words
        self._rows = []
        for row in SOURCE_ROWS:
            texts = translated(row, words)
            field = Choice(texts.items, partial(self._change, row.name))
            form.row(texts.label, field.widget)
            self._rows.append((row, field))
        texts = captions.may_move(words, False)
        self._may_move = Choice(texts.items, partial(self._change, texts.name))
        form.row(texts.label, self._may_move.widget)

    def follow(self, shown: Shown) -> None:
        for row, choice in self._rows:
            choice.show(getattr(shown.now.settings, row.name))
            field = captions.source_field(row, shown.now, self._words)
            set_enabled(choice.widget, field.enabled, field.tip)
        self._follow_may_move(shown)

    def _follow_may_move(self, shown: Shown) -> None:
        texts = captions.may_move(self._words, shown.painted)
        self._may_move.fill(texts.items)
        values = [value for value, _ in texts.items]
        wanted = getattr(shown.now.settings, texts.name)
        self._may_move.show(wanted if wanted in values else values[0])
        field = captions.may_move_field(shown.now, self._words, shown.painted)
        set_enabled(self._may_move.widget, field.enabled, field.tip)

    def _change(self, name: str, value: Any) -> None:
        if value != getattr(self._studio.settings, name):
            self._studio.change(replace(self._studio.settings, **{name: value}))
