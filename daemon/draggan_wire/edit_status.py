"""What an edit is asked for, and what it tells the host about itself; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Tuple

from .errors import BadInput, ConnectionLost, NoDaemon, WireError
from .messages import Done, DragSettings, Image, Pasting, Point, Ready


@dataclass(frozen=True)
class EditOptions:
    """What one press of "Drag" asks for; the fields are those of `Open` and `Drag`.

    With a `seed` the model makes the picture up, and the canvas's own only gives its size. A
    `patient` drag begins when the model has learnt all that it can of the picture: for hosts where
    nobody looks on meanwhile.
    """

    model: str
    quality: str = "balanced"
    settings: DragSettings = field(default_factory=DragSettings)
    preview_every_ms: Optional[int] = 100
    preview_max_side: Optional[int] = None
    keep_every: Optional[int] = None
    seed: Optional[int] = None
    paste: Pasting = field(default_factory=Pasting)
    angle: float = 0.0  # degrees
    patient: bool = False


@dataclass(frozen=True)
class Likeness:
    """The opened picture as the model alone paints it, perhaps smaller, and what is said of it.

    `score` from 0 to 1 and `verdict` come with the first `Ready`.
    """

    image: Image
    verdict: str = ""
    score: Optional[float] = None


@dataclass(frozen=True)
class EditStatus:
    """What a host shows. `fraction` is how much of the state's work is done, None if unknown.

    A drag is possible from the first `fit` on, which is not `final` while the model still learns.

    `step` is the one that was shown last, `last` the last one of the timeline; `ms_per_step` is
    measured while dragging and the daemon's own figure afterwards; `cut` is that of `Frame`.
    """

    state: str = "idle"
    message: str = ""
    hint: str = ""
    fraction: Optional[float] = None
    error: Optional[WireError] = None
    step: int = 0
    last: int = 0
    ms_per_step: Optional[float] = None
    points: Tuple[Point, ...] = ()
    distances: Tuple[float, ...] = ()
    statuses: Tuple[str, ...] = ()
    fit: Optional[Ready] = None
    likeness: Optional[Likeness] = None
    outcome: Optional[Done] = None
    cut: Tuple[str, ...] = ()

    @property
    def notes(self) -> Tuple[str, ...]:
        """What the user should know of the picture, a sentence each."""
        return () if self.fit is None else self.fit.notes


def words_of(done: Done) -> str:
    """How a drag ended, for the user."""
    steps = f"{done.steps} steps" if done.steps != 1 else "1 step"
    return {
        "reached": f"All handles have reached their targets, after {steps}.",
        "stopped": f"Stopped after {steps}; what was reached is kept.",
        "cap": f"Not all handles arrived within {steps}; drag again to go on.",
        "stuck": f"The picture gives way no further, after {steps}.",
        "lost": f"A handle lost the point it was to move, after {steps}.",
    }[done.reason]


def no_answer() -> NoDaemon:
    return NoDaemon("No daemon answers.", hint="Start it with `draggand serve`.")


def other_size(width: int, height: int) -> BadInput:
    return BadInput(
        f"The model makes pictures of {width} x {height} pixels, and of no other size.",
        hint="Ask for one of that size.",
    )


def forgotten() -> ConnectionLost:
    return ConnectionLost(
        "The daemon was restarted or has closed this edit.", hint="Press Drag again."
    )


def no_steps() -> BadInput:
    return BadInput(
        "There is no open edit to take steps from.",
        hint="Press Drag first, or open the saved edit again.",
    )


def mishap(error: Exception) -> WireError:
    return WireError(
        f"The editor could not do its part: {type(error).__name__}: {error}.",
        hint="Try again; if it stays, report this sentence.",
    )
