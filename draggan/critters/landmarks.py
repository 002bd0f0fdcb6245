"""Seventeen named points of an animal in its head's own frame, and where they face; torch only."""

from __future__ import annotations

import torch
from torch import Tensor

from draggan.critters.anatomy import Anatomy, surface_height
from draggan.critters.geometry import turned, vectors
from draggan.errors import BadInput

LANDMARKS: tuple[str, ...] = (
    "nose",
    "eye_l",
    "eye_r",
    "pupil_l",
    "pupil_r",
    "ear_tip_l",
    "ear_tip_r",
    "ear_base_l",
    "ear_base_r",
    "mouth_top",
    "mouth_bot",
    "mouth_l",
    "mouth_r",
    "chin",
    "forehead",
    "cheek_l",
    "cheek_r",
)

_FACE = ("skull", "cheek_l", "cheek_r", "muzzle", "chin", "mouth")
# The parts that a viewer may see at a landmark; the head's ellipsoids melt into one another.
LANDMARK_PARTS: dict[str, tuple[str, ...]] = {
    "nose": ("nose",),
    "eye_l": ("eye_l", "iris_l", "lid_l"),
    "eye_r": ("eye_r", "iris_r", "lid_r"),
    "pupil_l": ("iris_l",),
    "pupil_r": ("iris_r",),
    "ear_tip_l": ("ear_l",),
    "ear_tip_r": ("ear_r",),
    "ear_base_l": ("ear_l",),
    "ear_base_r": ("ear_r",),
    **dict.fromkeys(LANDMARKS[9:], _FACE),
}


def landmark_index(name: str) -> int:
    """Row of the landmark called `name`. Raises BadInput for a name that does not exist."""
    if name not in LANDMARKS:
        raise BadInput(
            f"A critter has no landmark called '{name}'.",
            hint="Landmarks: " + ", ".join(LANDMARKS) + ".",
        )
    return LANDMARKS.index(name)


def locate(anatomy: Anatomy) -> Tensor:
    """All landmarks in the order of `LANDMARKS`, in the head's frame, (B, 17, 3)."""
    nose, ears, eyes = anatomy.nose, anatomy.ears, anatomy.eyes
    found = [
        nose.centre + _forward(nose.radii[:, 2]),
        *(eye.ball.centre + eye.turn[:, :, 2] * eye.ball.radii[:, 2:] for eye in eyes),
        *(eye.ball.centre + turned(eye.turn, eye.pupil * eye.ball.radii) for eye in eyes),
        *(ear.centre + ear.up * (ear.length * 0.88)[:, None] for ear in ears),
        *(ear.base + ear.up * (ear.length * 0.10)[:, None] for ear in ears),
    ]
    x, y = _face_spots(anatomy)
    on_the_face = torch.stack([x, y, surface_height(anatomy, x, y)], -1)  # (B, 8, 3)
    return torch.cat([torch.stack(found, 1), on_the_face], 1)


def outward(anatomy: Anatomy) -> Tensor:
    """Directions (B, 17, 3) that the surface faces at the landmarks, of any length."""
    ears, eyes = anatomy.ears, anatomy.eyes
    found = [
        _forward(torch.ones_like(anatomy.muzzle_size)),
        *(eye.turn[:, :, 2] for eye in eyes),
        *(turned(eye.turn, eye.pupil / eye.ball.radii) for eye in eyes),
        *(ear.turn[:, :, 2] for ear in ears + ears),
    ]
    x, y = _face_spots(anatomy)
    step = 1e-3
    rise_x = surface_height(anatomy, x + step, y) - surface_height(anatomy, x - step, y)
    rise_y = surface_height(anatomy, x, y + step) - surface_height(anatomy, x, y - step)
    on_the_face = torch.stack([-rise_x, -rise_y, torch.full_like(x, 2 * step)], -1)
    return torch.cat([torch.stack(found, 1), on_the_face], 1)


def _forward(length: Tensor) -> Tensor:
    """Vectors (B, 3) out of the face, of `length` (B,)."""
    return vectors(length * 0, 0, length)


def _face_spots(anatomy: Anatomy) -> tuple[Tensor, Tensor]:
    """(x, y), (B, 8) each, of the landmarks from mouth_top on, which lie on the blended head."""
    width, height, mouth = anatomy.half_width, anatomy.half_height, anatomy.mouth
    corner = mouth.height + mouth.corner_lift * 0.9
    size = anatomy.muzzle_size
    jaw = -height * 0.34 - size * 0.42 - anatomy.jaw_drop
    reach = mouth.half_width * 0.95
    x = vectors(0, 0, -reach, reach, 0, 0, -width * 0.70, width * 0.70)
    low = -height * 0.38
    y = vectors(
        mouth.height,
        mouth.height - mouth.gap,
        corner,
        corner,
        jaw - size * 0.33,
        height * 0.62,
        low,
        low,
    )
    return x, y
