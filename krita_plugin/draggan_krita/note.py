"""An edit as it is kept inside a document, to be taken up another day; standard library only.

    b"DGDK1" | length of the JSON, 4 bytes, big-endian | JSON | what the daemon needs (`Saved.data`)

Documents come from strangers: everything read here is checked before it is used.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Tuple

from .canvas import Trace
from .draggan_wire.crop import Crop
from .draggan_wire.errors import BadInput
from .draggan_wire.messages import MAX_HANDLES, Point
from .handles import HandleLine
from .region import Source
from .settings import QUALITIES, REGIONS

MAGIC = b"DGDK1"
MOST_JSON, MOST_DATA = 1 << 18, 1 << 27  # bytes
FARTHEST = 1 << 20  # pixels
MOST_RESULTS = 1000


@dataclass(frozen=True)
class Note:
    """All that reopening needs; `step` is the one that the document shows."""

    model: str
    quality: str
    region: str
    source: Source
    form: str  # of the opened pixels: "bgra8" or "bgra16"
    lines: Tuple[HandleLine, ...]
    trace: Trace
    step: int
    data: bytes


def write_note(note: Note) -> bytes:
    crop = note.source.crop
    head = {
        "model": note.model,
        "quality": note.quality,
        "region": note.region,
        "layer": note.source.layer,
        "crop": [crop.left, crop.top, crop.width, crop.height],
        "form": note.form,
        "lines": [[*line.start, *line.target] for line in note.lines],
        "group": note.trace.group,
        "results": [list(result) for result in note.trace.results[-MOST_RESULTS:]],
        "step": note.step,
    }
    packed = json.dumps(head).encode()
    return MAGIC + struct.pack(">I", len(packed)) + packed + note.data


def read_note(raw: bytes) -> Note:
    """The note in a document. Raises BadInput for one that cannot be read."""
    try:
        return _parsed(raw)
    except (ValueError, TypeError, KeyError, struct.error, RecursionError) as error:
        raise BadInput(
            "The edit that this document carries cannot be read.",
            hint="Begin a new one: place handles and press Drag.",
        ) from error


def _parsed(raw: bytes) -> Note:
    start = len(MAGIC) + 4
    (size,) = struct.unpack(">I", raw[len(MAGIC) : start])
    _demand(raw.startswith(MAGIC) and size <= MOST_JSON and len(raw) <= MOST_DATA)
    head = json.loads(raw[start : start + size].decode())
    _demand(isinstance(head, dict) and len(raw) >= start + size)
    left, top, width, height = (_whole(value, FARTHEST) for value in _list(head["crop"], 4))
    _demand(width > 0 and height > 0)
    return Note(
        model=_text(head["model"]),
        quality=_one_of(head["quality"], QUALITIES),
        region=_one_of(head["region"], REGIONS),
        source=Source(_text(head["layer"]), Crop(left, top, width, height)),
        form=_one_of(head["form"], ("bgra8", "bgra16")),
        lines=tuple(_line(value) for value in _list(head["lines"], MAX_HANDLES)),
        trace=Trace(
            _text(head["group"]),
            tuple(_result(value) for value in _list(head["results"], MOST_RESULTS)),
        ),
        step=_whole(head["step"], FARTHEST),
        data=raw[start + size :],
    )


def _demand(true: bool) -> None:
    if not true:
        raise ValueError("not a note of this form")


def _list(value: Any, most: int) -> Any:
    _demand(isinstance(value, list) and len(value) <= most)
    return value


def _text(value: Any) -> str:
    _demand(isinstance(value, str) and len(value) <= 64)
    return str(value)


def _one_of(value: Any, known: Tuple[str, ...]) -> str:
    _demand(value in known)
    return str(value)


def _whole(value: Any, most: int) -> int:
    _demand(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most)
    return int(value)


def _line(value: Any) -> HandleLine:
    numbers = [float(number) for number in _list(value, 4)]
    _demand(len(numbers) == 4 and all(0 <= number <= FARTHEST for number in numbers))
    start: Point = (numbers[0], numbers[1])
    return HandleLine(start, (numbers[2], numbers[3]))


def _result(value: Any) -> Tuple[str, int]:
    layer, step = _list(value, 2)
    return _text(layer), _whole(step, FARTHEST)
