"""The picture as the model by itself paints it, and what that says of a drag; Qt only."""

from __future__ import annotations

from typing import Optional

from ..draggan_wire.messages import Image
from ..draggan_wire.workbench import captions, choices
from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..pictures import to_qimage
from ..qt import QtCore, QtGui, QtWidgets
from .labels import WrapLabel
from .quiet import set_colour, set_shown, set_tip
from .tones import quiet_text, tone

SIDE = 104  # logical pixels of the picture's place


class LikenessView(QtWidgets.QWidget):
    """Shown from the moment on when the model looks at a picture, with room for what is to come:
    nothing moves when it comes."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._image: Optional[Image] = None
        self._picture = QtWidgets.QLabel()
        self._picture.setFixedSize(SIDE, SIDE)
        self._picture.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self._picture.setAutoFillBackground(True)
        self._picture.setBackgroundRole(QtGui.QPalette.ColorRole.AlternateBase)
        self._picture.setAccessibleName(words.tr(choices.LIKENESS.label))
        set_tip(self._picture, words.tr(choices.LIKENESS.tip))
        self._title = WrapLabel(words.tr(choices.LIKENESS.label), quiet=True, small=True)
        self._fit = WrapLabel()
        self._remark = WrapLabel(small=True)
        self._usual = self._fit.palette().color(QtGui.QPalette.ColorRole.WindowText)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        beside = QtWidgets.QVBoxLayout()
        beside.setSpacing(2)
        beside.addWidget(self._title)
        beside.addWidget(self._fit)
        beside.addStretch(1)
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._picture)
        line.addLayout(beside, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(line)
        column.addWidget(self._remark)

    def follow(self, now: Snapshot) -> None:
        shown, fit = captions.likeness_shown(now), captions.fit_line(now, self._words)
        self._show(now.edit.likeness)
        set_shown(self._picture, shown)
        set_shown(self._title, shown)
        self._say(self._fit, fit, self._usual)
        remark = captions.fit_remark(now, self._words)
        self._say(self._remark, remark, quiet_text(self.palette()))
        set_shown(self._remark, bool(remark.text))
        set_shown(self, shown or bool(fit.text))

    def _show(self, image: Optional[Image]) -> None:
        if image is self._image:
            return
        self._image = image
        if image is None:
            self._picture.clear()
            return
        ratio = self.devicePixelRatioF()
        side = round(SIDE * ratio)
        keep = QtCore.Qt.AspectRatioMode.KeepAspectRatio
        smooth = QtCore.Qt.TransformationMode.SmoothTransformation
        small = to_qimage(image).scaled(side, side, keep, smooth)
        small.setDevicePixelRatio(ratio)
        self._picture.setPixmap(QtGui.QPixmap.fromImage(small))

    def _say(self, label: WrapLabel, note: captions.Note, usual: QtGui.QColor) -> None:
        label.show_text(note.text)
        colour = tone(self.palette(), note.tone) if note.tone else usual
        set_colour(label, QtGui.QPalette.ColorRole.WindowText, colour)
