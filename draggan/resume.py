"""What a drag that was cut off needs to go on exactly, as a value and as bytes; torch only.

A drag is a function of its start, its request and what the optimiser has seen since. The first two
are kept elsewhere (the timeline's state from which it set out, the caller's handles, targets, mask
and options); this is the third. Features at the start and the tracker's templates are computed
again from the start. On a CPU a drag that goes on like this takes bit for bit the same steps.

The bytes: a header (`_HEAD`), a byte for each handle's status, then float32 numbers: the handles'
points and centres, then what is optimised; a checksum of all that at the end. They may come from
strangers.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor

from .progress import PATIENCE, Ending, HandleStatus
from .saved_arrays import FINITE, MAX_POINTS, array, demand, finite_floats, sealed, unsealed

MAX_NUMBERS = 1 << 24  # of what is optimised, with both of its moments
MAX_STEPS = 1 << 20
_HEAD = struct.Struct("<4sIIBBBddI")  # mark, index, since, ending, loosened, handles, loss, best, P
_MARK = b"DGR1"
_ENDINGS: tuple[Ending | None, ...] = (None, *get_args(Ending))
_STATUSES: tuple[HandleStatus, ...] = get_args(HandleStatus)


@dataclass(frozen=True)
class Resume:
    """A drag right after one of its steps. Of one that has ended there, `numbers` is (3, 0)."""

    index: int  # of the step: how often the latent has been changed
    points: Tensor  # (N, 2), where the handles are, model pixels
    centres: Tensor  # (N, 2), where they were looked for: around these the features were computed
    statuses: tuple[HandleStatus, ...]
    loss: float  # of the change before
    best: float  # the shortest way that was left so far, over all handles; inf at first
    since: int  # steps without progress
    loosened: bool  # whether rows may go their own ways by now
    numbers: Tensor  # (3, P): what is optimised, and Adam's mean and mean square of its gradient
    ending: Ending | None = None


def optimised(parameters: list[Tensor], optimiser: torch.optim.Adam) -> Tensor:
    """`Resume.numbers` of these parameters, a copy; before the first step moments are 0."""
    rows = [
        [p.detach() for p in parameters],
        [_moment(optimiser, p, "exp_avg") for p in parameters],
        [_moment(optimiser, p, "exp_avg_sq") for p in parameters],
    ]
    return torch.cat([x.reshape(-1) for row in rows for x in row]).view(3, -1)


def _moment(optimiser: torch.optim.Adam, parameter: Tensor, name: str) -> Tensor:
    known: Tensor | None = optimiser.state[parameter].get(name)
    return torch.zeros_like(parameter).detach() if known is None else known


def set_optimised(
    parameters: list[Tensor], optimiser: torch.optim.Adam, numbers: Tensor, steps: int
) -> None:
    """Give these parameters and their optimiser the `numbers` they had after `steps` steps.

    Raises BadSaved if there are more or fewer than belong to them.
    """
    sizes = [parameter.numel() for parameter in parameters]
    demand(numbers.shape == (3, sum(sizes)))
    state = {}
    for k, (parameter, part) in enumerate(zip(parameters, numbers.split(sizes, 1), strict=True)):
        value, mean, square = (x.to(parameter).view_as(parameter) for x in part)
        parameter.detach().copy_(value)
        state[k] = {"step": torch.tensor(float(steps)), "exp_avg": mean, "exp_avg_sq": square}
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def pack_resume(resume: Resume) -> bytes:
    """The drag's state as bytes, for `unpack_resume`; about 44 KB for six rows of 512."""
    head = _HEAD.pack(
        _MARK,
        resume.index,
        resume.since,
        _ENDINGS.index(resume.ending),
        int(resume.loosened),
        len(resume.points),
        resume.loss,
        resume.best,
        resume.numbers.shape[1],
    )
    statuses = bytes(map(_STATUSES.index, resume.statuses))
    parts = (resume.points, resume.centres, resume.numbers)
    return sealed(b"".join([head, statuses, *(array(part).tobytes() for part in parts)]))


def unpack_resume(data: bytes | memoryview) -> Resume:
    """What `pack_resume` wrote, on the CPU. Whether it belongs to a drag is seen as that goes on.

    Raises BadSaved for anything else.
    """
    body = unsealed(data, _HEAD.size)
    mark, index, since, ending, loosened, count, loss, best, width = _HEAD.unpack_from(body)
    demand(mark == _MARK and 0 < count <= MAX_POINTS and 3 * width <= MAX_NUMBERS)
    demand(len(body) == _HEAD.size + count + 4 * (4 * count + 3 * width))
    demand(index < MAX_STEPS and since <= PATIENCE + 1 and math.isfinite(loss) and best >= 0)
    demand(ending < len(_ENDINGS) and loosened < 2 and (ending == 0) == (width > 0))
    statuses, rest = body[_HEAD.size :][:count], body[_HEAD.size + count :]
    demand(max(statuses) < len(_STATUSES))
    points, centres = finite_floats(rest[: 16 * count]).view(2, count, 2)
    numbers = finite_floats(rest[16 * count :], bound=FINITE).view(3, width)
    demand(bool((numbers[2] >= 0).all()))
    return Resume(
        index=index,
        points=points,
        centres=centres,
        statuses=tuple(_STATUSES[k] for k in statuses),
        loss=loss,
        best=best,
        since=since,
        loosened=bool(loosened),
        numbers=numbers,
        ending=_ENDINGS[ending],
    )
