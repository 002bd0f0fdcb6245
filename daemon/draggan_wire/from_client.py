"""What a client may say; each message's place in the conversation stands in `messages`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Mapping, Optional, Tuple, Type

from .pixels import MAX_SIDE, Blob, Image
from .schema import buffer, choice, integer, many, number, optional, record, refuse, text
from .values import (
    FEATURES,
    ID,
    MAX_CREDIT,
    MAX_STEPS,
    POINTS,
    STEP,
    DragSettings,
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

    Exactly one of the three. `saved` is what `Saved` brought, with the picture and all else in it.
    """

    op: ClassVar[str] = "open"
    model: str = field(metadata=ID)
    image: Optional[Image] = field(default=None, metadata=buffer(Image))
    weight: Optional[Image] = field(default=None, metadata=buffer(Image))
    saved: Optional[Blob] = field(default=None, metadata=buffer(Blob))
    seed: Optional[int] = field(default=None, metadata=optional(integer(0, (1 << 32) - 1)))
    truncation: float = field(default=1.0, metadata=number(0, 2))
    label: Optional[int] = field(default=None, metadata=optional(integer(0, 1 << 20)))
    quality: str = field(default="balanced", metadata=choice("fast", "balanced", "best"))

    def __post_init__(self) -> None:
        if [self.image, self.seed, self.saved].count(None) != 2:
            raise refuse("open", "either a picture or a seed or saved data")
        check_plane(self.weight, "open.weight", self.image)


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

    def __post_init__(self) -> None:
        if not self.handles or len(self.handles) != len(self.targets):
            raise refuse("drag", "at least one handle, and a target for each")
        check_plane(self.mask, "drag.mask", None)


@dataclass(frozen=True)
class Stop:
    op: ClassVar[str] = "stop"
    session: str = field(metadata=ID)


@dataclass(frozen=True)
class Seek:
    op: ClassVar[str] = "seek"
    session: str = field(metadata=ID)
    step: int = field(metadata=STEP)


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
class Close:
    op: ClassVar[str] = "close"
    session: str = field(metadata=ID)


@dataclass(frozen=True)
class ListModels:
    op: ClassVar[str] = "models"


@dataclass(frozen=True)
class Ping:
    op: ClassVar[str] = "ping"


FROM_CLIENT: Mapping[str, Type[Any]] = {
    kind.op: kind for kind in (Hello, Open, Drag, Stop, Seek, Save, Credit, Close, ListModels, Ping)
}
