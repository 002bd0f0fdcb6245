"""Pictures to be found in a generator, and the drags that go with them; torch, numpy at the edge.

Each kind takes a held-out animal of a drag whose truth is known (see `tasks`) and does to it what
photographs do: parameters beyond what was taught, things painted over it, noise, another
background, a turned or smaller head. The truth after the drag is known for all of them. Sample
photographs of scikit-image, where that package is installed, have none: only their pictures count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from draggan.benchmark.demo_picture import before_lights
from draggan.benchmark.tasks import Case
from draggan.critters import (
    from_unit,
    landmarks,
    parameter_index,
    part_index,
    render,
    render_dense,
    to_unit,
)
from draggan.errors import BadInput

NOISE = 0.1  # standard deviation, white is 1
BEYOND = 0.12  # share of its range by which a parameter leaves it
TURN, SMALLER, SHIFT = math.radians(25), 0.72, 0.06  # of the whole picture
AROUND = 0.04  # of the picture's side: what the judge sees around the animal
STRANGE = ("yaw", "pitch", "head_w", "cheek", "eye_size", "muz_size", "fur_hue", "bg_light")
PHOTOGRAPHS = MappingProxyType(  # name -> left, top, right, bottom
    {"chelsea": (75, 0, 375, 300), "astronaut": (120, 0, 376, 256), "coffee": (100, 0, 500, 400)}
)


@dataclass(frozen=True)
class Trial:
    """One picture (1, 3, S, S) in [-1, 1], and what is known of it.

    `to_picture` maps points of the upright animal to the picture's; `upright` maps a picture back.
    `weight` (1, 1, S, S) is where the judge looks after the drag, in the upright picture.
    """

    kind: str
    image: Tensor
    case: Case | None = None
    weight: Tensor | None = None
    turned: Turned | None = None

    def placed(self, points: Tensor) -> Tensor:
        """Points (N, 2) of the upright animal, in this picture."""
        return points if self.turned is None else self.turned.points(points)

    def upright(self, picture: Tensor) -> Tensor:
        """A picture (1, 3, S, S) of the same kind, turned back."""
        return picture if self.turned is None else self.turned.back(picture)


@dataclass(frozen=True)
class Turned:
    """A similarity about the middle of a picture of S x S pixels."""

    size: int
    angle: float = TURN
    scale: float = SMALLER
    shift: float = SHIFT

    def points(self, points: Tensor) -> Tensor:
        """(N, 2) of the upright picture -> of the turned one."""
        middle = self.size / 2
        return (points - middle) @ self._matrix().t() + middle + self.shift * self.size

    def picture(self, upright: Tensor) -> Tensor:
        """The turned picture; its edge is repeated."""
        inverse = torch.linalg.inv(self._matrix())
        return _sampled(upright, inverse, -inverse @ torch.full((2,), 2 * self.shift))

    def back(self, turned: Tensor) -> Tensor:
        """The upright picture."""
        return _sampled(turned, self._matrix(), torch.full((2,), 2 * self.shift))

    def _matrix(self) -> Tensor:
        c, s = self.scale * math.cos(self.angle), self.scale * math.sin(self.angle)
        return torch.tensor([[c, -s], [s, c]])


def _sampled(picture: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    theta = torch.cat((matrix, offset[:, None]), 1)[None]
    grid = F.affine_grid(theta, list(picture.shape), align_corners=False)
    return F.grid_sample(
        picture, grid, mode="bicubic", padding_mode="border", align_corners=False
    ).clamp(-1, 1)


def make_trial(kind: str, case: Case, size: int) -> Trial:
    """The picture of that kind (see `KINDS`) for a drag's animal. Raises BadInput."""
    if kind not in KINDS:
        raise BadInput(f"There is no kind '{kind}'.", hint=f"Kinds: {', '.join(KINDS)}.")
    return KINDS[kind](case, size)


def _held_out(case: Case, size: int) -> Trial:
    return Trial("held-out", render(case.source, size).image, case, _animal(case, size))


def _beyond(case: Case, size: int) -> Trial:
    """Some parameters lie beyond the range that was taught, before and after alike."""
    outward = torch.where(to_unit(case.source) < 0.5, -BEYOND, 1 + BEYOND)
    names = [name for name in STRANGE if name != case.task.parameter]
    columns = [parameter_index(name) for name in names]

    def strange(end: Tensor) -> Tensor:
        unit = to_unit(end)
        unit[:, columns] = outward[:, columns]
        return from_unit(unit)

    source, goal = strange(case.source), strange(case.goal)
    rows = case.rows
    moved = replace(
        case,
        source=source,
        goal=goal,
        handles=landmarks(source, size)[0, rows],
        targets=landmarks(goal, size)[0, rows],
    )
    return replace(_held_out(moved, size), kind="beyond its range")


def _occluded(case: Case, size: int) -> Trial:
    """A dark bar over one eye's brow and a bright disc on the cheek, both far from the handles."""
    trial = _held_out(case, size)
    image = trial.image.clone()
    y, x = _grid(size)
    random = torch.Generator().manual_seed(case.face)
    side = 1.0 if torch.rand(1, generator=random) < 0.5 else -1.0
    bar = ((y - 0.30).abs() < 0.035) & ((x - 0.5).abs() < 0.3)
    disc = (x - 0.5 - side * 0.24).square() + (y - 0.62).square() < 0.055**2
    image[:, :, bar] = image.new_tensor([-0.8, -0.85, -0.6])[None, :, None]
    image[:, :, disc] = image.new_tensor([0.9, 0.8, -0.2])[None, :, None]
    return replace(trial, kind="painted over", image=image)


def _noisy(case: Case, size: int) -> Trial:
    trial = _held_out(case, size)
    random = torch.Generator().manual_seed(case.face)
    noise = 2 * NOISE * torch.randn(trial.image.shape, generator=random)
    return replace(trial, kind="noisy", image=(trial.image + noise).clamp(-1, 1))


def _foreign(case: Case, size: int) -> Trial:
    random = torch.Generator().manual_seed(case.face)
    image = before_lights(case.source, random) * 2 - 1
    small = F.interpolate(image, (size, size), mode="area").clamp(-1, 1)
    return Trial("foreign background", small, case, _animal(case, size))


def _turned(case: Case, size: int) -> Trial:
    turned, trial = Turned(size), _held_out(case, size)
    return replace(trial, kind="turned, smaller", image=turned.picture(trial.image), turned=turned)


KINDS: Mapping[str, Callable[[Case, int], Trial]] = MappingProxyType(
    {
        "held-out": _held_out,
        "beyond its range": _beyond,
        "painted over": _occluded,
        "noisy": _noisy,
        "foreign background": _foreign,
        "turned, smaller": _turned,
    }
)


def _animal(case: Case, size: int) -> Tensor:
    """Where the animal is before or after the drag, and a little around it: (1, 1, S, S)."""
    covered = torch.zeros(1, 1, size, size)
    for end in (case.source, case.goal):
        parts = render_dense(end, size).canonical[:, :1]
        covered = torch.maximum(covered, (parts != part_index("background")).float())
    around = round(AROUND * size)
    return F.max_pool2d(covered, 2 * around + 1, 1, around)


def _grid(size: int) -> tuple[Tensor, Tensor]:
    centres = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return y, x


def photographs(size: int) -> tuple[Trial, ...]:
    """Sample photographs of scikit-image; none where that package is not installed."""
    try:
        from skimage import data  # not a dependency: whoever has it gets these rows too
    except ImportError:
        return ()
    trials = []
    for name, (left, top, right, bottom) in PHOTOGRAPHS.items():
        array = np.ascontiguousarray(getattr(data, name)()[top:bottom, left:right, :3])
        image = torch.from_numpy(array).permute(2, 0, 1)[None].float() / 127.5 - 1
        small = F.interpolate(image, (size, size), mode="area")
        trials.append(Trial(f"photograph: {name}", small))
    return tuple(trials)
