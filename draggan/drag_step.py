"""One step of a drag as its caller sees it, and whether its numbers are any; torch only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from .errors import BadNumbers
from .generator import Features
from .progress import Ending, HandleStatus
from .resume import Resume
from .saved_arrays import FAR


@dataclass(frozen=True)
class DragStep:
    """The state after `index` updates of the latent (0: the start)."""

    index: int
    ws: Tensor  # (1, num_ws, w_dim)
    points: Tensor  # (N, 2), where the handles are now, picture pixels
    distances: tuple[float, ...]  # to the targets, pixels
    statuses: tuple[HandleStatus, ...]
    loss: float  # of the update before
    features: Features | None  # for a preview of this very state; None within a batch of steps
    ending: Ending | None = None  # why the drag ends here; None: it goes on
    resume: Resume | None = None  # to go on from here; None within a batch of steps

    @property
    def finished(self) -> bool:
        return self.ending is not None


def step_again(
    resume: Resume, ws: Tensor, targets: Tensor, features: Features | None = None
) -> DragStep:
    """The step that `resume` is of. `ws` (1, num_ws, w_dim), `targets` (N, 2): the drag's."""
    points = resume.points.to(targets)
    return DragStep(
        index=resume.index,
        ws=ws,
        points=points,
        distances=tuple((targets - points).norm(dim=-1).tolist()),
        statuses=resume.statuses,
        loss=resume.loss,
        features=features,
        ending=resume.ending,
        resume=resume,
    )


def check_numbers(largest: float, distances: Sequence[float], loss: float) -> None:
    """Raises BadNumbers unless all are finite; `largest`: the latent's largest absolute number.

    What follows from numbers that are none is none either.
    """
    if largest <= FAR and math.isfinite(loss) and all(map(math.isfinite, distances)):
        return
    raise BadNumbers(
        "The drag ends here: the model's numbers have grown beyond what can be computed with.",
        hint="The steps before are kept. Drag a shorter way, or with a smaller learning rate.",
    )
