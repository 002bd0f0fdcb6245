"""RenderDrag's tasks: which landmark of which animal should go where, known from the renderer.

Torch only. Each task changes one parameter of a held-out animal; its handles are landmarks of the
animal as it is, their targets the same landmarks of the changed animal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan.benchmark.faces import held_out_latents
from draggan.critters import (
    from_unit,
    landmark_index,
    landmarks,
    parameter_index,
    render,
    render_dense,
    unit_from_latent,
)
from draggan.errors import BadInput

SAMPLING = (
    "normal z, kept where yaw and pitch lie in the middle 30 % and 40 % of their ranges, the mouth "
    "is 15-50 % open, the ears 20-60 % long, the eyes over 60 % open, the gaze in the middle 50 % "
    "sideways, and every task's handles are visible with their targets inside the picture"
)
BATCH = 2000  # latents drawn at once
MOST_BATCHES = 1000
INSET = 2.0  # [128 px] targets keep this far from the picture's edge
DIFFERS = 0.02  # [-1, 1] from which a pixel belongs to what moves
AROUND = 0.05  # of the picture's side: how far beyond that it may move
SEEN = 0.5  # visibility from which a landmark may be a handle or a pin

# Share of its range (u) that each parameter of a start must lie in.
START = {
    "yaw": (0.35, 0.65),
    "pitch": (0.30, 0.70),
    "mouth_open": (0.15, 0.50),
    "ear_len": (0.20, 0.60),
    "eye_open": (0.28, 1.00),  # 0.28 of the range is 60 % open
    "gaze_x": (0.25, 0.75),
}


@dataclass(frozen=True)
class Task:
    """Drag `handles` so that `parameter` goes from u to `goal(u, face)`, as shares of its range."""

    name: str
    handles: tuple[str, ...]
    parameter: str
    goal: Callable[[float, int], float]
    pins: tuple[str, ...] = ()  # landmarks to be held where they are


def _farther_end(u: float, low: float, high: float) -> float:
    return high if u < (low + high) / 2 else low


def _wider(u: float, face: int) -> float:
    return 0.85


def _sideways(u: float, face: int) -> float:
    return _farther_end(u, 0.05, 0.95)


TASKS: tuple[Task, ...] = (
    Task("nose to another yaw", ("nose",), "yaw", lambda u, face: u + (0.33, -0.33)[face % 2]),
    Task("jaw opens", ("mouth_bot",), "mouth_open", _wider),
    Task("both ears grow", ("ear_tip_l", "ear_tip_r"), "ear_len", lambda u, face: 0.95),
    Task("gaze", ("pupil_l", "pupil_r"), "gaze_x", _sideways),
    # Only when asked for:
    Task("nose to another pitch", ("nose",), "pitch", lambda u, face: _farther_end(u, 0.1, 0.9)),
    Task("jaw opens, nose pinned", ("mouth_bot",), "mouth_open", _wider, pins=("nose",)),
    Task("gaze, nose pinned", ("pupil_l", "pupil_r"), "gaze_x", _sideways, pins=("nose",)),
)
USUAL = 4


@dataclass(frozen=True)
class Case:
    """One drag to be made: an animal, a task, and the truth at both ends."""

    face: int
    task: Task
    z: Tensor  # (1, 32)
    source: Tensor  # (1, 31) physical parameters before
    goal: Tensor  # (1, 31) and after
    handles: Tensor  # (N, 2) picture points
    targets: Tensor  # (N, 2)
    pins: Tensor  # (P, 2)

    @property
    def rows(self) -> list[int]:
        """The handles' places among all landmarks."""
        return [landmark_index(name) for name in self.task.handles]


def movable(case: Case, size: int) -> Tensor:
    """What may move (size, size), 1 or 0: where the truth's pictures differ, and 5 % around it."""
    before, after = (render(end, size).image for end in (case.source, case.goal))
    differs = ((before - after).abs().amax(1, keepdim=True) > DIFFERS).float()
    around = round(AROUND * size)
    return F.max_pool2d(differs, 2 * around + 1, 1, around)[0, 0]


def find_tasks(names: Sequence[str]) -> tuple[Task, ...]:
    """Tasks whose names contain one of `names`; the usual four where none is given."""
    if not names:
        return TASKS[:USUAL]
    found = tuple(task for task in TASKS if any(name in task.name for name in names))
    if not found:
        known = ", ".join(task.name for task in TASKS)
        raise BadInput(f"There is no task called '{names[0]}'.", hint=f"Tasks: {known}.")
    return found


def make_cases(faces: int, tasks: Sequence[Task], *, size: int, seed: int) -> list[Case]:
    """All `tasks` on each of `faces` held-out animals drawn as `SAMPLING` says."""
    if faces < 1:
        raise BadInput("A benchmark needs at least one face.", hint="Use --faces 1 or more.")
    found: list[list[Case]] = []
    for z in _starts(seed):
        # Every task must be possible, wanted or not: the faces are the same for all choices.
        cases = _cases(len(found), z, size)
        if cases:
            found.append([case for case in cases if case.task in tasks])
        if len(found) == faces:
            return [case for of_one in found for case in of_one]
    raise BadInput(f"There are not {faces} faces to be had.", hint="Ask for fewer.")


def _starts(seed: int) -> Iterator[Tensor]:
    """Latents (1, 32) of animals in a start pose."""
    low, high = torch.zeros(31), torch.ones(31)
    for name, (least, most) in START.items():
        low[parameter_index(name)], high[parameter_index(name)] = least, most
    for batch in range(MOST_BATCHES):
        z = held_out_latents(BATCH, seed=seed + batch)
        unit = unit_from_latent(z)
        yield from z[((unit >= low) & (unit <= high)).all(1)].split(1)


def _cases(face: int, z: Tensor, size: int) -> list[Case]:
    """All tasks of one animal; none where a handle is hidden or a target outside the picture."""
    unit = unit_from_latent(z)
    wanted = unit.repeat(len(TASKS), 1)
    for row, task in zip(wanted, TASKS, strict=True):
        column = parameter_index(task.parameter)
        row[column] = task.goal(unit[0, column].item(), face)
    source, goals = from_unit(unit), from_unit(wanted)
    scene, after = render_dense(source, size), landmarks(goals, size)
    before, inset = scene.landmarks[0], INSET * size / 128
    cases = []
    for k, task in enumerate(TASKS):
        rows, pinned = ([landmark_index(n) for n in names] for names in (task.handles, task.pins))
        targets = after[k, rows]
        inside = bool(((targets > inset) & (targets < size - inset)).all())
        if not inside or scene.visibility[0, rows + pinned].min() < SEEN:
            return []
        goal = goals[k : k + 1]
        cases.append(Case(face, task, z, source, goal, before[rows], targets, before[pinned]))
    return cases
