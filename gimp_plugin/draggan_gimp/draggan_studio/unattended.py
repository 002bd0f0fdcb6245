"""A drag without a dialog, for scripts and for "Repeat": from the arguments to the layer; no Gtk,
and GIMP only through the document.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple

from .arguments import Arguments, parse_handles
from .canvas import GimpCanvas
from .draggan_wire.coded import JpegDecoder
from .draggan_wire.errors import BadInput, ConnectionLost, NoDaemon, WireError
from .draggan_wire.workbench.connection import Connection
from .draggan_wire.workbench.document_edit import DocumentEdit
from .draggan_wire.workbench.handles import HandleLine
from .draggan_wire.workbench.settings import Settings
from .ending import Ending
from .handle_text import check_inside
from .made_up import drag_made_up
from .waiting import Patience, Progress, Telling, lost, nothing_moved, outcome_of, share

if TYPE_CHECKING:
    from .host.document import GimpDocument

DEFAULT = Settings(source="layer")
PREVIEW_MS = 250  # between two signs of life while dragging: nobody looks at the pictures
_NO_HANDLES = (
    "Give the argument 'handles' (as \"x1,y1:x2,y2; x,y\"), or 'path' with the name of a path."
)
_NAMED = 20  # models in a sentence at most


def drag_unattended(
    document: GimpDocument,
    arguments: Arguments,
    *,
    version: str,
    plugin_folder: Path,
    default: Settings = DEFAULT,
    progress: Progress = lambda fraction, words: None,
    jpeg: Optional[JpegDecoder] = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """Drags as the arguments say, adds the layers, and returns the one with the result.

    `default` has what the arguments do not say. `progress` is told a fraction in [0, 1] that never
    goes back (None while nothing is known) and a sentence; the last one is 1 with how it ended,
    also where not all handles have arrived. Raises WireError in words for whatever goes wrong; the
    image is as it was then.
    """
    settings = replace(arguments.to_settings(default), preview_ms=PREVIEW_MS)
    lines = _lines(document, arguments)
    if arguments.seed < 0:
        _check_place(document, lines, settings)
    connection = Connection(
        settings.address,
        name=f"gimp-plugin {version}",
        plugin_folder=plugin_folder,
        clock=clock,
        jpeg=jpeg,
    )
    try:
        patience, telling = Patience(connection, clock, sleep), Telling(progress)
        patience.reach(telling)
        _check_model(connection, settings.model)
        if arguments.seed >= 0:
            return drag_made_up(document, lines, settings, arguments.seed, patience, telling)
        return _drag(document, lines, settings, patience, telling)
    finally:
        connection.close()


def _lines(document: GimpDocument, arguments: Arguments) -> Tuple[HandleLine, ...]:
    """From the text, else from the path that is named, else from the selected ones."""
    lines = parse_handles(arguments.handles)
    if lines:
        return lines
    name = arguments.path.strip()
    if name:
        lines = document.path_lines(name)
    else:
        lines = _selected_paths(document)
    if not lines:
        raise BadInput("There are no handles.", hint=_NO_HANDLES)
    return tuple(lines)


def _selected_paths(document: GimpDocument) -> Tuple[HandleLine, ...]:
    try:
        return tuple(document.path_lines())
    except BadInput as error:
        raise BadInput(f"There are no handles: {error.sentence}", hint=_NO_HANDLES) from error


def _check_place(document: GimpDocument, lines: Tuple[HandleLine, ...], settings: Settings) -> None:
    layer = document.active_layer() if settings.source == "layer" else ""
    check_inside(lines, document.frame(layer), "the layer" if layer else "the image")


def _check_model(connection: Connection, name: str) -> None:
    known = [model.id for model in connection.models]
    if name in known:
        return
    more = ", ..." if len(known) > _NAMED else ""
    has = f"It has: {', '.join(known[:_NAMED])}{more}." if known else "It has none at all."
    raise BadInput(
        f"The daemon has no model {name!r}.",
        hint=f"{has} `draggan models import` adds one.",
    )


def _drag(
    document: GimpDocument,
    lines: Tuple[HandleLine, ...],
    settings: Settings,
    patience: Patience,
    telling: Telling,
) -> Any:
    canvas = GimpCanvas(document)
    line = patience.connection.line()
    edit = DocumentEdit(document, canvas, line, lambda image: None, patient=True)
    ending = Ending(document, canvas, edit, clock=patience.clock)
    try:
        edit.handles.replace(lines)
        ending.ask(settings)

        def step() -> bool:
            edit.poll()
            ending.poll()
            telling.tell(share(edit.edit.status), edit.view().message)
            return ending.result is not None or not ending.asked

        patience.work(step)
        if ending.result is None:
            raise _failure(edit)
        telling.tell(1.0, outcome_of(edit.edit.status, edit.view().notes))
        return ending.result
    finally:
        edit.leave()


def _failure(edit: DocumentEdit) -> WireError:
    """Why there is no result, for somebody without a dialog to press buttons in."""
    view, status = edit.view(), edit.edit.status
    if isinstance(status.error, (NoDaemon, ConnectionLost)):
        return lost()
    if status.error is not None and status.error.sentence == view.message:
        return status.error
    if status.state == "done" and not status.step:
        return nothing_moved()
    return BadInput(view.message, hint=view.hint)
