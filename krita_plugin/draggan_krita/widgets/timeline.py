"""Going back and forth over the steps of an edit, and keeping some of them; Qt only."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Optional

from ..draggan_wire.workbench import captions, choices
from ..draggan_wire.workbench.host_words import KRITA
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtCore, QtGui, QtWidgets
from .film_strip import FilmStrip
from .icons import icon
from .quiet import set_enabled, set_number, set_shown, set_text

if TYPE_CHECKING:
    from ..studio import Studio

_PATIENCE = 3.0  # seconds for which the slider stays where the user has put it


class Timeline(QtWidgets.QWidget):
    """A slider with pictures below it, and what can be done with a step."""

    def __init__(self, studio: Studio, words: Words) -> None:
        super().__init__()
        self._studio, self._words = studio, words
        self._wish: Optional[int] = None  # asked for and not yet shown
        self._wished_at = 0.0
        self._text = self.palette().color(QtGui.QPalette.ColorRole.ButtonText)
        self._make_scrubbing()
        self._make_keeping()
        self._lay_out()

    def _make_scrubbing(self) -> None:
        studio, tr = self._studio, self._words.tr
        self.slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.slider.setPageStep(10)
        self.slider.setMinimumWidth(40)
        self.slider.setAccessibleName(tr(choices.TIMELINE))
        self.slider.valueChanged.connect(self._scrubbed)
        self._back = self._arrow("back", -1)
        self._forward = self._arrow("forward", 1)
        self._where = QtWidgets.QLabel()
        self.strip = FilmStrip(studio.thumbnail)
        self.strip.wished.connect(self.slider.setValue)

    def _make_keeping(self) -> None:
        studio, tr = self._studio, self._words.tr
        self._keep = self._button("keep", studio.keep_step)
        self._export = self._button("film", studio.export_animation)
        self._every = QtWidgets.QCheckBox(tr(choices.KEEP_EVERY))
        self._every.setToolTip(tr(KRITA.keep_every_tip))
        self._every.clicked.connect(self._set_interval)
        self._interval = QtWidgets.QSpinBox()
        self._interval.setRange(1, choices.LONGEST_INTERVAL)
        self._interval.setValue(choices.USUAL_INTERVAL)
        self._interval.setKeyboardTracking(False)
        self._interval.setAccessibleName(tr(choices.KEEP_INTERVAL))
        self._interval.valueChanged.connect(self._set_interval)
        self._unit = QtWidgets.QLabel()

    def _arrow(self, name: str, way: int) -> QtWidgets.QToolButton:
        button = QtWidgets.QToolButton()
        button.setAutoRaise(True)
        button.clicked.connect(lambda: self._studio.step_by(way))
        return self._dressed(button, name)

    def _button(self, name: str, action: Callable[[], None]) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton()
        button.setMinimumWidth(40)
        button.clicked.connect(lambda: action())
        return self._dressed(button, name)

    def _dressed(self, button: Any, name: str) -> Any:
        button.setIcon(icon(name, self._text))
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        scrub = QtWidgets.QHBoxLayout()
        scrub.setSpacing(2)
        for widget in (self._back, self.slider, self._forward, self._where):
            scrub.addWidget(widget)
        every = QtWidgets.QHBoxLayout()
        every.setSpacing(4)
        for widget in (self._every, self._interval, self._unit):
            every.addWidget(widget)
        every.addStretch(1)
        buttons = QtWidgets.QHBoxLayout()
        buttons.setSpacing(4)
        buttons.addWidget(self._keep)
        buttons.addWidget(self._export)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(scrub)
        column.addWidget(self.strip)
        column.addLayout(buttons)
        column.addLayout(every)

    def follow(self, now: Snapshot) -> None:
        edit = now.edit
        if self._wish is not None and self._wish_is_over(now):
            self._wish = None
        step = edit.step if self._wish is None else self._wish
        self._follow_slider(now, step)
        set_text(self._where, captions.where(step, edit.last))
        steps = self._studio.thumbnail_steps()
        set_shown(self.strip, bool(steps) and edit.last > 0)
        if edit.last > 0:
            self.strip.show_steps(steps, edit.last, step)
        self._follow_buttons(now)
        self._follow_interval(now)

    def _wish_is_over(self, now: Snapshot) -> bool:
        late = time.monotonic() - self._wished_at > _PATIENCE
        return now.busy or now.edit.step == self._wish or late or now.edit.last == 0

    def _follow_slider(self, now: Snapshot, step: int) -> None:
        if not self.slider.isSliderDown():
            blocked = self.slider.blockSignals(True)
            if self.slider.maximum() != now.edit.last:
                self.slider.setMaximum(now.edit.last)
            self.slider.setValue(step)
            self.slider.blockSignals(blocked)
        field = captions.slider_field(now, self._words)
        set_enabled(self.slider, field.enabled, field.tip)
        self.strip.setEnabled(field.enabled)

    def _follow_buttons(self, now: Snapshot) -> None:
        words = self._words
        arrows = (
            (self._back, captions.back_button(now, words)),
            (self._forward, captions.forward_button(now, words)),
        )
        for shown, button in arrows:
            shown.setAccessibleName(button.text)
            set_enabled(shown, button.enabled, button.tip)
        large = (
            (self._keep, captions.keep_button(now, words, KRITA)),
            (self._export, captions.animation_button(now, words)),
        )
        for shown, button in large:
            set_text(shown, button.text)
            set_enabled(shown, button.enabled, button.tip)

    def _follow_interval(self, now: Snapshot) -> None:
        every = now.settings.keep_every
        if self._every.isChecked() != (every is not None):
            self._every.setChecked(every is not None)
        if every is not None:
            set_number(self._interval, every)
        set_text(self._unit, captions.interval_unit(self._interval.value(), self._words))

    def _scrubbed(self, step: int) -> None:
        self._wish, self._wished_at = step, time.monotonic()
        self._studio.look(step)

    def _set_interval(self) -> None:
        every = self._interval.value() if self._every.isChecked() else None
        if every != self._studio.settings.keep_every:
            self._studio.change(replace(self._studio.settings, keep_every=every))
