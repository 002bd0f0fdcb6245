"""VGG16's convolutions (arXiv 1409.1556, configuration D) as perceptual features; torch only.

The weights are the user's own file: safetensors with torchvision's names (`features.0.weight`...).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .errors import BadCheckpoint

# Index of each convolution among torchvision's layers, by the stages between two poolings.
STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG16:
    """Callable: picture (1, 3, H, W) in [-1, 1] -> the last activation of each of five stages."""

    def __init__(self, path: str | Path) -> None:
        """Raises BadCheckpoint if the file is not there, not safetensors, or not VGG16's."""
        self.weights = _load(Path(path))

    def __call__(self, picture: Tensor) -> list[Tensor]:
        mean, std = (picture.new_tensor(v)[:, None, None] for v in (MEAN, STD))
        x = (picture * 0.5 + 0.5 - mean) / std
        maps = []
        for number, stage in enumerate(STAGES):
            if number:
                x = F.max_pool2d(x, 2)
            for layer in stage:
                weight, bias = self.weights[layer]
                x = F.relu(F.conv2d(x, weight.to(x), bias.to(x), padding=1))
            maps.append(x)
        return maps


def _load(path: Path) -> dict[int, tuple[Tensor, Tensor]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    hint = "Save torchvision's VGG16 state dict with safetensors.torch.save_file."
    try:
        tensors = load_file(path)
        pairs = {
            i: (tensors[f"features.{i}.weight"].float(), tensors[f"features.{i}.bias"].float())
            for stage in STAGES
            for i in stage
        }
    except (OSError, SafetensorError, KeyError) as error:
        raise BadCheckpoint(f"{path} does not hold VGG16's weights ({error}).", hint=hint) from None
    channels = 3
    for weight, bias in pairs.values():
        if weight.shape[1:] != (channels, 3, 3) or bias.shape != weight.shape[:1]:
            raise BadCheckpoint(f"{path} holds weights of another shape than VGG16's.", hint=hint)
        channels = weight.shape[0]
    if not all(torch.isfinite(w).all() for pair in pairs.values() for w in pair):
        raise BadCheckpoint(f"{path} holds weights that are not finite.", hint=hint)
    return pairs
