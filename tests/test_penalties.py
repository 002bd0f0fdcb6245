"""Optional terms on the picture: zero at the start, growing with what must not change."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from draggan.errors import BadCheckpoint
from draggan.penalties import PicturePenalty
from draggan.vgg16 import STAGES, VGG16

CHANNELS = {0: 64, 5: 128, 10: 256, 17: 512, 24: 512}


def penalty(start, keep, features=None, **weights) -> PicturePenalty:
    terms = {"reconstruction": 0.0, "perceptual": 0.0, **weights}
    return PicturePenalty(start, keep, perceptual_features=features, **terms)


def test_reconstruction_counts_only_what_is_to_be_kept():
    start, keep = torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    keep[..., :4] = 1
    term = penalty(start, keep, reconstruction=2.0)
    right, left = start.clone(), start.clone()
    right[..., 4:] = 1
    left[..., :4] = 1
    assert term.loss(start) == 0 and term.loss(right) == 0
    assert term.loss(left).item() == pytest.approx(2.0 * 0.5)


def test_perceptual_features_are_compared_by_direction():
    start = torch.rand(1, 3, 8, 8) + 0.5
    term = penalty(start, torch.ones(1, 1, 8, 8), lambda x: [x], perceptual=1.0)
    assert term.loss(start * 1.5).item() == pytest.approx(0, abs=1e-6)
    assert term.loss(start.flip(1)).item() > 0


def vgg_weights() -> dict[str, torch.Tensor]:
    tensors, inputs = {}, 3
    for stage in STAGES:
        for i in stage:
            outputs = CHANNELS[stage[0]]
            tensors[f"features.{i}.weight"] = torch.randn(outputs, inputs, 3, 3) * 0.05
            tensors[f"features.{i}.bias"] = torch.zeros(outputs)
            inputs = outputs
    return tensors


def test_vgg16_reads_torchvisions_names_and_halves_at_each_stage(tmp_path):
    save_file(vgg_weights(), tmp_path / "vgg.safetensors")
    maps = VGG16(tmp_path / "vgg.safetensors")(torch.zeros(1, 3, 32, 32))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)
    ]  # fmt: skip


@pytest.mark.parametrize("damage", ["missing", "shape", "nan", "foreign", "absent"])
def test_a_file_that_is_not_vgg16_is_refused_in_words(tmp_path, damage):
    path, tensors = tmp_path / "vgg.safetensors", vgg_weights()
    if damage == "missing":
        del tensors["features.28.bias"]
    if damage == "shape":
        tensors["features.2.weight"] = torch.zeros(64, 32, 3, 3)
    if damage == "nan":
        tensors["features.0.bias"][3] = float("nan")
    if damage == "foreign":
        path.write_bytes(b"not a file of weights")
    elif damage != "absent":
        save_file(tensors, path)
    with pytest.raises(BadCheckpoint):
        VGG16(path)
