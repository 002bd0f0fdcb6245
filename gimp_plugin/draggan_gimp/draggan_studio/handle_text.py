"""Handles as text, read and written: what scripts give and dialogs remember; standard library only.

    "120,80:150,80; 40,200"                                  an arrow, and a pin
    "[[120, 80, 150, 80], [40, 200]]"                        the same as JSON
    '[{"from": [120, 80], "to": [150, 80]}, {"from": [40, 200]}]'

All numbers are pixels of the image, x before y. Scripts are written by strangers: whatever stands
in a text, the answer is handles or a BadInput that names the part that is wrong.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Iterable, List, Tuple

from .draggan_wire.crop import Crop
from .draggan_wire.errors import BadInput
from .draggan_wire.messages import MAX_HANDLES, Point
from .draggan_wire.workbench.handles import HandleLine
from .draggan_wire.workbench.region import holds

LONGEST = 20_000  # characters: 64 handles as roomy JSON are less than half of that
FARTHEST = 1e6  # pixels from the origin: no image is that large
FORM = "Write x1,y1:x2,y2 for an arrow and x,y for a pin, with ';' between handles."
DECIMALS = "A decimal is written with a point: 1.5,20:30.25,40."
JSON_FORM = 'Write [[x1, y1, x2, y2], [x, y]] or [{"from": [x1, y1], "to": [x2, y2]}].'

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_SHOWN = 60  # characters of a part that a sentence repeats


def parse_handles(text: str) -> Tuple[HandleLine, ...]:
    """The handles that a text names, in its order; none for an empty one.

    Handles are separated by semicolons or line ends, blanks mean nothing; a text that begins with a
    bracket or a brace is JSON, a list of handles or {"handles": a list}. Raises BadInput for all
    else, for more than MAX_HANDLES handles and for numbers beyond FARTHEST.
    """
    if len(text) > LONGEST:
        raise BadInput(
            f"The handles are a text of {len(text)} characters; at most {LONGEST} are read.",
            hint=f"Give at most {MAX_HANDLES} handles.",
        )
    text = text.strip()
    handles = _from_json(text) if text[:1] in ("[", "{") else _from_plain(text)
    if len(handles) > MAX_HANDLES:
        raise BadInput(
            f"There are {len(handles)} handles; at most {MAX_HANDLES} are possible.",
            hint="Leave some out.",
        )
    if text and not handles:
        raise BadInput("The handles are a text without a handle.", hint=FORM)
    return handles


def format_handles(lines: Iterable[HandleLine]) -> str:
    """The text that `parse_handles` reads as these handles, to a hundredth of a pixel."""
    return "; ".join(map(_written, lines))


def check_inside(lines: Iterable[HandleLine], place: Crop, name: str) -> None:
    """Raises BadInput that says which handle lies outside of a place, which is called `name`."""
    right, bottom = place.left + place.width, place.top + place.height
    for number, line in enumerate(lines, start=1):
        if not holds(place, (line.start, line.target)):
            raise BadInput(
                f"Handle {number} ({_written(line)}) lies outside {name}.",
                hint=f"There x goes from {place.left} to {right}, y from {place.top} to {bottom}.",
            )


def _written(line: HandleLine) -> str:
    start, target = _written_point(line.start), _written_point(line.target)
    return start if start == target else f"{start}:{target}"


def _written_point(point: Point) -> str:
    return ",".join(_written_number(value) for value in point)


def _written_number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# The plain form.


def _from_plain(text: str) -> Tuple[HandleLine, ...]:
    parts = [part.strip() for part in re.split(r"[;\r\n]", text)]
    named = enumerate((part for part in parts if part), start=1)
    return tuple(_plain_handle(f"Handle {n} ({_quoted(part)})", part) for n, part in named)


def _plain_handle(name: str, part: str) -> HandleLine:
    points = part.split(":")
    if len(points) > 2:
        raise BadInput(f"{name} has {len(points)} points; a handle has one or two.", hint=FORM)
    ends = [_plain_point(name, point.strip()) for point in points]
    return HandleLine(ends[0], ends[-1])


def _plain_point(name: str, text: str) -> Point:
    if not text:
        raise BadInput(f"{name}: a point is missing beside the ':'.", hint=FORM)
    values = [value.strip() for value in text.split(",")]
    if len(values) == 1:
        raise BadInput(f"{name}: {_quoted(text)} is no point, which is x,y.", hint=FORM)
    numbers = [_plain_number(name, value) for value in values]
    if len(numbers) > 2:
        raise BadInput(
            f"{name}: {_quoted(text)} has {len(numbers)} numbers; a point has two, x and y.",
            hint=f"{FORM} {DECIMALS}",
        )
    return numbers[0], numbers[1]


def _plain_number(name: str, text: str) -> float:
    if not text:
        raise BadInput(f"{name}: a number is missing beside a comma.", hint=FORM)
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"{name}: {_quoted(text)} is not a number.", hint=FORM)
    return _near(name, float(text))


# JSON.


def _from_json(text: str) -> Tuple[HandleLine, ...]:
    content = _loaded(text)
    if isinstance(content, dict):
        if set(content) != {"handles"}:
            raise BadInput('A JSON object must have "handles" and no more.', hint=JSON_FORM)
        content = content["handles"]
    if not isinstance(content, list):
        raise BadInput("The handles in the JSON text are no list.", hint=JSON_FORM)
    return tuple(_json_handle(f"Handle {n} ({_shown(c)})", c) for n, c in enumerate(content, 1))


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"The handles begin like JSON but are none: line {error.lineno}, "
            f"column {error.colno}: {error.msg}.",
            hint=JSON_FORM,
        ) from error
    except (ValueError, RecursionError) as error:  # digits without end, lists in lists in lists
        raise BadInput("The handles' JSON cannot be read.", hint=JSON_FORM) from error


def _json_handle(name: str, value: Any) -> HandleLine:
    if isinstance(value, dict):
        if not {"from"} <= set(value) <= {"from", "to"}:
            raise BadInput(f'{name} must have "from", may have "to", and no more.', hint=JSON_FORM)
        start = _json_point(f'{name}, "from"', value["from"])
        return HandleLine(start, _json_point(f'{name}, "to"', value.get("to", value["from"])))
    if not isinstance(value, list) or len(value) not in (2, 4):
        raise BadInput(f"{name} is not a list of two or four numbers.", hint=JSON_FORM)
    return HandleLine(_json_point(name, value[:2]), _json_point(name, value[-2:]))


def _json_point(name: str, value: Any) -> Point:
    if not isinstance(value, list) or len(value) != 2:
        raise BadInput(f"{name}: {_shown(value)} is not a point [x, y].", hint=JSON_FORM)
    numbers: List[float] = [_json_number(name, number) for number in value]
    return numbers[0], numbers[1]


def _json_number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput(f"{name}: {_shown(value)} is not a number.", hint=JSON_FORM)
    try:
        return _near(name, float(value))
    except OverflowError:
        return _near(name, math.inf)


# Both.


def _near(name: str, value: float) -> float:
    if math.isnan(value):
        raise BadInput(f"{name}: NaN is not a number.", hint="Give each point in pixels.")
    if not abs(value) <= FARTHEST:
        raise BadInput(
            f"{name}: {value:g} is farther away than any pixel.",
            hint="Give points in pixels of the image, x from the left and y from the top.",
        )
    return value


def _shown(value: Any) -> str:
    """A piece of JSON as it may stand in a sentence."""
    return _clipped(json.dumps(value))


def _quoted(text: str) -> str:
    return repr(_clipped(text))


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
