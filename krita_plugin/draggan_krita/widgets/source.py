"""What is sent to the model: which pixels, which part of them, how carefully; Qt only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Tuple

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
        tr = words.tr
        self.source = choice((("visible", tr("Everything visible")), ("layer", tr("Active layer"))))
        self.region = choice(
            (
                ("whole", tr("Whole picture")),
                ("auto", tr("Around the handles")),
                ("selection", tr("Selection")),
            )
        )
        self.quality = choice(
            (
                ("fast", tr("Fast: a rough likeness")),
                ("balanced", tr("Balanced")),
                ("best", tr("Best: takes its time")),
            )
        )
        for name, combo in self._fields():
            combo.activated.connect(lambda index, name=name: self._chosen(name, index))

    def _fields(self) -> Tuple[Tuple[str, QtWidgets.QComboBox], ...]:
        return (("source", self.source), ("region", self.region), ("quality", self.quality))

    def add_to(self, form: QtWidgets.QFormLayout) -> None:
        tr = self._words.tr
        form.addRow(tr("Source"), self.source)
        form.addRow(tr("Region"), self.region)
        form.addRow(tr("Quality"), self.quality)

    def follow(self, now: Snapshot) -> None:
        tr = self._words.tr
        tips = {
            "source": tr("What is dragged: all that you see, or the active layer alone."),
            "region": tr("Which part of the picture the model looks at."),
            "quality": tr("How carefully the model learns the picture before the first drag."),
        }
        for name, combo in self._fields():
            set_choice(combo, getattr(now.settings, name))
            busy = tr("Stop first, then change this.")
            set_enabled(combo, not now.busy, busy if now.busy else tips[name])

    def _chosen(self, name: str, index: int) -> None:
        value = dict(self._fields())[name].itemData(index)
        if value != getattr(self._studio.settings, name):
            self._studio.change(replace(self._studio.settings, **{name: value}))
