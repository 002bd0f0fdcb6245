"""Which model works on the picture: the list, the chosen one's card, how well it fits; Qt only."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Optional, Tuple

from ..draggan_wire.messages import ModelInfo
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtGui, QtWidgets
from .fold import FoldButton
from .labels import WrapLabel
from .quiet import choice, set_choice, set_colour, set_enabled, set_shown
from .tones import quiet_text, tone

if TYPE_CHECKING:
    from ..studio import Studio

_POOR = re.compile(r"\bpoor\b", re.IGNORECASE)


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
        self._fold.setAccessibleName(words.tr("About this model"))
        self._fold.setToolTip(words.tr("About this model"))
        self._fit = WrapLabel(small=True)
        self._usual = quiet_text(self._fit.palette())

    def add_to(self, form: QtWidgets.QFormLayout) -> None:
        form.addRow(self._words.tr("Model"), self.combo)
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
        column.addWidget(self._fit)
        form.addRow("", column)

    def follow(self, now: Snapshot) -> None:
        chosen = next((m for m in now.models if m.id == now.settings.model), None)
        self._list(now, chosen)
        set_choice(self.combo, now.settings.model)
        set_enabled(self.combo, bool(now.models) and not now.busy, self._tip(now))
        self._card.show_text(self._card_text(now, chosen))
        set_shown(self._about, bool(self._card.text()))
        summary = self._words.sentence(chosen.summary) if chosen else ""
        self._summary.show_text(summary)
        set_shown(self._fold, bool(summary))
        if not summary:
            self._fold.set_open(False)
        self._show_fit(now.edit.fit)

    def _list(self, now: Snapshot, chosen: Optional[ModelInfo]) -> None:
        """Fills the list anew where it has changed."""
        listed = tuple((model.id, model.title or model.id) for model in now.models)
        if chosen is None:
            listed += ((now.settings.model, now.settings.model),)
        if listed != self._listed and not self.combo.view().isVisible():
            self._listed = listed
            self.combo.clear()
            for key, title in listed:
                self.combo.addItem(title, key)

    def _tip(self, now: Snapshot) -> str:
        tr = self._words.tr
        if not now.models:
            return tr("The models are listed as soon as a daemon is connected.")
        if now.busy:
            return tr("Stop first, then choose another model.")
        return tr("Which model works on the picture. It should know pictures like yours.")

    def _card_text(self, now: Snapshot, chosen: Optional[ModelInfo]) -> str:
        if chosen is None:
            missing = self._words.tr("The connected daemon does not have this model.")
            return missing if now.connected and now.models else ""
        size = f"{chosen.width} × {chosen.height} px"
        return f"{size} · {chosen.licence}" if chosen.licence else size

    def _show_fit(self, fit: str) -> None:
        likeness = self._words.tr("Likeness: {fit}", fit=self._words.sentence(fit))
        self._fit.show_text(likeness if fit else "")
        colour = tone(self._fit.palette(), "wait") if _POOR.search(fit) else self._usual
        set_colour(self._fit, QtGui.QPalette.ColorRole.WindowText, colour)
        set_shown(self._fit, bool(fit))

    def _chosen(self, index: int) -> None:
        model = self.combo.itemData(index)
        if model != self._studio.settings.model:
            self._studio.change(replace(self._studio.settings, model=model))
