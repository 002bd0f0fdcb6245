"""Single steps as bytes: small, exact, and not believed before they are checked."""

from __future__ import annotations

import contextlib
import random
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from draggan import saved_edit, step_record
from draggan.errors import BadSaved
from draggan.saved import SavedEdit
from draggan.saved_arrays import sealed
from draggan.step_record import pack_step, unpack_step, with_steps
from draggan.timeline import State

SIZE = (4, 5)


def state(seed: int, *, rows: int = 2, mask: np.ndarray | None = None) -> State:
    """Next to every other of them in all but the leading rows."""
    ws = torch.arange(8 * 16.0).view(1, 8, 16).clone()
    ws[:, :rows] = torch.randn(1, rows, 16, generator=torch.Generator().manual_seed(seed))
    return State(ws, torch.tensor([[1.5, 2.0], [seed, 3.25]]), mask)


def share(value: float = 1.0) -> np.ndarray:
    mask = np.zeros(SIZE, np.float32)
    mask[1:3, 2:] = value
    return mask


def same(a: State, b: State) -> None:
    assert a.ws.numpy().tobytes() == b.ws.numpy().tobytes()
    assert torch.equal(a.points, b.points)
    assert (a.mask is None) == (b.mask is None)
    assert a.mask is None or (b.mask is not None and np.array_equal(a.mask, b.mask))


def again(one: State, before: State) -> State:
    return unpack_step(pack_step(one, before), before, size=SIZE)


@pytest.mark.parametrize("mask", [None, share(), share(0.3)])
@pytest.mark.parametrize("rows", [0, 1, 8])
def test_a_step_comes_back_bit_for_bit(rows: int, mask: Any) -> None:
    one = state(1, rows=rows, mask=mask)
    same(again(one, state(2, rows=0)), one)
    same(again(one, state(2, rows=8, mask=share(0.5))), one)


def test_a_zero_that_changed_its_sign_comes_back() -> None:
    one, other = state(1), state(1)
    one.ws[0, 5, 3], other.ws[0, 5, 3] = -0.0, 0.0
    same(again(one, other), one)


def test_only_rows_that_moved_are_kept() -> None:
    before = state(2)
    sizes = [len(pack_step(state(1, rows=rows), before)) for rows in (2, 5)]
    assert sizes[1] - sizes[0] == 3 * 16 * 4
    assert len(pack_step(before, before)) < 40
    assert len(pack_step(before, None)) > 8 * 16 * 4


def test_a_mask_is_kept_once_and_stays_one_object() -> None:
    mask = np.random.RandomState(0).rand(*SIZE).astype(np.float32)
    before, one = state(1, mask=mask), state(2, mask=mask.copy())
    assert len(pack_step(one, before)) < len(pack_step(one, state(1)))
    assert again(one, before).mask is mask


def test_the_step_before_is_left_as_it_was() -> None:
    before = state(2)
    kept = before.ws.clone()
    again(state(1), before)
    assert torch.equal(before.ws, kept)


def edit(*states: State) -> SavedEdit:
    picture = np.zeros((*SIZE, 3), np.uint8)
    return SavedEdit(states, 0, picture=picture, quality="balanced", psnr=30.0)


def recorded(*states: State) -> list[tuple[int, bytes]]:
    pairs = enumerate(zip(states[1:], states[:-1], strict=True), 1)
    return [(index, pack_step(one, before)) for index, (one, before) in pairs]


def test_an_edit_with_steps_added_has_them_all() -> None:
    states = [state(0), state(1, mask=share()), state(2, mask=share()), state(3)]
    found = with_steps(edit(states[0]), recorded(*states), position=2)
    assert found.position == 2 and len(found.states) == 4
    for one, other in zip(states, found.states, strict=True):
        same(one, other)
    assert found.states[1].mask is found.states[2].mask


def test_a_step_for_a_place_that_is_taken_replaces_all_after_it() -> None:
    old = [state(k) for k in range(5)]
    new = state(9)
    found = with_steps(edit(*old), [(2, pack_step(new, old[1]))], position=2)
    assert len(found.states) == 3
    same(found.states[2], new)


def test_steps_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    states = [state(0), state(1, mask=share()), state(2, mask=share(0.5))]
    good = recorded(*states)
    for steps in ([good[1]], [(0, good[0][1])], [(-1, good[0][1])], [(3, good[0][1])]):
        with pytest.raises(BadSaved):
            with_steps(edit(states[0]), steps, position=0)
    for position in (-1, 3):
        with pytest.raises(BadSaved):
            with_steps(edit(states[0]), good, position=position)
    with pytest.raises(BadSaved):  # a mask without a picture
        with_steps(replace(edit(states[0]), picture=None), good, position=0)
    with pytest.raises(BadSaved):  # a mask of another size
        small = replace(edit(states[0]), picture=np.zeros((4, 4, 3), np.uint8))
        with_steps(small, good, position=0)
    for where, name, bound in ((step_record, "MAX_PIXELS", 39), (saved_edit, "MAX_STATES", 2)):
        with monkeypatch.context() as patch, pytest.raises(BadSaved):
            patch.setattr(where, name, bound)
            with_steps(edit(states[0]), good, position=0)
    assert len(with_steps(edit(states[0]), good, position=0).states) == 3


GOOD = pack_step(state(1, mask=share()), state(2))


def resealed(change: int, to: bytes) -> bytes:
    body = bytearray(GOOD[:-4])
    body[change : change + len(to)] = to
    return sealed(bytes(body))


def with_mask(plain: bytes, sample: int = 1) -> bytes:
    bare = pack_step(state(1, mask=share()), state(2))
    end = 10 + 4 * (2 * 16 + 4)
    return sealed(bare[:end] + bytes([sample]) + zlib.compress(plain))


NAN, INF = b"\0\0\xc0\x7f", b"\0\0\x80\xff"
HOSTILE = {
    "nothing": b"",
    "a few bytes": b"DGS1" * 2,
    "cut off": GOOD[:50],
    "cut off, sealed": sealed(GOOD[:50]),
    "something behind it": GOOD + b"x",
    "something behind a step without a mask": sealed(pack_step(state(1), state(2))[:-4] + b"x"),
    "something behind the mask": sealed(GOOD[:-4] + b"x"),
    "another mark": resealed(0, b"DGS2"),
    "more rows than there are": resealed(4, b"\x09\0"),
    "rows by the thousand": resealed(4, b"\xff\xff"),
    "another width": resealed(6, b"\x0f\0"),
    "too many points": resealed(8, b"\x41"),
    "an unknown kind of mask": resealed(9, b"\x03"),
    "the same mask as none": resealed(9, b"\x01"),
    "a latent that is no number": resealed(10, NAN),
    "a latent without end": resealed(10, INF),
    "a latent beyond reason": resealed(10, b"\0\0\x80\x50"),
    "a point that is no number": resealed(10 + 128, NAN),
    "a mask that is not deflated": resealed(10 + 144, bytes(12)),
    "no mask where there is one": sealed(GOOD[: 10 + 144]),
    "a mask of two bytes": with_mask(bytes(40), 2),
    "a mask that is too short": with_mask(bytes(19)),
    "a mask that swells": with_mask(bytes(1 << 26)),
    "a mask above one": with_mask(np.full(20, 2, np.float32).tobytes(), 4),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_or_damaged_is_refused_in_words(name: str) -> None:
    with pytest.raises(BadSaved, match="damaged") as refusal:
        unpack_step(HOSTILE[name], state(2), size=SIZE)
    assert refusal.value.hint


def test_what_is_only_sealed_again_is_sound() -> None:
    same(unpack_step(resealed(0, b"DGS1"), state(2), size=SIZE), state(1, mask=share()))
    same(unpack_step(with_mask(bytes(20)), state(2), size=SIZE), state(1, mask=share(0.0)))


def test_every_flipped_bit_is_found() -> None:
    for place in range(len(GOOD)):
        with pytest.raises(BadSaved):
            data = GOOD[:place] + bytes([GOOD[place] ^ 64]) + GOOD[place + 1 :]
            unpack_step(data, state(2), size=SIZE)


def test_spoilt_bytes_are_read_or_refused_and_nothing_else() -> None:
    chance, before = random.Random(1), state(2)
    for _ in range(2000):
        data = bytearray(GOOD[:-4])
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        end = chance.choice((None, chance.randrange(len(data))))
        with contextlib.suppress(BadSaved):
            unpack_step(sealed(bytes(data[:end])), before, size=SIZE)
