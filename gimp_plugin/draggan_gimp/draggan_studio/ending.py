"""What OK does: lets a drag end, drags where nothing was dragged yet, adds the layers; no Gtk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple

from .draggan_wire.errors import BadInput, WireError
from .draggan_wire.workbench.note import write_note
from .draggan_wire.workbench.trace import Trace

if TYPE_CHECKING:
    from .canvas import GimpCanvas
    from .draggan_wire.workbench.document_edit import DocumentEdit
    from .draggan_wire.workbench.settings import Settings
    from .host.document import GimpDocument

PATIENCE = 3.0  # seconds for what is saved of the edit to come from the daemon


class Ending:
    """The end of one filter; `poll` does the work, `result` is the layer that came of it."""

    def __init__(
        self,
        document: GimpDocument,
        canvas: GimpCanvas,
        edit: DocumentEdit,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.asked = False
        self.result: Optional[Any] = None
        self._document, self._canvas, self._edit = document, canvas, edit
        self._clock = clock
        self._dragged = self._told = self._warned = False
        self._deadline: Optional[float] = None

    def ask(self, settings: Settings) -> None:
        """Begins to end, unless it does so already."""
        if self.asked:
            return
        self.asked, self._dragged, self._told, self._deadline = True, False, False, None
        dragged = bool(self._edit.edit.last or self._canvas.trace.results)
        if self._edit.busy or not (self._canvas.anything or dragged):
            self._dragged = True
            self._edit.drag_or_stop(settings)

    def cancel(self) -> None:
        """The user goes on."""
        self.asked = self._warned = False

    def poll(self) -> None:
        """Goes on as far as it can; what stands in the way is said by the edit's view."""
        if not self.asked or self._edit.busy or self.result is not None:
            return
        try:
            self._go_on()
        except WireError as error:
            self.asked = False
            self._edit.refuse(error)

    def _go_on(self) -> None:
        layers = self._canvas.layers()
        if self._dragged and self._edit.view().state == "failed":
            self.asked = False  # its words stand there already
        elif not layers and self._canvas.trace.results and self._canvas.step:
            raise BadInput(
                "The image holds this step already.",
                hint="Drag on or show another step, or press Cancel.",
            )
        elif not layers:
            raise BadInput(
                "Nothing has moved, so there is nothing to add.",
                hint="Draw an arrow and press Drag, or press Cancel.",
            )
        elif self._saved() and self._as_dragged() and self._announced():
            source = self._canvas.opened.source.layer if self._canvas.opened else ""
            new = any(layer.visible for layer in layers)
            hidden = tuple(layer for layer, _ in self._canvas.trace.results) if new else ()
            self.result = self._document.insert(
                layers, source=source, hidden=hidden, note=self._note
            )

    def _saved(self) -> bool:
        """Whether the edit's data are there, or will not come any more."""
        if not self._edit.edit.saving:
            return True
        if self._deadline is None:
            self._deadline = self._clock() + PATIENCE
        return self._clock() > self._deadline

    def _as_dragged(self) -> bool:
        """Raises BadInput, once, where the source has been painted on or moved since."""
        if not self._warned and self._canvas.source_changed():
            self._warned = True
            raise BadInput(
                "What was dragged has been changed or moved in the image since.",
                hint="Undo that, or press OK again to add the result all the same.",
            )
        return True

    def _announced(self) -> bool:
        """Large layers take GIMP seconds, in which nothing can be said any more."""
        before, self._told = self._told, True
        if not before:
            self._edit.tell("Adding the layers...")
        return before

    def _note(self, group: str, layers: Tuple[str, ...]) -> bytes:
        """What the image is to carry, b"" for nothing new; `layers` are those added, in order."""
        step, edit, new = self._canvas.step, self._edit.edit, self._canvas.new_step
        if self._canvas.trace.results and not new:
            return b""  # what the image says of the edit is still true
        if not (step or edit.last) or edit.saving or edit.saved_step < step:
            return b""  # it could not be taken up from there
        results = ((layers[-1], step),) if new else ()
        note = self._edit.note(Trace(group, results), step)
        return b"" if note is None else write_note(note)
