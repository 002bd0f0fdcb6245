"""What a client may say; each message's place in the conversation stands in `messages`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Mapping, Optional, Tuple, Type

from .pixels import MAX_SIDE, Blob, Image
from .schema import (
    buffer,
    choice,
    hexadecimal,
    integer,
    many,
    model_id,
    number,
    optional,
    record,
    refuse,
    text,
)
from .values import (
    EVENT,
    FEATURES,
    ID,
    MAX_CREDIT,
    MAX_STEPS,
    POINTS,
    STEP,
    DragSettings,
    Pasting,
    Point,
    SessionKey,
    check_plane,
)


@dataclass(frozen=True)
class Hello:
    op: ClassVar[str] = "hello"
    protocols: Tuple[int, ...] = field(metadata=many(integer(0, 999), 16))
    client: str = field(metadata=text())  # name and version, for logs: "krita-plugin 0.4"
    features: Tuple[str, ...] = field(default=(), metadata=FEATURES)
    resume: Tuple[SessionKey, ...] = field(default=(), metadata=many(record(SessionKey), 64))


@dataclass(frozen=True)
class Open:
    """A picture to invert, or a seed to sample (with truncation psi and a class label), or saved.

    One of the three, or `saved` with the picture that it was made of: `saved` is what `Saved`
    brought, and may be without its picture. `angle` is by how many degrees what the model knows is
    turned in the picture, clockwise.
    """

    op: ClassVar[str] = "open"
    model: str = field(metadata=model_id())
    image: Optional[Image] = field(default=None, metadata=buffer(Image))
    weight: Optional[Image] = field(default=None, metadata=buffer(Image))
    saved: Optional[Blob] = field(default=None, metadata=buffer(Blob))
    seed: Optional[int] = field(default=None, metadata=optional(integer(0, (1 << 32) - 1)))
    truncation: float = field(default=1.0, metadata=number(0, 2))
    label: Optional[int] = field(default=None, metadata=optional(integer(0, 1 << 20)))
    quality: str = field(default="balanced", metadata=choice("fast", "balanced", "best"))
    angle: float = field(default=0.0, metadata=number(-180, 180))

    def __post_init__(self) -> None:
        given = self.image is not None or self.saved is not None
        if given == (self.seed is not None):
            raise refuse("open", "a picture, or saved data, or both, or a seed")
        check_plane(self.weight, "open.weight", self.image)
        _check_raw(self.image, self.weight)


@dataclass(frozen=True)
class Drag:
    """Move each handle to its target; `keep_every` = n asks for each n-th step as a kept frame."""

    op: ClassVar[str] = "drag"
    session: str = field(metadata=ID)
    handles: Tuple[Point, ...] = field(metadata=POINTS)
    targets: Tuple[Point, ...] = field(metadata=POINTS)
    mask: Optional[Image] = field(default=None, metadata=buffer(Image))
    settings: DragSettings = field(default=DragSettings(), metadata=record(DragSettings))
    preview_every_ms: Optional[int] = field(default=100, metadata=optional(integer(0, 60_000)))
    preview_max_side: Optional[int] = field(default=None, metadata=optional(integer(16, MAX_SIDE)))
    keep_every: Optional[int] = field(default=None, metadata=optional(integer(1, MAX_STEPS)))
    paste: Pasting = field(default=Pasting(), metadata=record(Pasting))

    def __post_init__(self) -> None:
        if not self.handles or len(self.handles) != len(self.targets):
            raise refuse("drag", "at least one handle, and a target for each")
        check_plane(self.mask, "drag.mask", None)
        _check_raw(self.mask)


@dataclass(frozen=True)
class Stop:
    op: ClassVar[str] = "stop"
    session: str = field(metadata=ID)


@dataclass(frozen=True)
class Seek:
    op: ClassVar[str] = "seek"
    session: str = field(metadata=ID)
    step: int = field(metadata=STEP)
    paste: Pasting = field(default=Pasting(), metadata=record(Pasting))


@dataclass(frozen=True)
class Save:
    """Asks an idle session for all that opens it again later."""

    op: ClassVar[str] = "save"
    session: str = field(metadata=ID)


@dataclass(frozen=True)
class Credit:
    """`n` more previews may be sent."""

    op: ClassVar[str] = "credit"
    session: str = field(metadata=ID)
    n: int = field(default=1, metadata=integer(1, MAX_CREDIT))


@dataclass(frozen=True)
class Ack:
    """All of the session's events up to this number have been taken."""

    op: ClassVar[str] = "ack"
    session: str = field(metadata=ID)
    event: int = field(metadata=EVENT)


@dataclass(frozen=True)
class Link:
    """What the client has measured: the shortest way there and back, and what comes through."""

    op: ClassVar[str] = "link"
    round_trip_ms: float = field(metadata=number(0, 60_000))
    bytes_per_second: Optional[float] = field(default=None, metadata=optional(number(1, 1e12)))


@dataclass(frozen=True)
class Close:
    op: ClassVar[str] = "close"
    session: str = field(metadata=ID)


@dataclass(frozen=True)
class ListModels:
    op: ClassVar[str] = "models"


@dataclass(frozen=True)
class Ping:
    op: ClassVar[str] = "ping"


@dataclass(frozen=True)
class Redeem:
    """Over an invitation's connection, and its only use: `key`, the public half of the key pair
    with which this user comes from now on, as 64 hexadecimal digits."""

    op: ClassVar[str] = "redeem"
    key: str = field(metadata=hexadecimal(64))


@dataclass(frozen=True)
class Manage:
    """An administrator's errand; only over the local socket."""

    op: ClassVar[str] = "manage"
    errand: str = field(metadata=choice("status", "sessions", "drain", "reload"))


FROM_CLIENT: Mapping[str, Type[Any]] = {
    kind.op: kind
    for kind in (
        Hello, Open, Drag, Stop, Seek, Save, Credit, Ack, Link, Close, ListModels, Ping, Redeem,
        Manage,
    )
}  # fmt: skip


def _check_raw(*pictures: Optional[Image]) -> None:
    """Decoding a stranger's picture is no work for a daemon."""
    if any(picture is not None and picture.coding != "raw" for picture in pictures):
        raise refuse("a client's picture", "raw")
