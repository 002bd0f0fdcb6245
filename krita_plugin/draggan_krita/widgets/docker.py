"""The docker's contents: all its sections in one column, kept up to date with the studio; Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Tuple

from ..draggan_wire.workbench.snapshot import Snapshot
from ..draggan_wire.workbench.words import Words
from ..qt import QtCore, QtGui, QtWidgets, is_deleted
from .connection import ConnectionLine
from .handles import HandleSection
from .likeness import LikenessView
from .message import MessageArea
from .model import ModelChoice
from .options import Options
from .quiet import CalmWheel
from .source import SourceChoices
from .timeline import Timeline

if TYPE_CHECKING:
    from ..studio import Studio

_MARGIN = 8


class Panel(QtWidgets.QWidget):
    """What a painter sees of the studio. `locale` is Krita's, such as "de_DE"."""

    def __init__(
        self, studio: Studio, *, locale: str = "", parent: Optional[QtWidgets.QWidget] = None
    ) -> None:
        super().__init__(parent)
        self._studio, self._locale = studio, locale
        self._content: Optional[_Content] = None
        self._made_for: Tuple[str, ...] = ()  # the look and the language of the contents
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.refresh()
        studio.on_change(self._changed)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(300, 560)

    def minimumSizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(200, 160)

    def refresh(self) -> None:
        """Shows what the studio says now; costs next to nothing where nothing has changed."""
        self._make_contents()
        if self._content is not None:
            self._content.follow(Snapshot.of(self._studio))

    def _changed(self) -> None:
        if not is_deleted(self) and self.isVisible():
            self.refresh()

    def _make_contents(self) -> None:
        """Anew for another language or another theme: both go into every widget."""
        made_for = self._look()
        if made_for == self._made_for:
            return
        self._made_for = made_for
        if self._content is not None:
            self.layout().removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
        self._content = _Content(self._studio, Words(made_for[0]))
        self.layout().addWidget(self._content)

    def _look(self) -> Tuple[str, ...]:
        role = QtGui.QPalette.ColorRole
        colours = (role.Window, role.WindowText, role.ButtonText, role.Highlight)
        language = self._studio.settings.language or self._locale
        return (language, *(self.palette().color(colour).name() for colour in colours))

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.Type.PaletteChange and self.isVisible():
            QtCore.QTimer.singleShot(0, self._changed)


class _Content(QtWidgets.QWidget):
    """One column of sections: the connection stays in sight, the others scroll."""

    def __init__(self, studio: Studio, words: Words) -> None:
        super().__init__()
        self._last: Optional[Snapshot] = None
        self._thumbnails: Tuple[int, ...] = ()
        self._studio = studio
        self._connection = ConnectionLine(studio, words)
        model, source = ModelChoice(studio, words), SourceChoices(studio, words)
        self._likeness = LikenessView(words)
        self._handles = HandleSection(studio, words)
        self._message = MessageArea(studio, words)
        self._timeline = Timeline(studio, words)
        self._options = Options(studio, words)
        self._sections: Tuple[Any, ...] = (
            *(self._connection, model, source, self._likeness, self._handles),
            *(self._message, self._timeline, self._options),
        )
        self._lay_out(model, source)
        self._calm = CalmWheel(self)
        self._calm.watch(self)

    def _lay_out(self, model: ModelChoice, source: SourceChoices) -> None:
        form = QtWidgets.QFormLayout()
        form.setVerticalSpacing(4)
        form.setHorizontalSpacing(8)
        growth = QtWidgets.QFormLayout.FieldGrowthPolicy
        form.setFieldGrowthPolicy(growth.AllNonFixedFieldsGrow)
        model.add_to(form)
        source.add_to(form)
        inside = QtWidgets.QWidget()
        inside.setMinimumWidth(1)  # a longer language is squeezed, not cut off at the right
        column = QtWidgets.QVBoxLayout(inside)
        column.setContentsMargins(_MARGIN, 4, _MARGIN, _MARGIN)
        column.setSpacing(8)
        column.addLayout(form)
        for section in (
            self._likeness,
            self._handles,
            self._message,
            _rule(),
            self._timeline,
            _rule(),
        ):
            column.addWidget(section)
        column.addWidget(self._options)
        column.addStretch(1)
        top = QtWidgets.QVBoxLayout()
        top.setContentsMargins(_MARGIN, 6, _MARGIN, 2)
        top.addWidget(self._connection)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(_scrolling(inside), 1)

    def follow(self, now: Snapshot) -> None:
        thumbnails = self._studio.thumbnail_steps()
        if now == self._last and thumbnails == self._thumbnails:
            return
        self._last, self._thumbnails = now, thumbnails
        for section in self._sections:
            section.follow(now)


def _rule() -> QtWidgets.QFrame:
    rule = QtWidgets.QFrame()
    rule.setFrameShape(QtWidgets.QFrame.Shape.HLine)
    rule.setFrameShadow(QtWidgets.QFrame.Shadow.Sunken)
    return rule


def _scrolling(inside: QtWidgets.QWidget) -> QtWidgets.QScrollArea:
    area = QtWidgets.QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area
