"""Protocol DGD1 between editors and daemon: this text is the authority; standard library only.

Form
    One ZeroMQ multipart per message (after ROUTER's routing id):
    [b"DGD1"] [msgpack map of at most 64 KiB] [0 to 8 raw buffers].
    The map holds `op` (a message's name), the message's own fields, and
      id    a number that the client gives to a request, counting up from 1
      re    in all that the daemon sends because of a request: the request's `id`
      bufs  what the raw buffers are, in their order: {name, format, width, height, bytes}; `name`
            is the field that the picture fills, formats and layout stand in `pixels.py`. Saved
            data is no picture but a blob: {name, format: "bytes", bytes}. `coding` says how a
            frame's picture is coded, if it is: "jpeg" (previews and likenesses only) or "rows",
            see `pixels.py`
      ev    the number of an event, see "Delivery"
    A message of more than 256 KiB may travel in pieces, see `parts.py`.
    A missing field with a default takes it; unknown keys are ignored; unknown ops are answered with
    the error `unsupported`. Every buffer is described and has exactly the size described.

Versions
    The major version is the first frame's digit. It changes only when an older peer would
    misunderstand; everything else is an added key, an added op or a named feature (`hello`,
    `welcome`): "acks" numbers events and expects them to be acknowledged, "parts" puts pieces
    together, "rows" and "jpeg" read pictures so coded, "link" measures the connection with a ping
    every few seconds, or wants to know what was measured; "likeness" takes frames of that kind,
    "refine" hears of what the model learns after the first `ready`, "reopen" (the daemon's) opens
    saved data together with a picture. A peer with another major is answered in
    a form that never changes:
    [b"DGDx"] [msgpack {"error": "protocol", "server": [the majors that the server speaks]}].

Coordinates
    A point is (x, y) in floats, x before y, in pixels of the picture that was opened. A picture of
    W x H pixels covers [0, W] x [0, H]; the pixel in column i and row j has its centre at
    (i + .5, j + .5). Points keep these coordinates when a preview is sent smaller than the picture.

Conversation                          (what the daemon sends, in order)
    hello   -> welcome                first message of every connection; before it only errors
    open    -> opened, progress... with frame likeness... among them, [frame result of step 0, if
               opened from a seed], ready; where that is not final: [frame likeness], ready at last
               opened from saved data: opened, progress... (only where the model must be tuned to
               the picture again), frame result of the present step, ready
    drag    -> frame..., frame result, done
    seek    -> frame result           a step of the timeline; the next drag goes on from there.
                                      `points` are where the handles are then, none at step 0;
                                      distances and statuses are not known
    save    -> saved                  of an idle session (else error `busy`): its picture, timeline,
                                      step and tuning, opaque, for `open` on any later day with the
                                      very same model
    stop    -> state                  at once, while a step computes. Then the drag ends with `done`
                                      (reason stopped) as always; an opening ends with `closed`,
                                      what goes on after its first `ready` with the final one
    close   -> closed                 whatever the session was doing
    models  -> model_list;  ping -> pong, at once;  credit, ack, link -> nothing
    redeem  -> redeemed               the one thing that the connection of an invitation may do
    manage  -> report                 for the daemon's own user, on the local socket
    A pong without `re` is the daemon finding out whether a quiet client is still there.
    Any request may be answered by `error` instead, which then is the last answer to it. An error
    without `re` and without a session is a farewell: the connection is over. The daemon sends
    `state` whenever a session's state changes.
    Step 0 of a session's timeline is the opened picture; each drag step appends one, a drag after
    `seek` first drops what came later. A handle whose target is the same point is a pin.
    The mask of `drag` is gray8 of the picture's size: 255 may move, 0 must stay; none = all may
    move. The weight of `open` likewise: how much each pixel counts when the picture is inverted.
    After a `ready` that is not final the session is idle, and serves whatever is asked: the model
    goes on learning the picture in between, while nothing is asked, and the final `ready` comes
    between other answers. From then on each step of the timeline has its picture as the model
    knows it better. The final one comes at the latest when the session is brought back after a
    loss, with what was known by then; a client without "refine" hears the first one alone. Saved
    data may be without its picture: then `open` needs both; another picture of that size is taken.

Delivery
    Frames of a session are numbered by `seq`. A `preview` costs one credit, is only sent against
    credit, and the newest replaces what waits for it: numbers may be missing. So does a `likeness`,
    but what has been sent of them is not dropped, and the last one before a `ready` is sent without
    credit, too: the next one given pays for it. All else (`kept` and `result` frames, done, error,
    progress...) is never dropped. With the feature "acks" these
    events of a session are numbered from 1 (`ev`), the client says by `ack` up to where it has
    taken them, and what it has not taken is sent again after a reconnect. Clients give a credit
    back after they have drawn a preview or a likeness. A session starts without credit, and credit
    is capped at 8.
    A preview may be smaller than the picture (`preview_max_side`), a likeness has at most 256
    pixels on its longer side; `kept` and `result` are of the picture's size; all have the opened
    picture's pixel format (rgb8 for a seed). `kept` and `result` say by `changed` which pixels are
    not those of the opened picture.

Sessions
    A session belongs to its connection. After a reconnect, `hello` names the sessions with their
    tokens, and the last event that it has taken of each; `welcome` says which of them live on
    (without credit, like a new one); the others must be opened again. Sessions outlive the daemon
    that keeps a journal: a drag that was cut off goes on by itself, under the same `re`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type, Union

from . import _msgpack
from .errors import BadMessage, LimitExceeded, Unsupported, WireError, WrongProtocol
from .from_client import (
    FROM_CLIENT,
    Ack,
    Close,
    Credit,
    Drag,
    Hello,
    Link,
    ListModels,
    Manage,
    Open,
    Ping,
    Redeem,
    Save,
    Seek,
    Stop,
)
from .from_daemon import (
    FROM_DAEMON,
    Closed,
    Done,
    Error,
    Frame,
    ModelList,
    Opened,
    Pong,
    Progress,
    Ready,
    Redeemed,
    Report,
    Saved,
    State,
    Welcome,
)
from .pixels import Blob, Bytes, Image
from .schema import plain, read, refuse
from .values import (
    FLEETING,
    MAX_CREDIT,
    MAX_HANDLES,
    MAX_NOTE,
    MAX_NOTES,
    STATUSES,
    DragSettings,
    HandleResult,
    Limits,
    ModelInfo,
    Pasting,
    Point,
    SessionKey,
)

__all__ = [
    "FLEETING",
    "FROM_CLIENT",
    "FROM_DAEMON",
    "MAGIC",
    "MAJORS",
    "MAX_CREDIT",
    "MAX_HANDLES",
    "MAX_NOTE",
    "MAX_NOTES",
    "MISMATCH",
    "STATUSES",
    "Ack",
    "Blob",
    "Close",
    "Closed",
    "Credit",
    "Done",
    "Drag",
    "DragSettings",
    "Envelope",
    "Error",
    "Frame",
    "HandleResult",
    "Hello",
    "Image",
    "Limits",
    "Link",
    "ListModels",
    "Manage",
    "Message",
    "ModelInfo",
    "ModelList",
    "Open",
    "Opened",
    "Pasting",
    "Ping",
    "Point",
    "Pong",
    "Progress",
    "Ready",
    "Redeem",
    "Redeemed",
    "Report",
    "Save",
    "Saved",
    "Seek",
    "SessionKey",
    "State",
    "Stop",
    "Welcome",
    "decode",
    "encode",
    "encode_mismatch",
    "wrong_protocol",
]

MAGIC = b"DGD1"
MISMATCH = b"DGDx"
MAJORS = (1,)
MAX_HEADER = 1 << 16
MAX_BUFFERS = 8
BLOB = "bytes"  # a blob's format in its description

Buffer = Union[Image, Blob]

Message = Union[
    Hello, Open, Drag, Stop, Seek, Save, Credit, Ack, Link, Close, ListModels, Ping, Redeem, Manage,
    Welcome, ModelList, Opened, State, Progress, Ready, Frame, Saved, Done, Error, Closed, Pong,
    Redeemed, Report,
]  # fmt: skip
_EVERY: Mapping[str, Type[Any]] = {**FROM_CLIENT, **FROM_DAEMON}


@dataclass(frozen=True)
class Envelope:
    """A message with its own number (`id`), the number of the request it answers (`re`), and its
    place among its session's events (`event`)."""

    message: Message
    id: Optional[int] = None
    re: Optional[int] = None
    event: Optional[int] = None


def encode(
    message: Message,
    *,
    request: Optional[int] = None,
    reply: Optional[int] = None,
    event: Optional[int] = None,
) -> List[Bytes]:
    """The frames of a message; raises BadMessage or LimitExceeded where it breaks the rules.

    `request` becomes `id`, `reply` becomes `re`, `event` becomes `ev`. Buffers
    are passed on without a copy.
    """
    header = plain(message)
    buffers = _buffers(message)
    read(type(message), {**header, **buffers}, message.op)
    header["op"] = message.op
    numbers = (("id", request), ("re", reply), ("ev", event))
    header.update({key: value for key, value in numbers if value is not None})
    if buffers:
        header["bufs"] = [_describe(name, buffer) for name, buffer in buffers.items()]
    packed = _msgpack.packb(header)
    if len(packed) > MAX_HEADER:
        raise LimitExceeded("A message's header is too large.", hint="Send less at once.")
    return [MAGIC, packed, *(buffer.data for buffer in buffers.values())]


def decode(frames: Sequence[Bytes], *, ops: Mapping[str, Type[Any]] = _EVERY) -> Envelope:
    """A message from its frames, of the kinds in `ops` (FROM_CLIENT or FROM_DAEMON).

    Raises BadMessage, Unsupported, LimitExceeded or WrongProtocol and nothing else; the error's
    `request` is the message's id where that much could be read. Buffers share the frames' memory.
    """
    _check_magic(frames)
    header = _unpack(frames[1]) if len(frames) > 1 else None
    if not isinstance(header, dict):
        raise refuse("the header", "a msgpack map")
    number = _number(header, "id")
    try:
        re, event = _number(header, "re"), _number(header, "ev")
        return Envelope(_message(header, frames[2:], ops), number, re, event)
    except WireError as error:
        error.request = number
        raise


def encode_mismatch() -> List[Bytes]:
    """The answer to a peer of another major version; its form never changes."""
    return [MISMATCH, _msgpack.packb({"error": "protocol", "server": list(MAJORS)})]


def wrong_protocol(theirs: Sequence[int]) -> WrongProtocol:
    """The error for a daemon that speaks the majors `theirs`, naming the side to update."""
    newer = max(theirs, default=0) > max(MAJORS)
    spoken = ", ".join(str(major) for major in theirs) or "unknown"
    side = "this program or plugin" if newer else "the daemon"
    return WrongProtocol(
        f"The daemon speaks protocol {spoken}, this program speaks {MAJORS[-1]}.",
        hint=f"Update {side}: `pip install --upgrade draggan-studio` where it lives.",
    )


def _check_magic(frames: Sequence[Bytes]) -> None:
    """Protocol DGD1 with a bounded number of frames, or the error that says what else it is."""
    magic = bytes(frames[0][:8]) if frames else b""
    if magic == MAGIC:
        if len(frames) > 2 + MAX_BUFFERS:
            raise LimitExceeded("A message has too many parts.", hint="Send fewer pictures.")
        return
    if magic == MISMATCH and len(frames) == 2:
        answer = _unpack(frames[1])
        majors = answer.get("server") if isinstance(answer, dict) else None
        known = majors if isinstance(majors, list) else []
        raise wrong_protocol([major for major in known[:16] if type(major) is int])
    if len(magic) == 4 and magic.startswith(b"DGD") and magic[3:].isdigit():
        raise wrong_protocol([int(magic[3:])])
    raise BadMessage(
        "Something that is not DragGAN's protocol came over the connection.",
        hint="Check the address: another program may be listening or sending there.",
    )


def _unpack(frame: Bytes) -> Any:
    """A header's values within limits that bound time and memory (at most 64 KiB of msgpack)."""
    if memoryview(frame).nbytes > MAX_HEADER:
        raise LimitExceeded("A message's header is too large.", hint="Send less at once.")
    try:
        return _msgpack.unpackb(
            bytes(frame),
            raw=False,
            strict_map_key=True,
            max_str_len=4096,
            max_bin_len=4096,
            max_array_len=4096,
            max_map_len=64,
            max_ext_len=0,
        )
    except (ValueError, TypeError, KeyError, RecursionError, _msgpack.UnpackException) as error:
        raise refuse("the header", "msgpack within the limits") from error


def _number(header: Mapping[str, Any], key: str) -> Optional[int]:
    """A request number, or None where there is none."""
    value = header.get(key)
    if value is None:
        return None
    if type(value) is not int or not 0 < value <= 1 << 53:
        raise refuse(key, "a request's number")
    return value


def _message(
    header: Mapping[str, Any], buffers: Sequence[Bytes], ops: Mapping[str, Type[Any]]
) -> Message:
    """The dataclass that a checked header and its buffers fill."""
    op = header.get("op")
    if not isinstance(op, str):
        raise refuse("op", "the message's name")
    if op not in ops:
        raise Unsupported(
            f"The operation {op[:40]!r} is not known here.",
            hint="Update the older side: daemon and client differ in age.",
        )
    found = _read_buffers(header.get("bufs", []), buffers)
    kind = ops[op]
    places = {field.name for field in fields(kind) if "buffer" in field.metadata}
    if not found.keys() <= places:
        raise refuse(f"{op}.bufs", "of the message's own buffers")
    values = {key: value for key, value in header.items() if key not in places}
    message: Message = read(kind, {**values, **found}, op)
    return message


def _buffers(message: Message) -> Dict[str, Buffer]:
    """The message's pictures and blobs by field name, in the order in which they travel."""
    names = (field.name for field in fields(message) if "buffer" in field.metadata)
    found = ((name, getattr(message, name)) for name in names)
    return {name: buffer for name, buffer in found if buffer is not None}


def _describe(name: str, buffer: Buffer) -> Dict[str, Any]:
    size = memoryview(buffer.data).nbytes
    if isinstance(buffer, Blob):
        return {"name": name, "format": BLOB, "bytes": size}
    form = {key: getattr(buffer, key) for key in ("format", "width", "height")}
    coding = {} if buffer.coding == "raw" else {"coding": buffer.coding}
    return {"name": name, **form, **coding, "bytes": size}


def _read_buffers(described: Any, buffers: Sequence[Bytes]) -> Dict[str, Buffer]:
    """Buffers from their descriptions and raw frames; nothing may be missing, extra or twice."""
    if not isinstance(described, list) or len(described) != len(buffers):
        raise refuse("bufs", "a description of each buffer")
    found: Dict[str, Buffer] = {}
    for entry, data in ((described[i], data) for i, data in enumerate(buffers)):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise refuse("bufs", "maps with a name")
        if entry["name"] in found or entry.get("bytes") != memoryview(data).nbytes:
            raise refuse("bufs", "of the size they describe, each once")
        found[entry["name"]] = _read_buffer(entry, data)
    return found


def _read_buffer(entry: Mapping[str, Any], data: Bytes) -> Buffer:
    if entry.get("format") == BLOB:
        return Blob(data)
    form: Dict[str, Any] = {key: entry.get(key) for key in ("format", "width", "height")}
    return Image(**form, data=data, coding=entry.get("coding", "raw"))
