"""The panel: all its sections in one column, kept up to date with the studio; Gtk only.

    panel = Panel(studio, studio.words, beside=("_OK", "_Cancel"))
    box.pack_end(panel.widget, False, False, 0)
    studio.on_change(panel.follow)

Before OK does its work, `commit` takes what is still being typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple

from gi.repository import GLib, Gtk

from .connection import ConnectionLine
from .form import Form, column
from .handles import HandleSection
from .likeness import LikenessView
from .message import MessageArea
from .mnemonics import Mnemonics
from .model import ModelChoice
from .options import Options
from .shown import Shown
from .source import SourceChoices
from .style import Style
from .timeline import Timeline

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio

WIDTH = 300  # logical pixels, unless the dialog gives more
_MARGIN = 8
_BESIDE_BAR = 12  # on the right, where a scroll bar appears over the contents


class Panel:
    """What a photographer sees of the studio beside the picture; `widget` is packed by the dialog.

    `beside` are the labels of the dialog's own buttons, whose letters with Alt are left to them.
    """

    def __init__(self, studio: GimpStudio, words: Words, *, beside: Sequence[str] = ()) -> None:
        self._studio, self._beside = studio, tuple(beside)
        self._language = studio.settings.language
        self._again = 0  # a wish to make the contents anew
        self._last: Optional[Shown] = None
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        self.widget.set_size_request(WIDTH, -1)
        self.widget.connect("destroy", self._end)
        self._style = Style(self.widget)
        self._content = self._make(words)
        self.widget.show()
        self.widget.set_no_show_all(True)  # what is hidden stays so when the dialog shows all

    def commit(self) -> None:
        """Takes what has been typed and not yet confirmed."""
        self._content.commit()

    def follow(self) -> None:
        """Shows what the studio says now; costs next to nothing where nothing has changed."""
        if self._studio.settings.language != self._language and not self._again:
            # Not at once: this may be called from within the list of languages.
            self._again = GLib.idle_add(self._make_anew)
        shown = Shown.of(self._studio)
        if shown != self._last:
            self._last = shown
            self._content.follow(shown)

    def _make(self, words: Words) -> _Content:
        content = _Content(self._studio, words, Mnemonics(self._beside))
        content.widget.show_all()
        content.close_folds()
        self._last = Shown.of(self._studio)
        content.follow(self._last)
        self.widget.pack_start(content.widget, True, True, 0)
        return content

    def _make_anew(self) -> bool:
        """In another language; what was open stays open, and the place in the column is kept."""
        self._again = 0
        self._language = self._studio.settings.language
        view = self._content.view
        self._content.widget.destroy()
        self._content = self._make(self._studio.words)
        self._content.resume(view)
        return False

    def _end(self, widget: Gtk.Widget) -> None:
        if self._again:
            GLib.source_remove(self._again)
            self._again = 0


class _Content:
    """One column of sections in one language: the connection stays in sight, the others scroll."""

    def __init__(self, studio: GimpStudio, words: Words, keys: Mnemonics) -> None:
        handles = HandleSection(studio, words, keys, self.commit)
        self._connection = ConnectionLine(studio, words, keys)
        form = Form(keys)
        self._model = ModelChoice(studio, words, form)
        likeness = LikenessView(studio, words, form)
        source = SourceChoices(studio, words, form)
        message = MessageArea(studio, words, keys)
        self._timeline = Timeline(studio, words, keys)
        self._options = Options(studio, words, keys)
        self._sections: Tuple[Any, ...] = (
            *(self._connection, self._model, likeness, source, handles),
            *(message, self._timeline, self._options),
        )
        self._folds = (self._connection.fold, self._model.fold, self._options.fold)
        inside = column(
            *(form.widget, handles.widget, message.widget, Gtk.Separator()),
            *(self._timeline.widget, Gtk.Separator(), self._options.widget),
            spacing=8,
        )
        self.widget = self._laid_out(inside)

    def _laid_out(self, inside: Gtk.Box) -> Gtk.Box:
        _margins(self._connection.widget, top=6, bottom=4)
        _margins(inside, top=4, bottom=_MARGIN)
        self._scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        self._scrolled.add(inside)
        inside.set_focus_vadjustment(self._scrolled.get_vadjustment())
        whole = column(self._connection.widget, spacing=0)
        whole.pack_start(self._scrolled, True, True, 0)
        return whole

    def follow(self, shown: Shown) -> None:
        for section in self._sections:
            section.follow(shown)

    def commit(self) -> None:
        self._connection.commit()
        self._timeline.commit()
        self._options.commit()

    def close_folds(self) -> None:
        for fold in self._folds:
            fold.set_open(False)

    @property
    def view(self) -> Tuple[Tuple[bool, ...], float]:
        """Which folds are open, and how far the column is scrolled."""
        opened = tuple(fold.is_open for fold in self._folds)
        return opened, self._scrolled.get_vadjustment().get_value()

    def resume(self, view: Tuple[Tuple[bool, ...], float]) -> None:
        """As the contents were that this one replaces."""
        opened, place = view
        for fold, is_open in zip(self._folds, opened):
            fold.set_open(is_open)
        GLib.idle_add(lambda: self._scrolled.get_vadjustment().set_value(place))


def _margins(widget: Gtk.Widget, *, top: int, bottom: int) -> None:
    widget.set_margin_start(_MARGIN)
    widget.set_margin_end(_BESIDE_BAR)
    widget.set_margin_top(top)
    widget.set_margin_bottom(bottom)
