"""The settings that a painter rarely needs, folded away; Qt only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Tuple

from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import LANGUAGES, Words
from ..qt import QtCore, QtWidgets
from .fold import FoldButton
from .quiet import choice, set_choice, set_number, set_tip

if TYPE_CHECKING:
    from ..studio import Studio

_RATES = (33, 50, 100, 200, 500, 1000)  # milliseconds between two previews
_COPIED_MS = 2000  # for which the button says that the report was copied


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
        self._spins: Tuple[Tuple[str, Any], ...] = self._make_spins()
        self._combos: Tuple[Tuple[str, QtWidgets.QComboBox], ...] = self._make_combos()
        self._make_rest()
        self._fold = FoldButton(words.tr("More options"), self._body)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._fold)
        column.addWidget(self._body)

    def _make_spins(self) -> Tuple[Tuple[str, Any], ...]:
        tr = self._words.tr
        return (
            self._whole("steps", tr("Steps at most"), 5000, tr("How many steps a drag may take.")),
            self._number(
                "hold",
                tr("Hold the rest"),
                (1000, 1, 1.0),
                tr("How firmly stays in place what is not selected."),
            ),
            self._number(
                "handle_size",
                tr("Handle size"),
                (64, 1, 1.0),
                tr("How much around a handle is pulled along, in pixels of a 512 px picture."),
            ),
            self._number(
                "tracking",
                tr("Tracking reach"),
                (64, 1, 1.0),
                tr("How far around a handle its place is looked for after a step, in pixels."),
            ),
            self._number(
                "speed",
                tr("Speed"),
                (0.1, 4, 0.001),
                tr("How far a step may go. Faster is rougher; too fast loses the handles."),
            ),
            self._number(
                "arrival",
                tr("Arrived within"),
                (32, 1, 0.5),
                tr("A handle this near its target has arrived, in pixels of a 512 px picture."),
            ),
        )

    def _whole(self, name: str, label: str, top: int, tip: str) -> Tuple[str, Any]:
        spin = QtWidgets.QSpinBox()
        spin.setRange(0, top)
        spin.setSingleStep(10)
        return self._prepare(name, label, spin, tip)

    def _number(
        self, name: str, label: str, form: Tuple[float, int, float], tip: str
    ) -> Tuple[str, Any]:
        top, decimals, step = form
        spin = QtWidgets.QDoubleSpinBox()
        spin.setRange(0.0, top)
        spin.setDecimals(decimals)
        spin.setSingleStep(step)
        return self._prepare(name, label, spin, tip)

    def _prepare(self, name: str, label: str, spin: Any, tip: str) -> Tuple[str, Any]:
        spin.setSpecialValueText(self._words.tr("Auto"))  # stands for the lowest value, 0
        spin.setKeyboardTracking(False)
        spin.setMinimumWidth(60)
        set_tip(spin, tip)
        spin.valueChanged.connect(lambda value: self._change(name, value if value else None))
        self._form.addRow(label, spin)
        return name, spin

    def _make_combos(self) -> Tuple[Tuple[str, QtWidgets.QComboBox], ...]:
        tr = self._words.tr
        preset = choice(
            (
                ("", tr("Auto")),
                ("default", tr("DragGAN Studio")),
                ("paper", tr("As in the paper")),
                ("released", tr("As first released")),
            )
        )
        set_tip(preset, tr("A ready-made way to drag; what is set above goes before it."))
        rates = [(ms, tr("{n} per second", n=round(1000 / ms))) for ms in _RATES]
        preview = choice(rates)
        set_tip(preview, tr("How often the picture is shown while dragging; fewer is faster."))
        language = choice((("", tr("As in Krita")), *LANGUAGES))
        rows = (
            ("preset", tr("Preset"), preset),
            ("preview_ms", tr("Previews"), preview),
            ("language", tr("Language"), language),
        )
        for name, label, combo in rows:
            combo.activated.connect(lambda index, name=name: self._chosen(name, index))
            self._form.addRow(label, combo)
        return tuple((name, combo) for name, _, combo in rows)

    def _make_rest(self) -> None:
        tr = self._words.tr
        self._box = QtWidgets.QCheckBox(tr("Show what the model sees"))
        set_tip(self._box, tr("A thin frame on the canvas around the part that is sent."))
        self._box.clicked.connect(lambda checked: self._change("show_box", checked))
        self._form.addRow(self._box)
        self._copy = QtWidgets.QPushButton(tr("Copy diagnostics"))
        set_tip(
            self._copy,
            tr("Copies versions, settings and the last messages as text: no pictures, no names."),
        )
        self._copy.clicked.connect(self._copy_report)
        self._form.addRow(self._copy)

    def follow(self, now: Snapshot) -> None:
        settings = now.settings
        for name, spin in self._spins:
            set_number(spin, getattr(settings, name) or 0)
        for name, combo in self._combos:
            value = getattr(settings, name)
            if name == "preview_ms":
                value = min(_RATES, key=lambda ms: abs(ms - settings.preview_ms))
            set_choice(combo, "" if value is None else value)
        if self._box.isChecked() != settings.show_box:
            self._box.setChecked(settings.show_box)

    def _chosen(self, name: str, index: int) -> None:
        value = dict(self._combos)[name].itemData(index)
        self._change(name, None if name == "preset" and not value else value)

    def _change(self, name: str, value: Any) -> None:
        if value != getattr(self._studio.settings, name):
            self._studio.change(replace(self._studio.settings, **{name: value}))

    def _copy_report(self) -> None:
        QtWidgets.QApplication.clipboard().setText(self._studio.report())
        self._copy.setText(self._words.tr("Copied"))
        QtCore.QTimer.singleShot(_COPIED_MS, self._say_copy)

    def _say_copy(self) -> None:
        self._copy.setText(self._words.tr("Copy diagnostics"))
