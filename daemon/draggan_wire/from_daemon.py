"""What a daemon may say; each message's place in the conversation stands in `messages`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Mapping, Optional, Tuple, Type

from .errors import WireError, from_header
from .pixels import MAX_SIDE, Blob, Image
from .schema import buffer, choice, integer, many, number, optional, record, refuse, text, truth
from .values import (
    CUTS,
    DISTANCE,
    FEATURES,
    FLEETING,
    ID,
    MAX_HANDLES,
    NOTES,
    POINTS,
    PSNR,
    STATUS,
    STEP,
    HandleResult,
    Limits,
    ModelInfo,
    Point,
    check_plane,
)


@dataclass(frozen=True)
class Welcome:
    op: ClassVar[str] = "welcome"
    protocol: int = field(metadata=integer(1, 999))
    daemon: str = field(metadata=text())  # name and version
    device: str = field(metadata=text())  # what computes, in words: "CPU, 8 threads"
    features: Tuple[str, ...] = field(default=(), metadata=FEATURES)
    limits: Limits = field(default=Limits(), metadata=record(Limits))
    models: Tuple[ModelInfo, ...] = field(default=(), metadata=many(record(ModelInfo), 256))
    resumed: Tuple[str, ...] = field(default=(), metadata=many(ID, 64))


@dataclass(frozen=True)
class ModelList:
    op: ClassVar[str] = "model_list"
    models: Tuple[ModelInfo, ...] = field(metadata=many(record(ModelInfo), 256))


@dataclass(frozen=True)
class Opened:
    """The session exists; its picture has `width` x `height` pixels. Inversion starts now."""

    op: ClassVar[str] = "opened"
    session: str = field(metadata=ID)
    token: str = field(metadata=ID)
    width: int = field(metadata=integer(1, MAX_SIDE))
    height: int = field(metadata=integer(1, MAX_SIDE))


@dataclass(frozen=True)
class State:
    op: ClassVar[str] = "state"
    session: str = field(metadata=ID)
    state: str = field(metadata=choice("queued", "opening", "idle", "dragging", "stopping"))


@dataclass(frozen=True)
class Progress:
    """Step `index` of `total` of a stage ("inverting", "tuning", ...) is done."""

    op: ClassVar[str] = "progress"
    session: str = field(metadata=ID)
    stage: str = field(metadata=text(60))
    index: int = field(metadata=integer(0, 1 << 30))
    total: int = field(metadata=integer(0, 1 << 30))
    psnr: Optional[float] = field(default=None, metadata=PSNR)


@dataclass(frozen=True)
class Ready:
    """The session can be dragged; `psnr` and `verdict` say how well the model knows the picture.

    `step` is the present step and `last` the last one of the timeline: not 0 for a saved session.
    Where it is not `final`, the model goes on learning while nothing is asked. `likeness` is how
    much of the picture the model knows as its own kind, from 0 to 1, if that was judged. `notes`
    are sentences for the user: what had to be done to the picture.
    """

    op: ClassVar[str] = "ready"
    session: str = field(metadata=ID)
    psnr: Optional[float] = field(default=None, metadata=PSNR)
    verdict: str = field(default="", metadata=text(1000))
    step: int = field(default=0, metadata=STEP)
    last: int = field(default=0, metadata=STEP)
    final: bool = field(default=True, metadata=truth())
    likeness: Optional[float] = field(default=None, metadata=optional(number(0, 1)))
    notes: Tuple[str, ...] = field(default=(), metadata=NOTES)

    def __post_init__(self) -> None:
        if self.step > self.last:
            raise refuse("ready.step", "a step of the timeline")


@dataclass(frozen=True)
class Frame:
    """A step's picture; `points`, `distances` and `statuses` are in the order of the handles.

    A `likeness` is the picture of step 0 as the model alone would paint it, and may be smaller.

    `changed`, with kept and result frames only, is gray8 of the picture's size: 255 where any
    sample differs from the opened picture, else 0. `cut`, of them too, says where what moves is
    visibly cut off: at edges of the picture, or inside it, at the border of the area that the model
    looks at.
    """

    op: ClassVar[str] = "frame"
    session: str = field(metadata=ID)
    seq: int = field(metadata=integer(1, 1 << 53))
    kind: str = field(metadata=choice("preview", "likeness", "kept", "result"))
    step: int = field(metadata=STEP)
    image: Image = field(metadata=buffer(Image))
    points: Tuple[Point, ...] = field(default=(), metadata=POINTS)
    distances: Tuple[float, ...] = field(default=(), metadata=many(DISTANCE, MAX_HANDLES))
    statuses: Tuple[str, ...] = field(default=(), metadata=many(STATUS, MAX_HANDLES))
    changed: Optional[Image] = field(default=None, metadata=buffer(Image))
    cut: Tuple[str, ...] = field(default=(), metadata=many(choice(*CUTS), len(CUTS)))

    def __post_init__(self) -> None:
        if not {len(self.distances), len(self.statuses)} <= {0, len(self.points)}:
            raise refuse("frame", "as many distances and statuses as points, or none")
        if self.changed is not None and self.kind in FLEETING:
            raise refuse("frame.changed", "left out of previews")
        check_plane(self.changed, "frame.changed", self.image)


@dataclass(frozen=True)
class Saved:
    """All that `open` needs to come back to the session as it is at `step`, its present one."""

    op: ClassVar[str] = "saved"
    session: str = field(metadata=ID)
    data: Blob = field(metadata=buffer(Blob))
    step: int = field(metadata=STEP)


@dataclass(frozen=True)
class Done:
    """The drag is over: why, after how many steps of it, and where each handle ended."""

    op: ClassVar[str] = "done"
    session: str = field(metadata=ID)
    reason: str = field(metadata=choice("reached", "stopped", "cap", "stuck", "lost"))
    steps: int = field(metadata=STEP)
    ms_per_step: float = field(metadata=number(0, 1e9))
    handles: Tuple[HandleResult, ...] = field(metadata=many(record(HandleResult), MAX_HANDLES))


@dataclass(frozen=True)
class Error:
    op: ClassVar[str] = "error"
    code: str = field(metadata=ID)
    sentence: str = field(metadata=text(2000))
    hint: str = field(default="", metadata=text(2000))
    session: Optional[str] = field(default=None, metadata=optional(ID))

    def exception(self) -> WireError:
        """The same as an exception of this package's tree."""
        return from_header({"code": self.code, "sentence": self.sentence, "hint": self.hint})


@dataclass(frozen=True)
class Closed:
    """The session is gone: asked for, stopped while opening, taken over, or the daemon ends."""

    op: ClassVar[str] = "closed"
    session: str = field(metadata=ID)
    reason: str = field(metadata=choice("asked", "stopped", "moved", "shutdown"))


@dataclass(frozen=True)
class Pong:
    op: ClassVar[str] = "pong"


@dataclass(frozen=True)
class Redeemed:
    """The key may come in, under this name."""

    op: ClassVar[str] = "redeemed"
    name: str = field(metadata=ID)


@dataclass(frozen=True)
class Report:
    """The answer to `manage`: JSON."""

    op: ClassVar[str] = "report"
    facts: Blob = field(metadata=buffer(Blob))


FROM_DAEMON: Mapping[str, Type[Any]] = {
    kind.op: kind
    for kind in (
        Welcome, ModelList, Opened, State, Progress, Ready, Frame, Saved, Done, Error, Closed,
        Pong, Redeemed, Report,
    )
}  # fmt: skip
