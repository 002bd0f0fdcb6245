"""Dragging: the large button, and which handles there are; Gtk only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from gi.repository import Gtk

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.host_words import GIMP
from .buttons import button, small_button
from .form import column, line
from .handle_list import HandleList
from .icons import set_icon
from .mnemonics import Mnemonics
from .quiet import set_class, set_enabled, set_label, set_name, set_shown, set_text
from .shown import Shown
from .tools import Tools

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio


class HandleSection:
    """Tools, drag or stop; which handles there are, and how to be rid of them.

    `commit` takes what is still being typed, before a drag begins.
    """

    def __init__(
        self, studio: GimpStudio, words: Words, keys: Mnemonics, commit: Callable[[], None]
    ) -> None:
        self._studio, self._words, self._commit = studio, words, commit
        drag, stop = words.tr("Drag"), words.tr("Stop")
        self._texts = {drag: keys.mark(drag), stop: keys.mark(stop)}
        self._tools = Tools(studio, words, keys)
        self._drag = button(self._texts[drag], self._drag_or_stop, picture="play")
        set_class(self._drag, "draggan-large", True)
        self._count = Gtk.Label(xalign=0)
        self._list = HandleList(
            lambda i, status: captions.handle_tip(i, status, words), studio.select_handle
        )
        self._delete = small_button("delete", "", studio.delete_handle)
        self._clear = small_button("clear", "", studio.clear_handles)
        self._path = small_button("path", "", studio.take_path)
        small = (self._delete, self._clear, self._path)
        handles = column(line(self._count, *small, grow=self._count), self._list.widget, spacing=2)
        self.widget = column(self._tools.widget, self._drag, handles, spacing=6)

    def follow(self, shown: Shown) -> None:
        self._tools.follow(shown)
        self._follow_drag(shown)
        now, words = shown.now, self._words
        set_text(self._count, captions.handle_count(now, words))
        self._list.show(now.edit.handles, now.edit.selected)
        set_shown(self._list.widget, bool(now.edit.handles))
        for widget, caption in (
            (self._delete, captions.delete_button(now, words)),
            (self._clear, captions.clear_button(now, words)),
            (self._path, captions.lines_button(now, words, GIMP)),
        ):
            set_enabled(widget, caption.enabled, caption.tip)
            set_name(widget, caption.text)

    def _follow_drag(self, shown: Shown) -> None:
        caption = captions.drag_button(shown.now, self._words, GIMP)
        set_label(self._drag, self._texts.get(caption.text, caption.text))
        set_enabled(self._drag, caption.enabled, caption.tip)
        set_icon(self._drag.get_image(), "stop" if caption.look == "stop" else "play")
        set_class(self._drag, "draggan-go", caption.look == "play")

    def _drag_or_stop(self) -> None:
        self._commit()
        self._studio.drag_or_stop()
