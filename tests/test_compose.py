"""Paste-back."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from draggan.compose import paste_back, patch
from draggan.frame import Frame
from draggan.viewing import view

SIZES = [(64, 64), (300, 200), (200, 300), (17, 40), (1000, 31), (1, 1)]


def picture(width: int, height: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (height, width, channels)).astype(np.uint8)


def blob(size: int, x: float, y: float, radius: float) -> torch.Tensor:
    """A white disc on gray, (1, 3, size, size) in [-1, 1]."""
    grid = torch.arange(size) + 0.5
    inside = (grid[None] - x) ** 2 + (grid[:, None] - y) ** 2 < radius**2
    return inside.float().expand(1, 3, size, size) * 0.8


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


def test_transparent_pixels_are_never_painted() -> None:
    native = np.full((64, 64, 4), 128, np.uint8)
    native[:, 30:, 3] = 0
    frame = Frame((64, 64), (64, 64))
    change = patch(view(native, frame), blob(64, 20, 32, 9), blob(64, 36, 32, 9))
    assert np.array_equal(paste_back(native, frame, change)[:, 30:], native[:, 30:])


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
