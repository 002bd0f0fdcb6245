"""Checks that turn a stranger's msgpack values into typed fields; standard library only.

A rule is the metadata of a dataclass field: `steps: int = field(metadata=integer(1, 9))`. The same
rules hold for what we send, so a mistake of ours shows where it is made.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Callable, Dict, Mapping, Type, TypeVar

from .errors import BadMessage

Check = Callable[[Any, str], Any]  # (value, name of the field) -> the value in its final type
Rule = Mapping[str, Any]
T = TypeVar("T")
_HEX = set("0123456789abcdef")


def refuse(name: str, wanted: str) -> BadMessage:
    """The error for a field that is not what it should be."""
    return BadMessage(
        f"A message breaks the protocol: {name} must be {wanted}.",
        hint="Update the daemon and its client to the same version; report it if it stays.",
    )


def integer(low: int, high: int) -> Rule:
    """A whole number in [low, high]; truth values are not numbers."""

    def check(value: Any, name: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise refuse(name, f"a whole number from {low} to {high}")
        return value

    return {"check": check}


def number(low: float, high: float) -> Rule:
    """A finite number in [low, high], read as a float."""

    def check(value: Any, name: str) -> float:
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not math.isfinite(value) or not low <= value <= high:
            raise refuse(name, f"a number from {low:g} to {high:g}")
        return float(value)

    return {"check": check}


def text(limit: int = 200) -> Rule:
    """A string of at most `limit` characters, without NUL."""

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str) or len(value) > limit or "\0" in value:
            raise refuse(name, f"a text of at most {limit} characters")
        return value

    return {"check": check}


def identifier() -> Rule:
    """A name that a machine made: 1 to 64 letters, digits, '-', '_', '.'; never a path."""

    def check(value: Any, name: str) -> str:
        plain = isinstance(value, str) and 0 < len(value) <= 64 and value.isascii()
        if not plain or not value.replace("-", "a").replace("_", "a").replace(".", "a").isalnum():
            raise refuse(name, "a name of letters, digits, '-', '_' and '.'")
        return str(value)

    return {"check": check}


def model_id() -> Rule:
    """An identifier of a model; a path gets words of its own, since people write them."""
    plain = identifier()["check"]

    def check(value: Any, name: str) -> str:
        if isinstance(value, str) and (not value or set(value) & set("/\\: ") or len(value) > 64):
            raise BadMessage(
                f"{value[:80]!r} is no name of a model.",
                hint="Write the name that `draggan models` lists; import a file to give it one.",
            )
        return str(plain(value, name))

    return {"check": check}


def hexadecimal(digits: int) -> Rule:
    """A text of exactly so many lower-case hexadecimal digits."""

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str) or len(value) != digits or set(value) - _HEX:
            raise refuse(name, f"{digits} hexadecimal digits")
        return value

    return {"check": check}


def truth() -> Rule:
    """True or False; numbers are neither."""

    def check(value: Any, name: str) -> bool:
        if not isinstance(value, bool):
            raise refuse(name, "true or false")
        return value

    return {"check": check}


def choice(*words: str) -> Rule:
    """One of the given words."""

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise refuse(name, "one of " + ", ".join(words))
        return value

    return {"check": check}


def point(limit: float) -> Rule:
    """(x, y), finite, each within [-limit, limit]."""
    coordinate = number(-limit, limit)["check"]

    def check(value: Any, name: str) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            raise refuse(name, "a pair of x and y")
        return coordinate(value[0], f"{name}.x"), coordinate(value[1], f"{name}.y")

    return {"check": check}


def many(rule: Rule, limit: int) -> Rule:
    """A list of at most `limit` values that each keep `rule`, read as a tuple."""
    inner = rule["check"]

    def check(value: Any, name: str) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) > limit:
            raise refuse(name, f"a list of at most {limit}")
        return tuple(inner(item, f"{name}[{i}]") for i, item in enumerate(value))

    return {"check": check}


def optional(rule: Rule) -> Rule:
    """The rule, or nothing at all."""
    inner = rule["check"]
    return {"check": lambda value, name: None if value is None else inner(value, name)}


def record(kind: Type[Any]) -> Rule:
    """A map that fills the frozen dataclass `kind`."""
    return {"check": lambda value, name: read(kind, value, name)}


def buffer(kind: Type[Any]) -> Rule:
    """An Image or a Blob (`kind`) that travels as a raw frame of its own, not in the header."""

    def check(value: Any, name: str) -> Any:
        if not isinstance(value, kind):
            raise refuse(name, f"a buffer of the other kind, {kind.__name__.lower()}")
        return value

    return {"buffer": True, "check": check}


def read(kind: Type[T], values: Any, name: str) -> T:
    """A dataclass from a map: unknown keys are ignored, missing ones need a default."""
    if not isinstance(values, Mapping):
        raise refuse(name, "a map")
    found: Dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name in values:
            check = field.metadata["check"]
            found[field.name] = check(values[field.name], f"{name}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise refuse(f"{name}.{field.name}", "there")
    return kind(**found)


def plain(value: Any) -> Any:
    """What msgpack can carry: dataclasses become maps, without Nones that are defaults anyway."""
    if dataclasses.is_dataclass(value):
        places = (f for f in dataclasses.fields(value) if "buffer" not in f.metadata)
        pairs = ((f, getattr(value, f.name)) for f in places)
        return {f.name: plain(v) for f, v in pairs if v is not None or f.default is not None}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
