"""All of the plugin that is not drawn: what the docker shows and what it and the actions ask for.

It holds the connection, an edit for each document, and the overlay on the active canvas. A timer
calls `tick`; everything that is asked for is done inside of a tick, one thing after the other,
because Krita's own calls let other events in while they wait.
"""

from __future__ import annotations

import platform
import threading
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import Callable, Deque, Dict, Optional, Tuple

from .canvas import KritaCanvas
from .desk import Desk
from .draggan_wire.errors import BadInput, WireError
from .draggan_wire.messages import ModelInfo
from .draggan_wire.workbench.connection import Connection, ConnectionView
from .draggan_wire.workbench.diagnostics import Facts, report
from .draggan_wire.workbench.diary import Diary, Listeners
from .draggan_wire.workbench.document_edit import DocumentEdit, EditView
from .draggan_wire.workbench.region import Terms
from .draggan_wire.workbench.settings import Settings, load, save
from .draggan_wire.workbench.words import Words
from .host.application import krita_version, read_setting, say, write_setting
from .host.document import KritaDocument, active_document
from .host.vector_lines import lines_of
from .pictures import jpeg_decoder, thumbnail
from .qt import QtCore, QtGui
from .timeline_export import TimelineExport

__all__ = ["ConnectionView", "EditView", "Studio"]

QUICK, LAZY = 30, 150  # ms between ticks: while something moves, and else
NOTHING = EditView(message="Open a picture to begin.")
NOWHERE = EditView(message="The daemon's address cannot be used: check it.")


class Studio:
    """One for all of Krita's windows. Its verbs return at once; what came of them is shown."""

    def __init__(self, *, version: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = load(read_setting)
        self.edit = NOTHING
        self._version, self._clock = version, clock
        self._connection: Optional[Connection] = None
        self._unreachable = ConnectionView()  # shown while there is no connection at all
        self._edits: Dict[str, DocumentEdit] = {}
        self._current: Optional[DocumentEdit] = None
        self._export: Optional[TimelineExport] = None
        self._desk = Desk(self._placed)
        self._warmed: Tuple[object, ...] = ()  # what has been opened ahead last
        self._wishes: Deque[Callable[[], object]] = deque()
        self._inside = False
        self._diary = Diary()
        self._listeners = Listeners(self._diary)
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self.tick)

    # What the docker shows.

    @property
    def connection(self) -> ConnectionView:
        return self._connection.view if self._connection else self._unreachable

    @property
    def models(self) -> Tuple[ModelInfo, ...]:
        return self._connection.models if self._connection else ()

    @property
    def placing(self) -> bool:
        return self._desk.placing

    @property
    def busy(self) -> bool:
        return self._current is not None and self._current.busy

    @property
    def words(self) -> Words:
        """The user's language: the one that is set, else Krita's."""
        return Words(self.settings.language or QtCore.QLocale().name())

    def thumbnail(self, step: int) -> Optional[QtGui.QImage]:
        """The small picture of a step that has been seen."""
        return self._current.timeline.thumbnail(step) if self._current else None

    def thumbnail_steps(self) -> Tuple[int, ...]:
        return self._current.timeline.seen if self._current else ()

    def on_change(self, listener: Callable[[], None]) -> None:
        """`listener` is called when anything that is shown has changed."""
        self._listeners.add(listener)

    # What it asks for.

    def wake(self) -> None:
        """Begins to work: connects, and follows the canvas."""
        if not self._timer.isActive():
            self._timer.start(LAZY)
            self._wish(self._connect)

    def change(self, settings: Settings) -> None:
        """Keeps and applies new settings."""
        moved = settings.address != self.settings.address
        pasted = settings.pasting() != self.settings.pasting()
        self.settings = settings
        save(settings, write_setting)
        if moved:
            self._wish(self._connect)
        if pasted:
            self._with_edit(lambda edit: edit.paste(self.settings.pasting()))
        self._wish(lambda: None)

    def place(self, on: bool) -> None:
        self._wish(lambda: self._place(on))

    def drag_or_stop(self) -> None:
        self._with_edit(self._drag_or_stop)

    def step_by(self, n: int) -> None:
        self._with_edit(lambda edit: edit.step_by(n))

    def look(self, step: int) -> None:
        self._with_edit(lambda edit: edit.look(step))

    def keep_step(self) -> None:
        self._with_edit(DocumentEdit.keep_step)

    def clear_handles(self) -> None:
        self._with_edit(DocumentEdit.clear_handles)

    def delete_handle(self) -> None:
        self._with_edit(lambda edit: edit.handles.remove_selected())

    def take_vector_lines(self) -> None:
        self._with_edit(_take_lines)

    def reopen(self) -> None:
        self._with_edit(lambda edit: self.change(edit.reopen(self.settings)))

    def export_animation(self) -> None:
        self._with_edit(self._begin_export)

    def start_daemon(self) -> None:
        self._wish(self._start_daemon)

    def reconnect(self) -> None:
        self._wish(self._connect)

    def report(self) -> str:
        """For the clipboard: all that helps to find a fault, no pictures, no names."""
        edit, connection = self.edit, self._connection
        return report(
            Facts(
                plugin=self._version,
                host=f"Krita {krita_version()}",
                toolkit=f"Qt {QtCore.qVersion()}",
                python=platform.python_version(),
                platform=platform.platform(),
                daemon=connection.daemon if connection else "",
                connection=f"{self.connection.state}: {self.connection.sentence}",
                models=tuple(model.id for model in self.models),
                document=self._current.document.description if self._current else "",
                edit=f"{edit.state}, step {edit.step} of {edit.last}: {edit.message}",
                settings=self.settings,
                messages=self._diary.messages,
            )
        )

    def end(self) -> None:
        """Krita ends: gives back what the daemon holds for us."""
        self._timer.stop()
        for edit in self._edits.values():
            edit.close()
        if self._connection:
            self._connection.close()

    # The work.

    def tick(self) -> None:
        """Everything happens here; an event that comes in the middle of it waits for its turn."""
        if self._inside:
            return
        self._inside = True
        try:
            self._work()
        except Exception as error:  # never a traceback to an artist
            self._mishap(error, self._current)
        finally:
            self._inside = False
        self._tell()
        self._timer.setInterval(QUICK if self._lively else LAZY)

    @property
    def _lively(self) -> bool:
        at_work = any(edit.busy for edit in self._edits.values())
        return at_work or self.placing or self._export is not None or self._desk.showing

    def _work(self) -> None:
        self._find_document()
        while self._wishes:
            self._grant(self._wishes.popleft())
        if self._connection:
            self._connection.poll()
        for key, edit in list(self._edits.items()):
            if edit.document.alive:
                self._poll(edit)
            else:
                self._forget(key)
        self._go_on_exporting()
        self._warm()
        self._show()

    def _poll(self, edit: DocumentEdit) -> None:
        """One document's mishap is not the others'."""
        try:
            edit.poll()
        except Exception as error:
            self._mishap(error, edit)

    def _grant(self, wish: Callable[[], object]) -> None:
        try:
            wish()
        except WireError as error:
            if self._current:
                self._current.refuse(error)

    def _wish(self, wish: Callable[[], object]) -> None:
        self._wishes.append(wish)
        self.tick()

    def _with_edit(self, action: Callable[[DocumentEdit], object]) -> None:
        def wish() -> None:
            if self._current is not None:
                action(self._current)

        self._wish(wish)

    def _start_daemon(self) -> None:
        if self._connection:
            self._connection.start_daemon()

    def _connect(self) -> None:
        """To the address of the settings; what the daemon before knew of the edits is gone."""
        for edit in self._edits.values():
            edit.leave()
        if self._connection:
            # It may wait for a tunnel that does not answer.
            threading.Thread(target=self._connection.close, daemon=True).start()
            self._connection = None
        try:
            self._connection = Connection(
                self.settings.address,
                name=f"krita-plugin {self._version}",
                plugin_folder=Path(__file__).parent,
                clock=self._clock,
                jpeg=jpeg_decoder(),
            )
        except WireError as error:  # the address is none
            self._unreachable = ConnectionView("refused", error.sentence, error.hint)
            return
        for edit in self._edits.values():
            edit.use(self._connection.line())
        self._current = None

    def _find_document(self) -> None:
        """The active document's edit; the desk follows to its canvas."""
        document = active_document() if self._connection else None
        if document is None:
            self._current = None
        elif self._current is None or self._current.document.key != document.key:
            self._current = self._edits.get(document.key) or self._new_edit(document)
        self._desk.turn_to(self._current.handles if self._current else None, document)

    def _new_edit(self, document: KritaDocument) -> DocumentEdit:
        assert self._connection is not None
        canvas = KritaCanvas(document, partial(self._desk.paint, document.key))
        edit = DocumentEdit(document, canvas, self._connection.line(), thumbnail)
        self._edits[document.key] = edit
        return edit

    def _forget(self, key: str) -> None:
        edit = self._edits.pop(key)
        edit.close()
        if self._export is not None and self._export.edit is edit:
            self._export = None
        self._desk.forget(key)
        if self._current is edit:
            self._current = None

    def _place(self, on: bool) -> None:
        self._desk.place(on)
        if on and self._current:
            self._current.document.prepare()  # a drag will follow
        if on and self._current and not self._current.handles.lines:
            say(
                self.words.tr(
                    "Draw arrows: from the point that is grabbed to where it goes. A click pins."
                )
            )

    def _warm(self) -> None:
        """While the painter places handles, the model looks at the picture already."""
        edit, settings = self._current, self.settings
        if edit is None or not self.placing or self.connection.state != "connected":
            return
        wanted = (edit.document.key, settings.source, Terms.of(settings))
        if self._warmed != wanted and not (edit.busy or edit.edit.last or edit.can_reopen):
            self._warmed = wanted
            edit.warm(settings)

    def _placed(self, sentence: str) -> None:
        """The canvas has changed the handles, or says why it cannot."""
        if sentence and self._current:
            self._current.tell(sentence)
        self._wish(lambda: None)

    def _drag_or_stop(self, edit: DocumentEdit) -> None:
        if self._export is not None and self._export.edit is edit:
            raise BadInput(
                "The animation is still being made.",
                hint="Press Drag again when it is a layer.",
            )
        edit.drag_or_stop(self.settings)

    def _begin_export(self, edit: DocumentEdit) -> None:
        if self._export is None and edit.edit.last and not edit.busy:
            self._export = TimelineExport(edit)

    def _go_on_exporting(self) -> None:
        export = self._export
        if export is None:
            return
        try:
            export.advance()
        finally:
            if export.over:
                self._export = None

    # What is shown.

    def _show(self) -> None:
        edit = self._current
        without = NOTHING if self._connection else NOWHERE
        self.edit = edit.view() if edit else without
        if edit:
            self._desk.draw(edit.drawing(show_box=self.settings.show_box))
        self._diary.record(self.connection, self.edit)

    def _tell(self) -> None:
        shown = (self.connection, self.models, self.edit, self.placing, self.settings)
        now = (*shown, len(self.thumbnail_steps()))
        self._listeners.tell(now)

    def _mishap(self, error: Exception, edit: Optional[DocumentEdit]) -> None:
        words = self._diary.mishap(error)
        if edit is not None:
            edit.refuse(words)
        if self._current:
            self.edit = self._current.view()


def _take_lines(edit: DocumentEdit) -> None:
    lines = lines_of(edit.document.raw)
    edit.handles.replace(lines)
    edit.tell(f"Handles taken from the vector layer: {len(lines)}.")
