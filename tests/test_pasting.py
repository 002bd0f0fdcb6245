"""Paste-back: what moved is shown with its detail, and nothing else changes by one bit."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from draggan.borders import find_cut
from draggan.correspondence import Correspondence
from draggan.frame import Frame
from draggan.pasting import MOVED, ModelEdit, PasteOptions, edit_layers, paste_back
from draggan.viewing import view

SIZES = [(64, 64), (300, 200), (200, 300), (17, 40), (1000, 31), (1, 1)]


def picture(width: int, height: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (height, width, channels)).astype(np.uint8)


def blob(size: int, x: float, y: float, radius: float) -> torch.Tensor:
    """A white disc on gray, (1, 3, size, size) in [-1, 1]."""
    grid = torch.arange(size) + 0.5
    inside = (grid[None] - x) ** 2 + (grid[:, None] - y) ** 2 < radius**2
    return inside.float().expand(1, 3, size, size) * 0.8


def edit_of(
    native: np.ndarray,
    frame: Frame,
    before: torch.Tensor,
    after: torch.Tensor,
    *,
    shift: tuple[float, float] = (0.0, 0.0),
    where: torch.Tensor | None = None,
    sure: torch.Tensor | None = None,
) -> ModelEdit:
    """Content `where` (H, W) came from `shift` pixels away, to be trusted where `sure`."""
    size = (before.shape[-2], before.shape[-1])
    found = Correspondence.identity(size, size[::-1])
    moved = torch.ones(size) if where is None else where.float()
    source = found.source + torch.tensor(shift).view(1, 2, 1, 1) * moved
    confidence = torch.ones(1, 1, *size) if sure is None else sure.float()[None, None]
    return ModelEdit(
        view(native, frame), before, after, Correspondence(source, confidence, size[::-1])
    )


def disc(size: int, x: float, y: float, radius: float) -> torch.Tensor:
    return blob(size, x, y, radius)[0, 0] > 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_an_edit_that_moves_nothing_changes_no_bit(size: tuple[int, int], channels: int) -> None:
    native = picture(*size, channels)
    frame = Frame(size, (32, 32))
    same = torch.rand(1, 3, 32, 32) * 2 - 1
    result = paste_back(native, frame, edit_of(native, frame, same, same.clone()))
    assert result.dtype == native.dtype and np.array_equal(result, native)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_far_from_a_change_every_bit_stays(dtype: type) -> None:
    native = (np.random.RandomState(0).rand(200, 300, 4) * 250).astype(dtype)
    frame = Frame((300, 200), (64, 64))
    change = edit_of(native, frame, blob(64, 20, 32, 5), blob(64, 26, 32, 5))
    result = paste_back(native, frame, change)
    assert np.array_equal(result[:, 200:], native[:, 200:])
    assert not np.array_equal(result[80:120, 80:130], native[80:120, 80:130])


def test_outside_the_mask_every_bit_stays() -> None:
    native = picture(128, 128)
    frame = Frame((128, 128), (64, 64))
    mask = np.zeros((128, 128), np.float32)
    mask[:, :60] = 1
    change = edit_of(native, frame, blob(64, 20, 32, 12), blob(64, 36, 32, 12))
    result = paste_back(native, frame, change, mask=mask)
    assert np.array_equal(result[:, 60:], native[:, 60:])
    assert not np.array_equal(result[:, :60], native[:, :60])


def test_samples_that_are_no_numbers_stay_where_nothing_moved() -> None:
    native = np.full((64, 64, 4), np.float32(0.5))
    native[2, 2, 0], native[3, 3, 1] = np.nan, np.inf
    frame = Frame((64, 64), (64, 64))
    edit = edit_of(native, frame, blob(64, 40, 40, 5), blob(64, 46, 40, 5))
    result = paste_back(native, frame, edit)
    assert np.isnan(result[2, 2, 0]) and np.isinf(result[3, 3, 1])
    assert "2 pixels" in edit.seen.notes[0]


def test_what_moved_is_shown_and_detail_is_kept_beside_it() -> None:
    """With a perfect reconstruction the result is the edit; grain survives where content stays."""
    before, after = blob(64, 20, 32, 8), blob(64, 40, 32, 8)
    grain = np.random.RandomState(0).randn(64, 64, 1) * 6
    clean = (before[0].permute(1, 2, 0).numpy() + 1) * 127.5
    native = np.clip(clean + grain, 0, 255).astype(np.uint8)
    frame = Frame((64, 64), (64, 64))
    result = paste_back(native, frame, edit_of(native, frame, before, after)).astype(float)
    wanted = (after[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert abs(result[30:35, 38:42] - wanted[30:35, 38:42]).mean() < 12
    assert abs(result[30:35, 18:22] - wanted[30:35, 18:22]).mean() < 12
    assert result[:, :5].std() > 3  # the grain


def moved_head(size: int, factor: int, form: type, channels: int) -> tuple:
    """A grainy disc on transparency or gray that moves 10 model px to the right."""
    grain = np.random.RandomState(3).rand(size * factor, size * factor, channels)
    inside = disc(size * factor, 24 * factor, 32 * factor, 9 * factor).numpy()
    colours = np.where(inside[..., None], 0.75 + 0.2 * grain, 0.5)
    if channels in (2, 4):
        colours[..., -1] = inside
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[form]
    native = (colours * white).astype(form)
    here, there = disc(size, 34, 32, 12), disc(size, 24, 32, 12)
    frame = Frame((size * factor, size * factor), (size, size))
    before, after = (blob(size, x, 32, 9) * 0.875 for x in (24, 34))
    edit = edit_of(native, frame, before, after, shift=(-10, 0), where=here, sure=here | ~there)
    return native, frame, edit


@pytest.mark.parametrize("form", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grain_moves_along_with_what_moves(form: type, channels: int) -> None:
    native, frame, edit = moved_head(64, 4, form, channels)
    result = paste_back(native, frame, edit)
    inner = np.s_[112:144]
    came, went = native[inner, 80:112].astype(float), result[inner, 120:152].astype(float)
    assert result.dtype == native.dtype
    assert np.corrcoef(came[..., 0].ravel(), went[..., 0].ravel())[0, 1] > 0.99
    assert np.abs(came - went).mean() < 0.03 * native.max()
    plain = paste_back(native, frame, edit, options=PasteOptions(detail=False))
    still = plain[inner, 120:152, 0].astype(float)
    assert still.std() < 0.2 * came[..., 0].std()


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_moves_with_what_moves_and_what_is_uncovered_is_transparent(channels: int) -> None:
    native, frame, edit = moved_head(64, 4, np.uint8, channels)
    alpha = paste_back(native, frame, edit)[..., -1]
    wanted = disc(256, 34 * 4, 32 * 4, 9 * 4).numpy()
    assert (alpha[wanted] == 255).mean() > 0.97
    assert (alpha[~wanted] == 0).mean() > 0.98
    assert (alpha[128, 62:92] == 0).all()  # where it was


def test_differences_that_eight_bits_cannot_show_change_nothing() -> None:
    native = (np.random.RandomState(0).rand(64, 64, 3) * 65535).astype(np.uint16)
    frame = Frame((64, 64), (64, 64))
    before = torch.zeros(1, 3, 64, 64)
    edit = edit_of(native, frame, before, before + 0.8 / 255)
    assert np.array_equal(paste_back(native, frame, edit), native)


def test_specks_change_nothing() -> None:
    native = picture(128, 128)
    frame = Frame((128, 128), (128, 128))
    after = blob(128, 40, 64, 12)
    after[..., 100, 100] = 0.2
    result = paste_back(native, frame, edit_of(native, frame, after * 0, after))
    assert np.array_equal(result[80:, 80:], native[80:, 80:])
    assert not np.array_equal(result[60:70, 30:50], native[60:70, 30:50])


def test_everything_can_be_pasted_and_the_frames_rim_is_soft() -> None:
    native = np.full((200, 200, 3), 100, np.uint8)
    frame = Frame.around((200, 200), (64, 64), (36, 36, 164, 164))
    dark, light = torch.full((1, 3, 64, 64), -0.2), torch.full((1, 3, 64, 64), -0.1)
    edit = edit_of(native, frame, dark, light)
    result = paste_back(native, frame, edit, options=PasteOptions(what="all")).astype(int)
    assert np.array_equal(result[:34], native[:34]) and (result[60:140, 60:140] > 108).all()
    assert np.abs(np.diff(result[100], axis=0)).max() <= 4


def test_what_is_pasted_into_a_part_fades_out_where_the_picture_goes_on() -> None:
    native = np.full((200, 200, 3), 100, np.uint8)
    frame = Frame((200, 200), (64, 64))
    edit = edit_of(native, frame, torch.full((1, 3, 64, 64), -0.2), torch.full((1, 3, 64, 64), 0.2))
    options = PasteOptions(what="all", goes_on=("right",))
    result = paste_back(native, frame, edit, options=options).astype(int)
    assert np.array_equal(result[:, -2:], native[:, -2:]) and (result[:, :180] > 140).all()
    assert np.abs(np.diff(result[100], axis=0)).max() <= 20


def test_a_turned_frames_edit_lands_where_the_frame_lies() -> None:
    native = np.full((300, 300, 3), 128, np.uint8)
    frame = Frame.around((300, 300), (64, 64), (100, 100, 228, 228), angle=0.6)
    edit = edit_of(native, frame, blob(64, 12, 32, 5) * 0, blob(64, 48, 32, 5))
    result = paste_back(native, frame, edit).astype(int)
    x, y = frame.to_picture(torch.tensor([48.0, 32.0])).round().int().tolist()
    assert result[y, x, 0] > 200
    assert np.array_equal(result[:60], native[:60])


@pytest.mark.parametrize("options", [MOVED, PasteOptions(what="all")], ids=["moved", "all"])
def test_what_moves_out_of_sight_is_noticed_unless_it_may_not_move_there(
    options: PasteOptions,
) -> None:
    native = np.full((256, 256, 3), 128, np.uint8)
    frame = Frame.around((256, 256), (64, 64), (64, 64, 192, 192))
    away = edit_of(native, frame, blob(64, 32, 32, 9) * 0, blob(64, 60, 32, 9))
    near = edit_of(native, frame, blob(64, 32, 32, 9) * 0, blob(64, 32, 32, 9))
    left = np.zeros((256, 256), np.float32)
    left[:, :128] = 1

    def is_cut(edit: ModelEdit, mask: np.ndarray | None = None) -> bool:
        layers = edit_layers(native, frame, edit, mask=mask, options=options)
        return find_cut(layers.effect, frame).inside

    assert is_cut(away) and not is_cut(near)
    assert is_cut(away, np.ones_like(left)) and not is_cut(away, left)


@pytest.mark.slow
def test_an_edit_of_512_pixels_in_a_large_layer_is_pasted_within_a_second() -> None:
    native = np.zeros((4000, 6000, 4), np.uint8) + 128
    frame = Frame.around((6000, 4000), (128, 128), (2700, 1700, 3212, 2212))
    edit = edit_of(native, frame, blob(128, 50, 64, 30), blob(128, 70, 64, 30))
    start = time.process_time()
    paste_back(native, frame, edit)
    assert time.process_time() - start < 2
