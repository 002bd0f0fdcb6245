"""What became of a drag, told by the judge that sees only its pictures; torch only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from draggan.benchmark.fit import Fit, fit
from draggan.benchmark.tasks import Case
from draggan.critters import columns_of, from_unit, parameter_index, render, render_dense, to_unit

BATCH = 16  # pictures judged together
ARRIVED = 3.0  # [128 px] a landmark this near its target counts as there
UNREADABLE = 0.12  # residual from which the judge no longer recognises a critter
JITTER = 0.1  # the noise floor's animals differ from both starts by up to half of this share
SEEN = 0.5


@dataclass(frozen=True)
class Dragged:
    """One drag as it was made."""

    case: Case
    options: str
    before: Tensor  # (1, 3, S, S) in [-1, 1]: the generator's picture
    after: Tensor  # (1, 3, S, S)
    points: Tensor  # (N, 2) where the tracker says that the handles (no pins) are
    tracked: tuple[float, ...]  # distances to the targets that go with them, pixels
    statuses: tuple[str, ...]
    steps: int
    seconds: float
    mask: Tensor | None = None  # (S, S) what was allowed to move


@dataclass(frozen=True)
class Verdict:
    """Lengths in pixels, one per handle; colours as shares of their ranges."""

    start: tuple[float, ...]  # from handle to target
    fitted: tuple[float, ...]  # from where the judge sees the landmark to its target
    tracked: tuple[float, ...]
    reached: tuple[bool, ...]  # what the drag claims
    there: tuple[bool, ...]  # what the judge sees: within 3 px at 128 px
    moved: float  # change of the task's parameter, 1 = as wanted
    colour_drift: float  # mean absolute change of the eight colour parameters
    picture_drift: float  # change of the mean colour beyond that of the truth, 1 = black to white
    eye: float  # the judge's error on the handles in the picture before the drag, pixels
    outside: float | None  # mean change where the mask lets nothing move, 1 = black to white
    residual: float  # what the judge cannot explain, mean absolute difference in [-1, 1]

    @property
    def readable(self) -> bool:
        return self.residual < UNREADABLE


@dataclass(frozen=True)
class NoiseFloor:
    """The judge's own error in pixels, on pictures whose truth is known."""

    renders: float  # mean over visible landmarks of held-out renders
    renders_p95: float
    generator: float  # the handles in the generator's pictures before the drag


def judge(drags: Sequence[Dragged]) -> list[Verdict]:
    """Fit the renderer to every result, from both ends of its task, and to every face's start."""
    faces = {d.case.face: d for d in drags}
    starts: dict[int, Fit] = {}
    for some in _batches(list(faces.values())):
        fitted = fit(_joined(some, "before"), [_ends(some)[0]])
        starts.update({d.case.face: fitted.one(k) for k, d in enumerate(some)})
    verdicts = []
    for some in _batches(drags):
        fitted = fit(_joined(some, "after"), _ends(some))
        verdicts += [_verdict(d, starts[d.case.face], fitted.one(k)) for k, d in enumerate(some)]
    return verdicts


def noise_floor(
    drags: Sequence[Dragged], verdicts: Sequence[Verdict], *, count: int = BATCH
) -> NoiseFloor:
    """Judge renders of the same kind as the results, where the truth is known.

    These are animals at a random point of the way from a drag's start to its goal, with every other
    parameter off by up to 5 % of its range.
    """
    some = drags[:: max(1, len(drags) // count)][:count]
    source, goal = _ends(some)
    random = torch.Generator().manual_seed(0)
    way = torch.rand(len(some), 1, generator=random)
    off = JITTER * (torch.rand(source.shape, generator=random) - 0.5)
    truth = to_unit(source) + (to_unit(goal) - to_unit(source)) * way + off
    scene = render_dense(from_unit(truth.clamp(0, 1)), some[0].before.shape[-1])
    seen = fit(scene.image, [source, goal])
    errors = (seen.landmarks - scene.landmarks).norm(dim=-1)[scene.visibility > SEEN]
    drawn = sum(v.eye for v in verdicts) / len(verdicts)
    return NoiseFloor(errors.mean().item(), errors.quantile(0.95).item(), drawn)


def _verdict(dragged: Dragged, start: Fit, result: Fit) -> Verdict:
    """From the judge's view (B = 1) of the pictures before and after."""
    case, size = dragged.case, dragged.after.shape[-1]
    fitted = (result.landmarks[0, case.rows] - case.targets).norm(dim=-1).tolist()
    limit = ARRIVED * size / 128
    change = (to_unit(result.parameters) - to_unit(start.parameters))[0]
    column = parameter_index(case.task.parameter)
    wanted = (to_unit(case.goal) - to_unit(case.source))[0, column]
    return Verdict(
        start=tuple((case.handles - case.targets).norm(dim=-1).tolist()),
        fitted=tuple(fitted),
        tracked=dragged.tracked,
        reached=tuple(status == "reached" for status in dragged.statuses),
        there=tuple(distance <= limit for distance in fitted),
        moved=(change[column] / wanted).item(),
        colour_drift=change[columns_of("colour")].abs().mean().item(),
        picture_drift=_mean_colour_drift(dragged),
        outside=_change_outside(dragged),
        eye=(start.landmarks[0, case.rows] - case.handles).norm(dim=-1).mean().item(),
        residual=result.residual.item(),
    )


def _mean_colour_drift(dragged: Dragged) -> float:
    """The part of it that the wanted change (a wider mouth is darker) does not account for."""
    case, size = dragged.case, dragged.after.shape[-1]
    truth = render(case.goal, size).image - render(case.source, size).image
    drawn = dragged.after.clamp(-1, 1) - dragged.before.clamp(-1, 1)
    return (drawn.mean((2, 3)) - truth.mean((2, 3))).abs().mean().item() / 2


def _change_outside(dragged: Dragged) -> float | None:
    if dragged.mask is None or bool(dragged.mask.all()):
        return None
    drawn = dragged.after.clamp(-1, 1) - dragged.before.clamp(-1, 1)
    return drawn[0, :, dragged.mask == 0].abs().mean().item() / 2


def _joined(drags: Sequence[Dragged], end: Literal["before", "after"]) -> Tensor:
    return torch.cat([getattr(dragged, end) for dragged in drags])


def _ends(drags: Sequence[Dragged]) -> tuple[Tensor, Tensor]:
    """Parameters (B, 31) of the animals as they were and as they should be."""
    return torch.cat([d.case.source for d in drags]), torch.cat([d.case.goal for d in drags])


def _batches(drags: Sequence[Dragged]) -> list[Sequence[Dragged]]:
    return [drags[i : i + BATCH] for i in range(0, len(drags), BATCH)]
