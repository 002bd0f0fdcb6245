"""What is sent to the model: which pixels, which part of them, how carefully; Qt only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.choices import SOURCE_ROWS, translated
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtWidgets
from .quiet import choice, set_choice, set_enabled

if TYPE_CHECKING:
    from ..studio import Studio


class SourceChoices:
    """Three rows of a form: source, region, quality."""

    def __init__(self, studio: Studio, words: Words) -> None:
        self._studio, self._words = studio, words
        self._combos = tuple((row, choice(translated(row, words).items)) for row in SOURCE_ROWS)
        for row, combo in self._combos:
            combo.activated.connect(partial(self._chosen, row.name, combo))

    def add_to(self, form: QtWidgets.QFormLayout) -> None:
        for row, combo in self._combos:
            form.addRow(self._words.tr(row.label), combo)

    def follow(self, now: Snapshot) -> None:
        for row, combo in self._combos:
            set_choice(combo, getattr(now.settings, row.name))
            field = captions.source_field(row, now, self._words)
            set_enabled(combo, field.enabled, field.tip)

    def _chosen(self, name: str, combo: QtWidgets.QComboBox, index: int) -> None:
        value = combo.itemData(index)
        if value != getattr(self._studio.settings, name):
            self._studio.change(replace(self._studio.settings, **{name: value}))
