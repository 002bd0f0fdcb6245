"""A picture as the model sees it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from draggan.frame import Frame, cell_centres
from draggan.viewing import fill, shrink_picture, view


def picture(width: int, height: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (height, width, channels)).astype(np.uint8)


@pytest.mark.parametrize("size", [(300, 200), (40, 90), (64, 64)])
def test_points_and_pixels_move_alike(size: tuple[int, int]) -> None:
    """A bright spot's centre of mass lies where `to_model` says."""
    spot = np.zeros((size[1], size[0], 3), np.uint8)
    x, y = size[0] // 3, size[1] // 2
    spot[y - 3 : y + 4, x - 3 : x + 4] = 255
    seen = (view(spot, Frame(size, (64, 64))).image[0, 0] + 1) / 2
    grid = torch.arange(64) + 0.5
    centre = torch.stack([(seen * grid).sum(), (seen * grid[:, None]).sum()]) / seen.sum()
    wanted = Frame(size, (64, 64)).to_model(torch.tensor([x + 0.5, y + 0.5]))
    assert torch.allclose(centre, wanted, atol=0.05)


def test_a_transparent_part_is_filled_and_weighs_nothing() -> None:
    native = np.zeros((64, 64, 4), np.uint8)
    native[:, :32] = (200, 100, 50, 255)
    seen = view(native, Frame((64, 64), (64, 64)))
    wanted = torch.tensor([200, 100, 50]) / 127.5 - 1
    assert torch.allclose(seen.image[0, :, 5, 60], wanted, atol=0.02)
    assert seen.weight[0, 0, 5, 60] == 0 and seen.weight[0, 0, 5, 5] == 1


def test_a_wholly_transparent_picture_is_gray_and_finite() -> None:
    seen = view(np.zeros((8, 8, 4), np.uint8), Frame((8, 8), (16, 16)))
    assert torch.isfinite(seen.image).all() and seen.weight.max() == 0


def test_the_repeated_edge_weighs_nothing() -> None:
    seen = view(picture(64, 32), Frame((64, 32), (64, 64)))
    assert seen.weight[0, 0, :16].max() == 0 and seen.weight[0, 0, 16:48].min() == 1


def test_the_callers_weight_reaches_the_model() -> None:
    weight = np.ones((128, 128), np.float32)
    weight[:64] = 0
    seen = view(picture(128, 128), Frame((128, 128), (64, 64)), weight)
    assert seen.weight[0, 0, :32].max() == 0 and seen.weight[0, 0, 32:].min() == 1


def test_filling_keeps_what_is_known() -> None:
    image, weight = torch.rand(1, 2, 13, 7), torch.ones(1, 1, 13, 7)
    weight[..., 3:] = 0
    filled = fill(image, weight)
    assert torch.equal(filled[..., :3], image[..., :3])
    assert 0.1 < filled[..., 3:].mean() < 0.9


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_smaller_copy_keeps_the_sample_type_and_the_mean(channels: int) -> None:
    native = picture(120, 80, channels)
    native[..., -1] = 255 if channels in (2, 4) else native[..., -1]
    small = shrink_picture(native, (60, 40))
    assert small.shape == (40, 60, channels) and small.dtype == np.uint8
    assert small.mean((0, 1)) == pytest.approx(native.mean((0, 1)), abs=0.6)


def test_a_turned_crop_is_seen_upright() -> None:
    """A bar that leans as the frame does stands upright in the model's picture."""
    frame = Frame.around((600, 400), (64, 64), (200, 100, 400, 300), angle=0.5)
    points = frame.to_model(cell_centres(600, 400))
    bar = ((points[..., 0] > 24) & (points[..., 0] < 40)).numpy()
    native = np.repeat(bar[..., None].astype(np.uint8) * 255, 3, axis=2)
    seen = view(native, frame).image[0, 0]
    assert seen[8:56, 26:38].min() > 0.95 and seen[8:56, :22].max() < -0.95
