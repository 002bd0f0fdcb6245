"""Which model works on the picture: the list and the chosen one's card; Qt only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional, Tuple

from ..draggan_wire.workbench import captions, choices
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtWidgets
from .fold import FoldButton
from .labels import WrapLabel
from .quiet import choice, set_choice, set_enabled, set_shown

if TYPE_CHECKING:
    from ..studio import Studio


class ModelChoice:
    """The rows of a form that say which model is used."""

    def __init__(self, studio: Studio, words: Words) -> None:
        self._studio, self._words = studio, words
        self._listed: Optional[Tuple[Tuple[str, str], ...]] = None
        self.combo = choice(())
        self.combo.activated.connect(self._chosen)
        self._card = WrapLabel(quiet=True, small=True)
        self._summary = WrapLabel(small=True)
        self._fold = FoldButton("", self._summary)
        self._fold.setAccessibleName(words.tr(choices.ABOUT_MODEL))
        self._fold.setToolTip(words.tr(choices.ABOUT_MODEL))

    def add_to(self, form: QtWidgets.QFormLayout) -> None:
        form.addRow(self._words.tr(choices.MODEL.label), self.combo)
        self._about = QtWidgets.QWidget()
        line = QtWidgets.QHBoxLayout(self._about)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        line.addWidget(self._card, 1)
        line.addWidget(self._fold)
        column = QtWidgets.QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._about)
        column.addWidget(self._summary)
        form.addRow("", column)

    def follow(self, now: Snapshot) -> None:
        self._list(captions.listed_models(now))
        set_choice(self.combo, now.settings.model)
        field = captions.model_field(now, self._words)
        set_enabled(self.combo, field.enabled, field.tip)
        self._card.show_text(captions.model_card(now, self._words))
        set_shown(self._about, bool(self._card.text()))
        summary = captions.model_summary(now, self._words)
        self._summary.show_text(summary)
        set_shown(self._fold, bool(summary))
        if not summary:
            self._fold.set_open(False)

    def _list(self, listed: Tuple[Tuple[str, str], ...]) -> None:
        """Fills the list anew where it has changed."""
        if listed != self._listed and not self.combo.view().isVisible():
            self._listed = listed
            self.combo.clear()
            for key, title in listed:
                self.combo.addItem(title, key)

    def _chosen(self, index: int) -> None:
        model = self.combo.itemData(index)
        if model != self._studio.settings.model:
            self._studio.change(replace(self._studio.settings, model=model))
