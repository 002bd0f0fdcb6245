"""The demo's picture: an animal that no model has seen, as if photographed; torch, no sockets.

`python -m draggan.benchmark.demo_picture` writes `assets/demo.png` and `assets/demo.json` again.
The animal is a render, so its handles and targets are known exactly; the blurred lights behind it,
the vignette and the grain are not in the default model's world and have to survive the drag.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from draggan.critters import (
    landmark_index,
    parameter_index,
    part_index,
    render,
    render_dense,
    sample_parameters,
)
from draggan.pictures import save_png
from draggan.writing import replacing

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SIZE = 512
TITLE = "turn the head, open the mouth"

_SEED = 20_2305_10973  # no picture of the training stream or the benchmarks starts from it
_GRAIN = 0.016  # standard deviation; white is 1
_SMOOTH = 2  # drawn this much larger, then averaged: soft edges against the new background
_DRAGGED = ("nose", "mouth_bot")
_TURN = 0.30  # yaw at either end, in radians
_MOUTH = 0.25, 0.85  # how far it is open, before and after

# What makes the bundled picture's animal its own; everything else is drawn from the seed.
_FOX = {
    "pitch": 0.02,
    "roll": -0.06,
    "tx": 0.0,
    "scale": 1.08,
    "ear_len": 0.40,
    "ear_w": 0.17,
    "ear_taper": 0.95,
    "ear_ang": 0.42,
    "eye_size": 0.150,
    "eye_open": 0.92,
    "gaze_x": 0.1,
    "gaze_y": 0.0,
    "smile": 0.75,
    "muz_size": 0.25,
    "fur_hue": 0.10,
    "fur_light": 0.80,
    "muz_light": 0.95,
    "iris_hue": 0.42,
    "cloth_hue": 0.55,
    "light_x": -0.45,
}


@dataclass(frozen=True)
class DemoPicture:
    """array: uint8 (SIZE, SIZE, 3); handles: ((x, y), (x, y)) from start to target, in pixels."""

    array: Tensor
    handles: tuple[tuple[tuple[float, float], tuple[float, float]], ...]


def draw_demo_picture(*, seed: int | None = None) -> DemoPicture:
    """The bundled picture, or another animal before other lights for another seed (>= 0)."""
    generator = torch.Generator().manual_seed(_SEED if seed is None else seed)
    before, after = _two_poses(_SEED if seed is None else seed, fox=seed is None)
    picture = before_lights(before, generator)
    places = zip(_landmarks(before), _landmarks(after), strict=True)
    ends = [(_rounded(start), _rounded(target)) for start, target in places]
    handles = tuple(ends[landmark_index(name)] for name in _DRAGGED)
    array = (picture.clamp(0, 1) * 255).round().byte()[0].permute(1, 2, 0)
    return DemoPicture(array, handles)


def before_lights(parameters: Tensor, generator: torch.Generator) -> Tensor:
    """An animal (1, 31) before lights that `generator` draws, as if photographed.

    (1, 3, SIZE, SIZE) in [0, 1], but for the grain, which goes a little beyond.
    """
    animal, cover = _cut_out(parameters)
    background = _lights(generator)
    return _aged(animal * cover + background * (1 - cover), generator)


def _two_poses(seed: int, *, fox: bool) -> tuple[Tensor, Tensor]:
    """Parameters (1, 31) of the picture, and of what the drag should make of it."""
    before = sample_parameters(1, seed=seed)
    for name, value in _FOX.items() if fox else ():
        before[0, parameter_index(name)] = value
    yaw, mouth = parameter_index("yaw"), parameter_index("mouth_open")
    side = 1.0 if before[0, yaw] > 0 else -1.0
    before[0, yaw], before[0, mouth] = side * _TURN, _MOUTH[0]
    after = before.clone()
    after[0, yaw], after[0, mouth] = -side * _TURN, _MOUTH[1]
    return before, after


def _landmarks(parameters: Tensor) -> Tensor:
    """All landmarks (17, 2) in the picture's pixels, without drawing it."""
    small = 16
    return render(parameters, small).landmarks[0] * (SIZE / small)


def _cut_out(parameters: Tensor) -> tuple[Tensor, Tensor]:
    """The animal (1, 3, S, S) in [0, 1] and how much of each pixel it covers (1, 1, S, S)."""
    scene = render_dense(parameters, SIZE * _SMOOTH)
    inside = (scene.canonical[:, :1] != part_index("background")).float()
    # The outermost pixels are already mixed with the background that goes.
    inside = 1 - torch.nn.functional.max_pool2d(1 - inside, 5, 1, 2)
    weighted = _averaged((scene.image + 1) / 2 * inside)
    cover = _averaged(inside)
    return weighted / cover.clamp(min=1e-6), cover


def _averaged(planes: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(planes, _SMOOTH)


def _lights(generator: torch.Generator) -> Tensor:
    """An evening street out of focus: dusk above, lamp light below, and discs, (1, 3, S, S)."""
    y, x = _grid()
    low, high = torch.tensor([0.13, 0.11, 0.22]), torch.tensor([0.62, 0.38, 0.33])
    slope = (0.25 + 0.6 * y + 0.15 * x)[..., None]
    picture = low + (high - low) * slope  # (S, S, 3)
    for _ in range(26):
        cx, cy, radius, warmth, strength = torch.rand(5, generator=generator).tolist()
        distance = ((x - cx).square() + (y - cy * 0.9).square()).sqrt()
        size = 0.03 + 0.06 * radius
        disc = torch.sigmoid((size - distance) / 0.004) * (0.12 + 0.33 * strength)
        # Discs of a lens are a little brighter at their rims.
        disc = disc * (0.75 + 0.25 * (distance / size).clamp(max=1).square())
        colour = torch.tensor([1.0, 0.55 + 0.4 * warmth, 0.25 + 0.65 * warmth**2])
        picture = picture + (1 - picture) * disc[..., None] * colour
    return picture.permute(2, 0, 1)[None]


def _aged(picture: Tensor, generator: torch.Generator) -> Tensor:
    """A lens's darker corners and a sensor's grain."""
    y, x = _grid()
    falloff = 1 - 0.35 * ((x - 0.5).square() + (y - 0.5).square())
    grain = torch.randn(1, 1, SIZE, SIZE, generator=generator)
    colour = torch.randn(1, 3, SIZE, SIZE, generator=generator)
    return picture * falloff + _GRAIN * (0.85 * grain + 0.5 * colour)


def _grid() -> tuple[Tensor, Tensor]:
    """(y, x) of pixel centres in [0, 1], (S, S) each."""
    centres = (torch.arange(SIZE) + 0.5) / SIZE
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return y, x


def _rounded(point: Tensor) -> tuple[float, float]:
    return round(float(point[0]), 1), round(float(point[1]), 1)


def main() -> None:
    """Writes the bundled picture and its handles into the package."""
    demo = draw_demo_picture()
    save_png(ASSETS / "demo.png", demo.array.numpy())
    text = json.dumps({"title": TITLE, "handles": demo.handles, "pins": []})
    with replacing(ASSETS / "demo.json") as file:
        file.write(f"{text}\n".encode())


if __name__ == "__main__":
    main()
