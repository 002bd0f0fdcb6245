"""The settings that a painter rarely needs, folded away; Qt only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Tuple

from ..draggan_wire.workbench import choices
from ..draggan_wire.workbench.choices import Choices, NumberRow, Switch
from ..draggan_wire.workbench.host_words import KRITA
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtCore, QtWidgets
from .fold import FoldButton
from .quiet import choice, set_choice, set_number, set_tip

if TYPE_CHECKING:
    from ..studio import Studio


class Options(QtWidgets.QWidget):
    """A fold with one row for each setting; what is left to the model reads "Auto"."""

    def __init__(self, studio: Studio, words: Words) -> None:
        super().__init__()
        self._studio, self._words = studio, words
        self._body = QtWidgets.QWidget()
        self._form = QtWidgets.QFormLayout(self._body)
        self._form.setContentsMargins(4, 2, 0, 0)
        self._form.setVerticalSpacing(4)
        growth = QtWidgets.QFormLayout.FieldGrowthPolicy
        self._form.setFieldGrowthPolicy(growth.AllNonFixedFieldsGrow)
        numbers = (*choices.numbers(KRITA), choices.TURN)
        self._spins = tuple(self._make_spin(row) for row in numbers)
        rows = choices.option_choices(words, KRITA)
        self._combos = tuple(self._make_combo(row) for row in rows)
        box = Switch("show_box", choices.SHOW_BOX, KRITA.box_tip)
        switches = (choices.DETAIL, choices.SEAM, box)
        self._checks = tuple(self._make_check(row) for row in switches)
        self._make_copy()
        self._fold = FoldButton(words.tr(choices.MORE_OPTIONS), self._body)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._fold)
        column.addWidget(self._body)

    def _make_spin(self, row: NumberRow) -> Tuple[str, Any]:
        spin: Any = QtWidgets.QDoubleSpinBox() if row.decimals else QtWidgets.QSpinBox()
        spin.setRange(row.low, row.high)
        if row.decimals:
            spin.setDecimals(row.decimals)
        spin.setSingleStep(row.step)
        if row.auto:
            spin.setSpecialValueText(self._words.tr(choices.AUTO))  # stands for the lowest value, 0
        spin.setSuffix(row.unit)
        spin.setKeyboardTracking(False)
        spin.setMinimumWidth(60)
        set_tip(spin, self._words.tr(row.tip))
        spin.valueChanged.connect(lambda value: self._change(row.name, value))
        self._form.addRow(self._words.tr(row.label), spin)
        return row.name, spin

    def _make_combo(self, row: Choices) -> Tuple[str, QtWidgets.QComboBox]:
        combo = choice(row.items)
        set_tip(combo, row.tip)
        combo.activated.connect(lambda index: self._change(row.name, combo.itemData(index)))
        self._form.addRow(row.label, combo)
        return row.name, combo

    def _make_check(self, row: Switch) -> Tuple[str, QtWidgets.QCheckBox]:
        check = QtWidgets.QCheckBox(self._words.tr(row.label))
        set_tip(check, self._words.tr(row.tip))
        check.clicked.connect(lambda checked: self._change(row.name, checked))
        self._form.addRow(check)
        return row.name, check

    def _make_copy(self) -> None:
        tr = self._words.tr
        self._copy = QtWidgets.QPushButton(tr(choices.COPY_REPORT.label))
        set_tip(self._copy, tr(choices.COPY_REPORT.tip))
        self._copy.clicked.connect(self._copy_report)
        self._form.addRow(self._copy)

    def follow(self, now: Snapshot) -> None:
        for name, spin in self._spins:
            set_number(spin, choices.shown_value(name, now.settings))
        for name, combo in self._combos:
            set_choice(combo, choices.shown_value(name, now.settings))
        for name, check in self._checks:
            if check.isChecked() != getattr(now.settings, name):
                check.setChecked(getattr(now.settings, name))

    def _change(self, name: str, value: Any) -> None:
        setting = choices.setting_value(name, value)
        if setting != getattr(self._studio.settings, name):
            self._studio.change(replace(self._studio.settings, **{name: setting}))

    def _copy_report(self) -> None:
        QtWidgets.QApplication.clipboard().setText(self._studio.report())
        self._copy.setText(self._words.tr(choices.COPIED))
        QtCore.QTimer.singleShot(choices.COPIED_MS, self._say_copy)

    def _say_copy(self) -> None:
        self._copy.setText(self._words.tr(choices.COPY_REPORT.label))
