"""How far a generated picture is from the renderer's, with more weight on the face; torch only."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from draggan.critters import Scene, landmark_index

FEATURES = {"nose": 2.0, "eye_l": 4.0, "eye_r": 4.0, "mouth_top": 2.0, "mouth_bot": 2.0}
SPREAD = 0.045  # standard deviation of the extra weight, as a share of the picture's width


def regression_loss(image: Tensor, scene: Scene) -> Tensor:
    """L1 and a little L2 on pixels, L1 on their gradients and on 4 x 4 means; (B, 3, R, R)."""
    weight = face_weight(scene)  # (B, 1, R, R)
    error = image - scene.image
    along_x, along_y = error.diff(dim=-1).abs(), error.diff(dim=-2).abs()
    return (
        ((error.abs() + error.square()) * weight).mean()
        + (along_x * weight[..., 1:]).mean()
        + (along_y * weight[..., 1:, :]).mean()
        + 0.5 * F.avg_pool2d(error, 4).abs().mean()
    )


def face_weight(scene: Scene) -> Tensor:
    """1, and more around eyes, nose and mouth: small, and what everybody looks at; (B, 1, R, R)."""
    size = scene.image.shape[-1]
    centres = torch.arange(size, device=scene.image.device) + 0.5
    points = scene.landmarks[:, [landmark_index(name) for name in FEATURES]]  # (B, K, 2)
    spread = 2 * (SPREAD * size) ** 2
    x = torch.exp(-((centres - points[..., :1]) ** 2) / spread)  # (B, K, R)
    y = torch.exp(-((centres - points[..., 1:]) ** 2) / spread)
    peaks = points.new_tensor(list(FEATURES.values()))[None, :, None, None]
    return 1 + (peaks * y[..., :, None] * x[..., None, :]).amax(1, keepdim=True)


def psnr(image: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each clamped picture in [-1, 1], (B,)."""
    mse = (image.clamp(-1, 1) - truth).square().mean((1, 2, 3))
    return 10 * torch.log10(4 / mse.clamp_min(1e-12))
