"""Whether the viewer can see a landmark: facing, depth, lids and the picture's edge; torch only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan.critters.geometry import smoothstep
from draggan.critters.landmarks import LANDMARKS, outward
from draggan.critters.stage import Stage

DEPTH_SLACK = 0.06  # an ear's landmarks lie up to half of this inside its dome
DEPTH_SHARPNESS = 60.0


def landmark_visibility(stage: Stage, places: Tensor, depth: Tensor) -> Tensor:
    """(B, 17) in [0, 1]; above one half means visible.

    `places` (B, 17, 3) are the landmarks in view space, `depth` (B, H, W) is the finished
    canvas's. A landmark is hidden where something nearer to the viewer is drawn, where its surface
    faces away, under a lid, and outside the picture.
    """
    pixels = stage.view.to_pixels(places)
    in_front = torch.sigmoid(
        (places[..., 2] - _sampled(depth, pixels) + DEPTH_SLACK) * DEPTH_SHARPNESS
    )
    directions = F.normalize(outward(stage.anatomy), dim=-1) @ stage.turn.transpose(1, 2)
    facing = smoothstep(-0.05, 0.15, directions[..., 2])
    size = stage.view.size
    inside = ((pixels > 0) & (pixels < size)).all(-1)
    return in_front * facing * inside * _lids(stage)


def _sampled(plane: Tensor, pixels: Tensor) -> Tensor:
    """Bilinear values of `plane` (B, H, W) at picture points (B, N, 2) -> (B, N)."""
    grid = (pixels / plane.shape[-1] * 2 - 1)[:, None]
    found = F.grid_sample(
        plane[:, None], grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return found[:, 0, 0]


def _lids(stage: Stage) -> Tensor:
    """1 for all landmarks but those of eyes, which a lid may cover, (B, 17)."""
    result = torch.ones_like(stage.view.scale)[:, None].repeat(1, len(LANDMARKS))
    for eye, side in zip(stage.anatomy.eyes, "lr", strict=True):
        places = {"eye_" + side: eye.gaze * 0, "pupil_" + side: eye.gaze}
        for name, place in places.items():
            below_upper = eye.upper_lid(place[:, 0], eye.opening) - place[:, 1]
            above_lower = place[:, 1] - eye.lower_lid(eye.opening)
            result[:, LANDMARKS.index(name)] = smoothstep(
                -0.1, 0.1, torch.minimum(below_upper, above_lower)
            )
    return result
