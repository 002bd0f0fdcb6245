"""The frame between picture and model, and paste-back."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from draggan.compose import Frame, fill, paste_back, patch, shrink_picture, view

SIZES = [(64, 64), (300, 200), (200, 300), (17, 40), (1000, 31), (1, 1)]


def picture(width: int, height: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (height, width, channels)).astype(np.uint8)


def blob(size: int, x: float, y: float, radius: float) -> torch.Tensor:
    """A white disc on gray, (1, 3, size, size) in [-1, 1]."""
    grid = torch.arange(size) + 0.5
    inside = (grid[None] - x) ** 2 + (grid[:, None] - y) ** 2 < radius**2
    return inside.float().expand(1, 3, size, size) * 0.8


@pytest.mark.parametrize("size", SIZES)
def test_points_come_back_where_they_were(size: tuple[int, int]) -> None:
    frame = Frame(size, (64, 64))
    points = torch.tensor([[0.0, 0.0], [0.5, 0.25], [float(size[0]), float(size[1])]])
    assert torch.allclose(frame.to_picture(frame.to_model(points)), points, atol=1e-3)


def test_a_wide_picture_lies_in_the_middle() -> None:
    frame = Frame((400, 200), (64, 64))
    corners = frame.to_model(torch.tensor([[0.0, 0.0], [400.0, 200.0]]))
    assert corners.tolist() == [[0, 16], [64, 48]]


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


@pytest.mark.parametrize("size", SIZES)
def test_a_mask_comes_back_in_its_own_size(size: tuple[int, int]) -> None:
    frame = Frame(size, (64, 64))
    mask = np.ones((size[1], size[0]), bool)
    whole = (0, size[1]), (0, size[0])
    back = frame.part_to_picture(frame.mask_to_model(mask)[None, None], *whole)[..., 0]
    assert back.shape == mask.shape and back.min() > 0.99


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_an_edit_that_moves_nothing_changes_no_bit(size: tuple[int, int], channels: int) -> None:
    native = picture(*size, channels)
    frame = Frame(size, (32, 32))
    same = torch.rand(1, 3, 32, 32) * 2 - 1
    result = paste_back(native, frame, patch(view(native, frame), same, same.clone()))
    assert result.dtype == native.dtype and np.array_equal(result, native)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_far_from_a_change_every_bit_stays(dtype: type) -> None:
    native = (np.random.RandomState(0).rand(200, 300, 4) * 250).astype(dtype)
    frame = Frame((300, 200), (64, 64))
    change = patch(view(native, frame), blob(64, 20, 32, 5), blob(64, 26, 32, 5))
    result = paste_back(native, frame, change)
    assert np.array_equal(result[:, 200:], native[:, 200:])
    assert not np.array_equal(result[80:120, 80:130], native[80:120, 80:130])


def test_outside_the_mask_every_bit_stays() -> None:
    native = picture(128, 128)
    frame = Frame((128, 128), (64, 64))
    mask = np.zeros((128, 128), np.float32)
    mask[:, :60] = 1
    change = patch(
        view(native, frame),
        blob(64, 20, 32, 12),
        blob(64, 36, 32, 12),
        mask=frame.mask_to_model(mask),
    )
    result = paste_back(native, frame, change, mask=mask)
    assert np.array_equal(result[:, 60:], native[:, 60:])
    assert not np.array_equal(result[:, :60], native[:, :60])


def test_samples_that_are_no_numbers_stay_where_nothing_moved() -> None:
    native = np.full((64, 64, 4), np.float32(0.5))
    native[2, 2, 0], native[3, 3, 1] = np.nan, np.inf
    frame = Frame((64, 64), (64, 64))
    seen = view(native, frame)
    result = paste_back(native, frame, patch(seen, blob(64, 40, 40, 5), blob(64, 46, 40, 5)))
    assert np.isnan(result[2, 2, 0]) and np.isinf(result[3, 3, 1])
    assert "2 pixels" in seen.notes[0]


def test_what_moved_is_shown_and_detail_is_kept_beside_it() -> None:
    """With a perfect reconstruction the result is the edit; grain survives where content stays."""
    before, after = blob(64, 20, 32, 8), blob(64, 40, 32, 8)
    grain = np.random.RandomState(0).randn(64, 64, 1) * 6
    clean = (before[0].permute(1, 2, 0).numpy() + 1) * 127.5
    native = np.clip(clean + grain, 0, 255).astype(np.uint8)
    frame = Frame((64, 64), (64, 64))
    result = paste_back(native, frame, patch(view(native, frame), before, after)).astype(float)
    wanted = (after[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert abs(result[30:35, 38:42] - wanted[30:35, 38:42]).mean() < 12
    assert abs(result[30:35, 18:22] - wanted[30:35, 18:22]).mean() < 12
    assert result[:, :5].std() > 3  # the grain


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


def test_transparent_pixels_are_never_painted() -> None:
    native = np.full((64, 64, 4), 128, np.uint8)
    native[:, 30:, 3] = 0
    frame = Frame((64, 64), (64, 64))
    change = patch(view(native, frame), blob(64, 20, 32, 9), blob(64, 36, 32, 9))
    assert np.array_equal(paste_back(native, frame, change)[:, 30:], native[:, 30:])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_smaller_copy_keeps_the_sample_type_and_the_mean(channels: int) -> None:
    native = picture(120, 80, channels)
    native[..., -1] = 255 if channels in (2, 4) else native[..., -1]
    small = shrink_picture(native, Frame((120, 80), (64, 64)), (60, 40))
    assert small.shape == (40, 60, channels) and small.dtype == np.uint8
    assert small.mean((0, 1)) == pytest.approx(native.mean((0, 1)), abs=0.6)


@pytest.mark.slow
def test_a_large_layer_is_pasted_in_a_few_seconds() -> None:
    """24 megapixels, a 128 px edit in the middle; the budget leaves room for a busy machine."""
    native = np.zeros((4000, 6000, 4), np.uint8) + 128
    frame = Frame((6000, 4000), (128, 128))
    small = Frame((128, 128), (128, 128))
    change = patch(view(native[:128, :128], small), blob(128, 50, 64, 16), blob(128, 70, 64, 16))
    start = time.process_time()
    paste_back(native, frame, change)
    assert time.process_time() - start < 6
