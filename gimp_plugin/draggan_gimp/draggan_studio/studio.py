"""All of the dialog that is not drawn: what it shows, and what it and its keys ask for; no Gtk.

It holds the connection and the edit of the one image. A timer calls `tick`. Its face is that of the
panel's `Snapshot`, as in every editor.
"""

from __future__ import annotations

import platform
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple

from .canvas import GimpCanvas
from .draggan_wire.coded import JpegDecoder
from .draggan_wire.errors import WireError
from .draggan_wire.messages import Image, ModelInfo
from .draggan_wire.workbench.connection import Connection, ConnectionView
from .draggan_wire.workbench.diagnostics import Facts, report
from .draggan_wire.workbench.diary import Diary, Listeners
from .draggan_wire.workbench.document_edit import DocumentEdit, EditView
from .draggan_wire.workbench.drawing import Drawing
from .draggan_wire.workbench.region import Terms
from .draggan_wire.workbench.settings import Settings
from .draggan_wire.workbench.strokes import Strokes
from .draggan_wire.workbench.words import Words
from .ending import Ending
from .nobody import Nobody

if TYPE_CHECKING:
    from .draggan_wire.workbench.handles import HandleLine, HandleSet
    from .host.document import GimpDocument

QUICK, LAZY = 30, 100  # ms between ticks: while something moves, and else
TOOLS = ("handles", "paint", "erase")


class GimpStudio:
    """One for the dialog. Its verbs return at once; what came of them is shown.

    `facts` are the versions for the diagnostics; `locale` is GIMP's language; `jpeg` its decoder.
    `thumbnail` and `miniature` make of a picture what the timeline and the panel show.
    """

    def __init__(
        self,
        document: GimpDocument,
        canvas: GimpCanvas,
        strokes: Strokes,
        settings: Settings,
        *,
        facts: Facts,
        locale: str = "",
        thumbnail: Callable[[Image], Any] = lambda image: None,
        miniature: Callable[[Image], Any] = lambda image: None,
        plugin_folder: Path,
        jpeg: Optional[JpegDecoder] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.strokes = strokes
        self.tool = "handles"
        self.brush = max(document.size) / 24
        self._document, self._canvas = document, canvas
        self._facts, self._locale = facts, locale
        self._folder, self._clock = plugin_folder, clock
        self._jpeg = jpeg
        self._miniature = miniature
        self._likeness: Tuple[Optional[Image], Any] = None, None  # a picture and what is made of it
        self._connection: Optional[Connection] = None
        self._unreachable = ConnectionView()
        self._started = False  # a daemon, by ourselves: once
        self._warmed: object = None  # for which settings the picture has been opened ahead
        self.dragged: Tuple[HandleLine, ...] = ()  # the handles of the last drag, as it began
        self._was_busy = False
        self._diary = Diary()
        self._listeners = Listeners(self._diary)
        self._connect()
        self._edit = DocumentEdit(document, canvas, self._line(), thumbnail, strokes=strokes)
        self._ending = Ending(document, canvas, self._edit)

    # What the dialog shows.

    @property
    def connection(self) -> ConnectionView:
        return self._connection.view if self._connection else self._unreachable

    @property
    def models(self) -> Tuple[ModelInfo, ...]:
        return self._connection.models if self._connection else ()

    @property
    def edit(self) -> EditView:
        return self._edit.view()

    @property
    def busy(self) -> bool:
        return self._edit.busy

    @property
    def placing(self) -> bool:
        return self.tool == "handles"

    @property
    def handles(self) -> HandleSet:
        return self._edit.handles

    @property
    def words(self) -> Words:
        """The user's language: the one that is set, else GIMP's."""
        return Words(self.settings.language or self._locale)

    @property
    def drawing(self) -> Drawing:
        return self._edit.drawing(show_box=self.settings.show_box)

    @property
    def kept(self) -> Tuple[int, ...]:
        """The steps that become layers on OK, beside the one on show."""
        return self._canvas.kept

    @property
    def painted(self) -> bool:
        return not self.strokes.empty

    @property
    def result(self) -> Optional[Any]:
        """The layer that OK has added; not None once the dialog is to be closed."""
        return self._ending.result

    @property
    def ending(self) -> bool:
        """Whether OK has been pressed, and is being done."""
        return self._ending.asked

    @property
    def likeness(self) -> Any:
        """How the model sees the picture, small; None while that is not known."""
        image = self._edit.view().likeness
        if image is not self._likeness[0]:
            self._likeness = image, None if image is None else self._miniature(image)
        return self._likeness[1]

    def thumbnail(self, step: int) -> Any:
        """The small picture of a step that has been seen."""
        return self._edit.timeline.thumbnail(step)

    def thumbnail_steps(self) -> Tuple[int, ...]:
        return self._edit.timeline.seen

    def on_change(self, listener: Callable[[], None]) -> None:
        """`listener` is called when anything that is shown has changed."""
        self._listeners.add(listener)

    # What it asks for.

    def change(self, settings: Settings) -> None:
        """Applies new settings."""
        moved = settings.address != self.settings.address
        self.settings = settings
        self._edit.paste(settings.pasting())
        if moved:
            self.reconnect()
        self.tick()

    def use_tool(self, tool: str) -> None:
        """One of TOOLS."""
        self.tool = tool
        self.tick()

    def set_brush(self, radius: float) -> None:
        """In pixels of the image."""
        self.brush = radius
        self.tick()

    def clear_painted(self) -> None:
        self.strokes.clear()
        self.tick()

    def drag_or_stop(self) -> None:
        self._ending.cancel()
        self._do(lambda: self._edit.drag_or_stop(self.settings))

    def step_by(self, n: int) -> None:
        self._do(lambda: self._edit.step_by(n))

    def look(self, step: int) -> None:
        self._do(lambda: self._edit.look(step))

    def keep_step(self) -> None:
        self._do(self._edit.keep_step)

    def clear_handles(self) -> None:
        self._edit.clear_handles()
        self.tick()

    def delete_handle(self) -> None:
        self._edit.handles.remove_selected()
        self.tick()

    def select_handle(self, index: Optional[int]) -> None:
        self._edit.handles.select(index)
        self.tick()

    def take_path(self) -> None:
        """The selected path's strokes as handles."""
        self._do(self._take_path)

    def reopen(self) -> None:
        self._do(lambda: self.change(self._edit.reopen(self.settings)))

    def finish(self) -> None:
        """OK: drags first where nothing has been dragged yet, then adds the layers."""
        self._do(lambda: self._ending.ask(self.settings))

    def start_daemon(self) -> None:
        if self._connection:
            self._connection.start_daemon()
        self.tick()

    def reconnect(self) -> None:
        """To the address of the settings; what the daemon before knew of the edit is gone."""
        self._do(self._edit.leave)
        self._connect()
        self._edit.use(self._line())
        self._warmed = None
        self.tick()

    def say(self, sentence: str) -> None:
        """For the message line: the pointer has been refused something."""
        if sentence:
            self._edit.tell(sentence)
        self.tick()

    def refuse(self, error: WireError) -> None:
        """Something could not be done, with its reason."""
        self._edit.refuse(error)

    def report(self) -> str:
        """For the clipboard: all that helps to find a fault, no pictures, no names."""
        edit, connection = self.edit, self._connection
        return report(
            replace(
                self._facts,
                python=platform.python_version(),
                platform=platform.platform(),
                daemon=connection.daemon if connection else "",
                connection=f"{self.connection.state}: {self.connection.sentence}",
                models=tuple(model.id for model in self.models),
                document=self._document.description,
                edit=f"{edit.state}, step {edit.step} of {edit.last}: {edit.message}",
                settings=self.settings,
                messages=self._diary.messages,
            )
        )

    def close(self) -> None:
        """The dialog ends: gives back what the daemon holds for us."""
        self._edit.close()
        if self._connection:
            self._connection.close()

    # The work.

    def tick(self) -> int:
        """Takes in what has happened; returns the milliseconds until the next call."""
        try:
            self._work()
        except Exception as error:  # never a traceback to a user
            self._mishap(error)
        self._diary.record(self.connection, self.edit)
        self._tell()
        return QUICK if self._edit.busy or self._edit.preparing else LAZY

    def _do(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # GIMP's or ours, and nothing of it for a user to read
            self._mishap(error)
        self.tick()

    def _take_path(self) -> None:
        try:
            lines = self._document.path_lines()
        except WireError as error:
            self._edit.refuse(error)
        else:
            self._edit.handles.replace(lines)
            self._edit.tell(f"Handles taken from the path: {len(lines)}.")

    def _work(self) -> None:
        if self._connection:
            self._connection.poll()
        self._note_drag()
        self._start_by_ourselves()
        self._warm()
        self._edit.poll()
        self._ending.poll()

    def _connect(self) -> None:
        if self._connection:
            # It may wait for a tunnel that does not answer.
            threading.Thread(target=self._connection.close, daemon=True).start()
            self._connection = None
        try:
            self._connection = Connection(
                self.settings.address,
                name=f"gimp-plugin {self._facts.plugin}",
                plugin_folder=self._folder,
                clock=self._clock,
                jpeg=self._jpeg,
            )
        except WireError as error:  # the address is none
            self._unreachable = ConnectionView("refused", error.sentence, error.hint)

    def _line(self) -> Any:
        return self._connection.line() if self._connection else Nobody()

    def _note_drag(self) -> None:
        if self._edit.busy and not self._was_busy:
            self.dragged = self._edit.handles.lines
        self._was_busy = self._edit.busy

    def _start_by_ourselves(self) -> None:
        """Who opens the filter wants to drag: a daemon of this computer need not be asked for."""
        if self.connection.can_start and not self._started:
            self._started = True
            self.start_daemon()

    def _warm(self) -> None:
        """The picture is opened while the user still looks at it, unless it would be in vain."""
        settings = self.settings
        wanted = (Terms.of(settings), settings.source)
        if self.connection.state != "connected" or self._warmed == wanted:
            return
        if not (self._edit.busy or self._edit.edit.last or self._edit.can_reopen):
            self._warmed = wanted
            self._edit.warm(settings)

    def _tell(self) -> None:
        shown = (self.connection, self.models, self.edit, self.settings, self.drawing)
        own = (self.tool, self.brush, self.kept, self.strokes.revision, self.ending)
        now = (shown, own, len(self.thumbnail_steps()))
        self._listeners.tell(now)

    def _mishap(self, error: Exception) -> None:
        self._ending.cancel()
        self._edit.refuse(self._diary.mishap(error))
