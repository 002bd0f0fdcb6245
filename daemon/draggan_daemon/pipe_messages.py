"""What parent and child say to each other over their pipe, to and from buffers; no sockets.

The first buffer is a msgpack map with `op`; messages of the protocol travel behind it as the wire's
`encode` makes them. The child is not trusted: what breaks a rule raises PipeBroken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgpack
from draggan_wire.errors import EngineFailed, WireError
from draggan_wire.messages import (
    FROM_CLIENT,
    FROM_DAEMON,
    Drag,
    Error,
    Message,
    decode,
    encode,
)
from draggan_wire.pixels import Bytes
from draggan_wire.schema import choice, integer, number, optional, read, text, truth

from .pipe import PipeBroken
from .worker import Coding, Event, Record, Snapshot

Buffers = list[Bytes]

POISONED = 71  # a child's exit status when its device has failed
MAX_HEAD = 1 << 22  # bytes: room for the sizes of a long timeline
_BIG = (1 << 53) - 1
_SESSION = text(64)
_RE = optional(integer(1, _BIG))
_YES = {"check": lambda value, name: bool(value)}


@dataclass(frozen=True)
class Standing:
    """The child is there (`ready`), or still is; `age` is that of the turn it is in, in seconds."""

    device: str = field(metadata=text())
    age: float = field(default=0.0, metadata=number(0, 1e12))


@dataclass(frozen=True)
class TurnOf:
    """Whose turn is computed from now on; nobody's: None."""

    session: str | None = field(default=None, metadata=optional(_SESSION))


@dataclass(frozen=True)
class Line:
    """A line for the daemon's log."""

    name: str = field(metadata=text(100))
    level: int = field(metadata=integer(0, 50))
    words: str = field(metadata=text(1 << 16))


@dataclass(frozen=True)
class _EventHead:
    session: str = field(metadata=_SESSION)
    stay: int = field(metadata=integer(0, _BIG))
    re: int | None = field(default=None, metadata=_RE)
    ends_session: bool = field(default=False, metadata=_YES)
    ends_job: bool = field(default=False, metadata=_YES)
    seconds: float = field(default=0.0, metadata=number(0, 1e12))
    record: dict[str, Any] | None = field(
        default=None, metadata={"check": lambda value, name: value}
    )


@dataclass(frozen=True)
class _RecordHead:
    has: str = field(metadata=text(3))  # "b", "l", "r": base, latent, resume follow
    step: int | None = field(default=None, metadata=optional(integer(0, _BIG)))
    frames: int = field(default=0, metadata=integer(0, _BIG))


@dataclass(frozen=True)
class _CodingHead:
    previews: str = field(metadata=choice("raw", "jpeg", "rows"))
    results: str = field(metadata=choice("raw", "rows"))
    budget: int | None = field(default=None, metadata=optional(integer(0, _BIG)))
    likeness: bool = field(default=False, metadata=truth())


def pack(op: str, buffers: Sequence[Bytes] = (), **head: Any) -> Buffers:
    """A message whose head needs no more than msgpack."""
    return [msgpack.packb({"op": op, **head}), *buffers]


def unpack(buffers: Sequence[Bytes]) -> tuple[str, dict[str, Any], Sequence[Bytes]]:
    """A message's op, the rest of its head, and the buffers behind it."""
    if not buffers or memoryview(buffers[0]).nbytes > MAX_HEAD:
        raise PipeBroken("a message without a head")
    try:
        head = msgpack.unpackb(buffers[0], raw=False, strict_map_key=True)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise PipeBroken("a head that is not msgpack") from error
    if not isinstance(head, dict) or not isinstance(op := head.pop("op", None), str):
        raise PipeBroken("a head without its op")
    return op, head, buffers[1:]


def notice(kind: type[Any], head: Mapping[str, Any]) -> Any:
    """A Standing, TurnOf or Line from its head."""
    try:
        return read(kind, head, kind.__name__)
    except WireError as error:
        raise PipeBroken(error.sentence) from error


# Events, from child to parent.


def pack_event(event: Event, stay: int) -> Buffers:
    """An event of the session's `stay`-th stay in the child."""
    record, kept = _record(event.record)
    said: Sequence[Bytes] = () if event.message is None else _encoded(event.message)
    return pack(
        "event",
        [*kept, *said],
        session=event.session,
        stay=stay,
        re=event.re,
        ends_session=event.ends_session,
        ends_job=event.ends_job,
        seconds=event.seconds,
        record=record,
    )


def unpack_event(head: Mapping[str, Any], buffers: Sequence[Bytes]) -> tuple[Event, int]:
    """The event and its stay's number."""
    try:
        found = read(_EventHead, head, "event")
        record, rest = _unpack_record(found.record, buffers)
        message = decode(rest, ops=FROM_DAEMON).message if rest else None
    except WireError as error:
        raise PipeBroken(error.sentence) from error
    ends = found.ends_session
    event = Event(found.session, message, found.re, ends, record, found.seconds, found.ends_job)
    return event, found.stay


def _encoded(message: Message) -> Sequence[Bytes]:
    """What an engine says against the rules is said, not sent."""
    try:
        return encode(message)
    except WireError as error:
        problem = EngineFailed("The engine's answer broke the protocol.", hint=error.sentence)
        session = getattr(message, "session", None)
        return encode(Error(problem.code, problem.sentence, problem.hint[:2000], session))


def _record(record: Record | None) -> tuple[dict[str, Any] | None, Buffers]:
    if record is None:
        return None, []
    parts = {"b": record.base, "l": record.latent, "r": record.resume}
    there = {name: data for name, data in parts.items() if data is not None}
    head = {"has": "".join(there), "step": record.step, "frames": record.frames}
    return head, list(there.values())


def _unpack_record(head: Any, buffers: Sequence[Bytes]) -> tuple[Record | None, Sequence[Bytes]]:
    if head is None:
        return None, buffers
    found = read(_RecordHead, head, "record")
    count = len(found.has)
    if len(set(found.has)) != count or not set(found.has) <= set("blr") or count > len(buffers):
        raise PipeBroken("a record without its parts")
    part = {name: bytes(data) for name, data in zip(found.has, buffers, strict=False)}
    kept = Record(part.get("b"), found.step, part.get("l"), part.get("r"), found.frames)
    return kept, buffers[count:]


# Requests, from parent to child.


def pack_request(session: str, message: Message, re: int | None, stay: int = 0) -> Buffers:
    """An open (the session's `stay`-th stay begins), drag, seek or save."""
    return pack("ask", encode(message), session=session, re=re, stay=stay)


def unpack_request(buffers: Sequence[Bytes]) -> Message:
    return decode(buffers, ops=FROM_CLIENT).message


def pack_restore(session: str, snapshot: Snapshot, re: int | None, stay: int) -> Buffers:
    resume = [] if snapshot.resume is None else [snapshot.resume]
    drag: Sequence[Bytes] = () if snapshot.drag is None else encode(snapshot.drag)
    return pack(
        "restore",
        [snapshot.base, *resume, *(latent for _, latent in snapshot.steps), *drag],
        session=session,
        re=re,
        stay=stay,
        steps=[index for index, _ in snapshot.steps],
        resumes=bool(resume),
        **{name: getattr(snapshot, name) for name in _PLAIN},
    )


_PLAIN = ("position", "first", "kept", "frames", "model")


def unpack_restore(head: Mapping[str, Any], buffers: Sequence[Bytes]) -> Snapshot:
    parts = iter(buffers)
    base = bytes(next(parts))
    resume = bytes(next(parts)) if head["resumes"] else None
    steps = tuple((index, bytes(next(parts))) for index in head["steps"])
    rest = list(parts)
    drag = unpack_request(rest) if rest else None
    assert drag is None or isinstance(drag, Drag)
    plain = {name: head[name] for name in _PLAIN}
    return Snapshot(base=base, steps=steps, drag=drag, resume=resume, **plain)


def pack_coding(session: str, coding: Coding) -> Buffers:
    return pack("code", session=session, coding=asdict(coding))


def unpack_coding(head: Mapping[str, Any]) -> Coding:
    found = read(_CodingHead, head["coding"], "coding")
    return Coding(found.previews, found.results, found.budget, found.likeness)
