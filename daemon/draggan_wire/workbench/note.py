"""An edit as it is kept inside a document, to be taken up another day; standard library only.

    b"DGDK1" | length of the JSON, 4 bytes, big-endian | JSON | what the daemon needs (`Saved.data`)
             | the opened picture, deflated, where the document does not hold it apart

Documents come from strangers: everything read here is checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

from ..crop import Crop
from ..errors import BadInput
from ..messages import MAX_HANDLES, Image, Pasting, Point
from ..pixels import BYTES_PER_PIXEL, MAX_BUFFER
from .drags import PastDrag
from .handles import HandleLine
from .region import Source, Terms
from .settings import PASTES, QUALITIES, REGIONS
from .strokes import MAX_POINTS, MAX_STROKES, Stroke
from .trace import Trace

MAGIC = b"DGDK1"
MOST_JSON, MOST_DATA = 1 << 20, 1 << 27  # bytes
FARTHEST = 1 << 20  # pixels
MOST_RESULTS, MOST_DRAGS = 1000, 64
MOST_PAINTED = 20_000  # points of all strokes


@dataclass(frozen=True)
class Note:
    """All that reopening needs; `step` is the one that the document shows."""

    terms: Terms
    source: Source
    form: str  # of the opened pixels, in the wire's words
    lines: Tuple[HandleLine, ...]  # as they are now
    drags: Tuple[PastDrag, ...]
    trace: Trace
    step: int
    data: bytes
    strokes: Tuple[Stroke, ...] = ()  # painted: what may move
    picture: Optional[Image] = None  # that cannot be read from the document again
    paste: Pasting = field(default_factory=Pasting)
    look: str = ""  # tells the opened picture from others; "" where that is not known


def write_note(note: Note) -> bytes:
    crop = note.source.crop
    head = {
        "model": note.terms.model,
        "quality": note.terms.quality,
        "region": note.terms.region,
        "angle": note.terms.angle,
        "paste": [note.paste.what, note.paste.detail, note.paste.seam],
        "layer": note.source.layer,
        "crop": [crop.left, crop.top, crop.width, crop.height],
        "form": note.form,
        "lines": _numbers(note.lines),
        "drags": [[drag.base, _numbers(drag.lines)] for drag in note.drags[-MOST_DRAGS:]],
        "group": note.trace.group,
        "results": [list(result) for result in note.trace.results[-MOST_RESULTS:]],
        "step": note.step,
        "look": note.look,
        "digest": _digest(note.data),
        "size": len(note.data),
    }
    if note.strokes:
        head["strokes"] = _painted(note.strokes[:MAX_STROKES])
    packed = json.dumps(head).encode()
    picture = b"" if note.picture is None else zlib.compress(note.picture.data, 1)
    return b"".join([MAGIC, struct.pack(">I", len(packed)), packed, note.data, picture])


def read_note(raw: bytes) -> Note:
    """The note in a document. Raises BadInput for one that cannot be read."""
    try:
        return _parsed(raw)
    except (
        ValueError,
        TypeError,
        KeyError,
        ArithmeticError,
        struct.error,
        RecursionError,
        zlib.error,
    ) as error:
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
    end = start + size + _whole(head["size"], MOST_DATA)
    data = raw[start + size : end]
    _demand(width > 0 and height > 0 and end <= len(raw) and head["digest"] == _digest(data))
    form = _one_of(head["form"], tuple(BYTES_PER_PIXEL))
    return Note(
        terms=Terms(
            region=_one_of(head["region"], REGIONS),
            model=_text(head["model"]),
            quality=_one_of(head["quality"], QUALITIES),
            angle=_angle(head.get("angle", 0.0)),
        ),
        source=Source(_text(head["layer"]), Crop(left, top, width, height)),
        form=form,
        lines=_lines(head["lines"]),
        drags=tuple(_drag(value) for value in _list(head["drags"], MOST_DRAGS)),
        trace=Trace(
            _text(head["group"]),
            tuple(_result(value) for value in _list(head["results"], MOST_RESULTS)),
        ),
        step=_whole(head["step"], FARTHEST),
        data=data,
        strokes=tuple(_stroke(value) for value in _list(head.get("strokes", []), MAX_STROKES)),
        picture=_picture(raw[end:], form, width, height),
        paste=_pasting(head["paste"]) if "paste" in head else Pasting(),
        look=_text(head.get("look", "")),
    )


def _picture(deflated: bytes, form: str, width: int, height: int) -> Optional[Image]:
    """As large as the crop, and no more work than that; None for nothing."""
    size = width * height * BYTES_PER_PIXEL[form]
    if not deflated:
        return None
    _demand(size <= MAX_BUFFER)
    stream = zlib.decompressobj()
    plain = stream.decompress(deflated, size + 1)
    _demand(len(plain) == size and stream.eof and not stream.unused_data)
    return Image(form, width, height, plain)


def _digest(data: bytes) -> str:
    """Tells damage, which may leave numbers that can be read; nothing against intent."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


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


def _angle(value: Any) -> float:
    degrees = float(value)
    _demand(-180 <= degrees <= 180)
    return degrees


def _pasting(value: Any) -> Pasting:
    what, detail, seam = _list(value, 3)
    _demand(isinstance(detail, bool) and isinstance(seam, bool))
    return Pasting(_one_of(what, PASTES), detail, seam)


def _numbers(lines: Tuple[HandleLine, ...]) -> List[List[float]]:
    return [[*line.start, *line.target] for line in lines]


def _drag(value: Any) -> PastDrag:
    base, lines = _list(value, 2)
    return PastDrag(_whole(base, FARTHEST), _lines(lines))


def _lines(value: Any) -> Tuple[HandleLine, ...]:
    return tuple(_line(line) for line in _list(value, MAX_HANDLES))


def _line(value: Any) -> HandleLine:
    numbers = [float(number) for number in _list(value, 4)]
    _demand(len(numbers) == 4 and all(0 <= number <= FARTHEST for number in numbers))
    start: Point = (numbers[0], numbers[1])
    return HandleLine(start, (numbers[2], numbers[3]))


def _painted(strokes: Tuple[Stroke, ...]) -> List[Any]:
    """With fewer points where there are very many: a wide brush hides the difference."""
    each = sum(len(stroke.points) for stroke in strokes) // MOST_PAINTED + 1
    return [_stroke_as_list(stroke, each) for stroke in strokes]


def _stroke_as_list(stroke: Stroke, each: int) -> List[Any]:
    points = (*stroke.points[:-1:each], stroke.points[-1])
    return [stroke.radius, stroke.erase, [round(n, 1) for point in points for n in point]]


def _stroke(value: Any) -> Stroke:
    radius, erase, numbers = _list(value, 3)
    _demand(isinstance(erase, bool) and 0 < float(radius) <= FARTHEST)
    flat = [float(number) for number in _list(numbers, 2 * MAX_POINTS)]
    _demand(len(flat) % 2 == 0 and len(flat) > 0)
    _demand(all(-FARTHEST <= number <= FARTHEST for number in flat))
    return Stroke(tuple(zip(flat[::2], flat[1::2])), float(radius), erase)


def _result(value: Any) -> Tuple[str, int]:
    layer, step = _list(value, 2)
    return _text(layer), _whole(step, FARTHEST)
