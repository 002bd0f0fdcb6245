"""Saved edits: all of an edit comes back bit for bit, and what strangers made of it does not."""

from __future__ import annotations

import contextlib
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from draggan import saved, saved_edit, saved_reading
from draggan.drag import DragOptions
from draggan.editor import DragEditor
from draggan.errors import BadInput, BadSaved
from draggan.generator import WeightDelta
from draggan.saved import PictureMark, Place, SavedEdit, Stamp, fingerprint, pack, unpack
from draggan.saved_reading import KEY
from draggan.timeline import State

from .hasty import hasten

STAMP = Stamp("tiny", "0" * 32, "rgb8")
OPTIONS = DragOptions(steps=4, lr=0.05)  # every step is to be seen


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    hasten(monkeypatch)


def picture(channels: int = 3, dtype: str = "uint8") -> np.ndarray:
    values = np.random.RandomState(0).randint(0, 256, (40, 50, channels))
    white = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    return (values / 255 * white).astype(dtype)


def dragged(generator: Any, native: np.ndarray | None = None, **options: Any) -> DragEditor:
    """An editor with a picture, dragged twice: once under a mask, once with two handles."""
    editor = DragEditor(generator)
    list(editor.set_image(picture() if native is None else native, **options))
    mask = np.zeros((40, 50), np.uint8)
    mask[:, :30] = 255
    mask[5, 5] = 77
    list(editor.drag([(20, 15)], [(26, 15)], mask=mask, options=OPTIONS))
    on(editor)
    assert len({editor.image(i).tobytes() for i in range(9)}) == 9
    return editor


def on(editor: DragEditor) -> list[Any]:
    return list(editor.drag([(10, 30), (4, 4)], [(16, 30), (4, 4)], options=OPTIONS))


def reopened(editor: DragEditor, stamp: Stamp = STAMP) -> DragEditor:
    """From the exact form."""
    edit, found = unpack(pack(editor.saved(), stamp, exact=True))
    assert found == stamp
    other = DragEditor(editor.base)
    other.restore(edit)
    return other


def compacted(editor: DragEditor, native: np.ndarray | None = None) -> DragEditor:
    """From the compact form, with its own picture or another one."""
    edit, found = unpack(pack(editor.saved(), STAMP))
    assert found == STAMP
    other = DragEditor(editor.base)
    other.restore(edit, picture() if native is None else native)
    return other


def same(a: DragEditor, b: DragEditor) -> None:
    """The same timeline, and bit for bit the same picture at each step of it."""
    assert a.position == b.position and len(a.timeline) == len(b.timeline)
    assert (a.psnr, a.size, a.quality_score) == (b.psnr, b.size, b.quality_score)
    for i, (x, y) in enumerate(zip(a.timeline, b.timeline, strict=True)):
        assert torch.equal(x.ws, y.ws) and torch.equal(x.points, y.points)
        assert (x.mask is None) == (y.mask is None)
        assert x.mask is None or np.array_equal(x.mask, y.mask)
        assert a.image(i).dtype == b.image(i).dtype and np.array_equal(a.image(i), b.image(i))


def test_every_steps_picture_comes_back_bit_for_bit(tiny_generator: Any) -> None:
    editor = dragged(tiny_generator)
    same(editor, reopened(editor))


def test_a_turned_part_with_all_that_was_found_of_it_comes_back(tiny_generator: Any) -> None:
    editor = dragged(tiny_generator, area=(4, 2, 44, 38), angle=20)
    edit = editor.saved()
    assert edit.residual and edit.delta.tensors and edit.place is not None
    assert edit.likeness is not None and edit.place.angle != 0
    for other in (reopened(editor), compacted(editor)):
        again = other.saved()
        assert (again.place, again.likeness, again.psnr) == (edit.place, edit.likeness, edit.psnr)
        assert other.likeness == editor.likeness
        assert all(
            np.array_equal(again.residual[name], edit.residual[name]) for name in edit.residual
        )
        for index in (0, 8):
            assert np.array_equal(other.image(index), editor.image(index))
            assert np.array_equal(other.reconstruction(index), editor.reconstruction(index))
    same(editor, reopened(editor))


def test_a_drag_goes_on_as_if_the_edit_had_never_been_closed(tiny_generator: Any) -> None:
    editor = dragged(tiny_generator)
    editor.seek(3)
    other = reopened(editor)
    assert other.position == 3
    for ours, theirs in zip(on(editor), on(other), strict=True):
        assert torch.equal(ours.ws, theirs.ws) and torch.equal(ours.points, theirs.points)
        assert ours.statuses == theirs.statuses
    same(editor, other)


@pytest.mark.parametrize("channels", [1, 2, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_picture_keeps_its_own_form(tiny_generator: Any, channels: int, dtype: str) -> None:
    editor = DragEditor(tiny_generator)
    list(editor.set_image(picture(channels, dtype)))
    same(editor, reopened(editor, replace(STAMP, pixels="")))


def test_a_flat_picture_and_pixels_that_are_no_numbers_come_back(tiny_generator: Any) -> None:
    native = picture(1, "float32")[..., 0].copy()
    native[3, 3] = np.nan
    editor = DragEditor(tiny_generator)
    list(editor.set_image(native))
    other = reopened(editor, replace(STAMP, pixels=""))
    assert other.image().shape == (40, 50) and other.notes == editor.notes
    assert np.array_equal(other.image(), native, equal_nan=True)


def test_the_same_edit_gives_the_same_bytes(tiny_generator: Any) -> None:
    editor = dragged(tiny_generator)
    data = pack(editor.saved(), STAMP, exact=True)
    assert pack(editor.saved(), STAMP, exact=True) == data
    assert pack(reopened(editor).saved(), STAMP, exact=True) == data


def test_a_seed_is_saved_without_a_picture(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    editor.set_seed(3)
    on(editor)
    other = reopened(editor)
    same(editor, other)
    assert other.psnr is None and other.quality_score.startswith("exact")


def test_a_soft_mask_comes_back_exactly(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    list(editor.set_image(picture()))
    mask = np.random.RandomState(1).rand(40, 50).astype(np.float32)
    list(editor.drag([(20, 15)], [(26, 15)], mask=mask, options=OPTIONS))
    same(editor, reopened(editor))


def test_the_same_selection_is_kept_once(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    list(editor.set_image(picture()))
    mask = (np.random.RandomState(1).rand(40, 50) > 0.5).astype(np.float32)
    sizes = []
    for _ in range(3):
        list(editor.drag([(20, 15)], [(26, 15)], mask=mask, options=OPTIONS))
        sizes.append(load(pack(editor.saved(), STAMP))["masks"].size)
    assert len(set(sizes)) == 1
    assert len({id(state.mask) for state in reopened(editor).timeline[1:]}) == 1


def test_tuning_too_large_to_keep_is_refused_in_words(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = dragged(tiny_generator).saved()
    assert edit.delta.whole
    data = pack(edit, STAMP)
    monkeypatch.setattr(saved, "MAX_DELTA", 100)
    with pytest.raises(BadInput, match="too large to be saved"):
        pack(edit, STAMP)
    monkeypatch.setattr(saved_reading, "MAX_DELTA", 100)
    with pytest.raises(BadSaved, match="damaged"):
        unpack(data)


def test_a_seed_dragged_under_a_mask_is_saved_too(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    editor.set_seed(3)
    mask = np.ones((32, 32), np.float32)
    mask[:, 20:] = 0
    list(editor.drag([(10, 20)], [(16, 20)], mask=mask, options=OPTIONS))
    same(editor, reopened(editor))


def test_only_rows_that_moved_are_kept(tiny_generator: Any) -> None:
    tensors = load(pack(dragged(tiny_generator).saved(), STAMP, exact=True))
    assert tensors["latents"].shape[1] < tiny_generator.num_ws == len(tensors["pivot"])


def test_an_editor_without_a_picture_has_nothing_to_save(tiny_generator: Any) -> None:
    with pytest.raises(BadInput, match="no step"):
        DragEditor(tiny_generator).saved()


def test_an_edit_that_has_grown_too_large_is_refused_in_words(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = dragged(tiny_generator).saved()
    monkeypatch.setattr(saved_edit, "MAX_LATENTS", 100)
    with pytest.raises(BadInput, match="too large to be saved") as refusal:
        pack(edit, STAMP)
    assert refusal.value.hint


def test_a_fingerprint_tells_files_apart(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(bytes(3 << 20))
    b.write_bytes(bytes(3 << 20))
    assert fingerprint(a) == fingerprint(b) and len(fingerprint(a)) == 32
    b.write_bytes(bytes(3 << 20) + b"\1")
    assert fingerprint(a) != fingerprint(b)


# The compact form.


def longest(way: torch.Tensor) -> float:
    return float(way.abs().max())


def test_a_compact_edit_is_opened_with_its_picture_and_goes_on_as_if_never_closed(
    tiny_generator: Any,
) -> None:
    editor = dragged(tiny_generator)
    editor.seek(5)
    other = compacted(editor)
    assert (other.position, len(other.timeline), other.notes) == (5, 9, ())
    assert (other.psnr, other.size) == (editor.psnr, editor.size)
    for index in (0, 5, 8):  # the opened picture, the present step, the last one
        assert torch.equal(other.timeline[index].ws, editor.timeline[index].ws)
        assert np.array_equal(other.image(index), editor.image(index))
    for ours, theirs in zip(on(editor), on(other), strict=True):
        assert torch.equal(ours.ws, theirs.ws) and torch.equal(ours.points, theirs.points)


def test_no_step_of_a_compact_edit_is_off_by_more_than_a_small_share_of_a_step(
    tiny_generator: Any,
) -> None:
    editor = dragged(tiny_generator)
    other = compacted(editor)
    before = editor.timeline[0].ws
    for one, found in zip(editor.timeline, other.timeline, strict=True):
        assert longest(found.ws - one.ws) <= longest(one.ws - before) / 100
        assert torch.equal(found.points, one.points)
        assert found.mask is one.mask is None or np.array_equal(found.mask, one.mask)
        before = one.ws


def test_errors_of_many_small_steps_do_not_add_up() -> None:
    steps = 0.01 * torch.randn(400, 1, 8, 16, generator=torch.Generator().manual_seed(1))
    latents = 1 + steps.cumsum(0)
    states = tuple(State.start(ws) for ws in latents)
    found, _ = unpack(pack(SavedEdit(states, 399), replace(STAMP, pixels="")))
    read = torch.stack([state.ws for state in found.states])
    assert longest(read - latents) < longest(steps) / 100
    assert longest(read[300:] - latents[300:]) < longest(steps) / 100


def test_what_was_read_from_the_compact_form_is_written_as_it_was(tiny_generator: Any) -> None:
    editor = dragged(tiny_generator)
    data = pack(editor.saved(), STAMP)
    assert pack(compacted(editor).saved(), STAMP) == data
    assert pack(unpack(data)[0], STAMP) == data  # without its picture, too


def test_a_compact_edit_takes_no_room_for_the_picture(tiny_generator: Any) -> None:
    generator = tiny_generator
    editor = DragEditor(generator)
    list(editor.set_image(np.random.RandomState(0).randint(0, 256, (400, 500, 4), np.uint8)))
    data = pack(editor.saved(), replace(STAMP, pixels="rgba8"))
    tensors = load(data)
    delta = sum(array.nbytes for name, array in tensors.items() if name.startswith("delta"))
    assert len(data) < 10_000 + delta


def test_two_hundred_steps_take_a_few_hundred_kilobytes() -> None:
    for rows, width, most in ((6, 128, 150), (6, 512, 600)):
        ws = torch.randn(1, rows, width, generator=torch.Generator().manual_seed(0))
        ways = 0.01 * torch.randn(200, rows, width, generator=torch.Generator().manual_seed(1))
        states = tuple(State.start(one[None]) for one in ws + ways.cumsum(0))
        size = len(pack(SavedEdit(states, 199), replace(STAMP, pixels="")))
        assert size < most * 1000


def test_a_compact_edit_without_its_picture_asks_for_it(tiny_generator: Any) -> None:
    edit, _ = unpack(pack(dragged(tiny_generator).saved(), STAMP))
    with pytest.raises(BadInput, match="does not hold its picture") as refusal:
        DragEditor(tiny_generator).restore(edit)
    assert "together with" in refusal.value.hint
    with pytest.raises(BadInput, match="not there to be kept"):
        pack(edit, STAMP, exact=True)


def test_a_picture_that_has_changed_is_opened_and_said(tiny_generator: Any) -> None:
    native = picture()
    native[0, 0] ^= 1
    other = compacted(dragged(tiny_generator), native)
    assert other.notes[-1] == "The picture has changed since the edit was saved."
    assert np.array_equal(other.image(0), native) and len(other.timeline) == 9


def test_the_picture_may_have_another_depth_meanwhile(tiny_generator: Any) -> None:
    deep = picture().astype(np.uint16) * 257
    other = compacted(dragged(tiny_generator), deep)
    assert other.notes and other.image().dtype == np.uint16


@pytest.mark.parametrize(
    ("native", "words"),
    [
        (picture()[1:], "50 x 40 pixels in colour; this one has 50 x 39"),
        (picture(4), "50 x 40 pixels in colour; this one has 50 x 40 pixels in colour with trans"),
    ],
)
def test_a_picture_of_another_form_is_refused_in_words(
    tiny_generator: Any, native: np.ndarray, words: str
) -> None:
    with pytest.raises(BadSaved, match=words):
        compacted(dragged(tiny_generator), native)


def test_a_made_up_picture_takes_no_other(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    editor.set_seed(3)
    on(editor)
    with pytest.raises(BadSaved, match="made up"):
        compacted(editor)
    other = DragEditor(tiny_generator)
    other.restore(unpack(pack(editor.saved(), STAMP))[0])
    assert np.array_equal(other.image(), editor.image())


def test_a_mark_tells_pictures_apart() -> None:
    marks = {
        PictureMark.of(p) for p in (picture(), picture() ^ 1, picture(4), picture(3, "uint16"))
    }
    assert len(marks) == 4 and PictureMark.of(picture()) in marks


# What strangers send.


@pytest.fixture(scope="module")
def good() -> bytes:
    """A small edit under a mask, made without a network."""
    return pack(small_edit(), STAMP, exact=True)


@pytest.fixture(scope="module")
def small() -> bytes:
    """The same in the compact form."""
    return pack(small_edit(), STAMP)


def small_edit() -> SavedEdit:
    ws = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 1, 8, 16)
    mask = np.zeros((4, 5), np.float32)
    mask[1] = 1
    states = [State.start(ws[0])]
    states += [State(ws[i], torch.tensor([[1.0, 2.0]]), mask) for i in (1, 2)]
    return SavedEdit(
        tuple(states),
        position=2,
        picture=np.zeros((4, 5, 3), np.uint8),
        quality="balanced",
        psnr=30.0,
        place=Place((2.5, 2.0), 0.125, -0.25),
        likeness=0.75,
        delta=WeightDelta(
            {"synthesis.b32.conv1.weight": torch.ones(2, 2)},
            {"synthesis.b32.conv0.weight": (torch.ones(3, 1).half(), torch.ones(1, 2, 2).half())},
        ),
        residual={"values": np.ones((2, 3), np.float16), "rows": np.ones(4, np.uint8)},
    )


def altered(data: bytes, *, metadata: dict[str, Any] | None = None, **arrays: Any) -> bytes:
    """The same with other metadata and tensors (None: without)."""
    (length,) = struct.unpack_from("<Q", data)
    own = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][KEY])
    tensors = {**load(data), **{name.replace("__", "."): a for name, a in arrays.items()}}
    found = {**own, **(metadata or {})}
    told = {name: value for name, value in found.items() if value is not None}
    return said(json.dumps(told), {n: a for n, a in tensors.items() if a is not None})


def said(metadata: str, tensors: dict[str, Any]) -> bytes:
    return save(tensors, {KEY: metadata})


def with_header(header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + body


def masks(plain: bytes, size: int = 1) -> np.ndarray:
    return np.frombuffer(bytes([size]) + zlib.compress(plain), np.uint8)


F, I = np.float32, np.int32
EMPTY = np.zeros(0, F)
MARK = f"4 5 3 uint8 {'0' * 32}"
Spoil = Callable[[bytes], bytes]
HOSTILE: dict[str, Spoil] = {
    "nothing": lambda d: b"",
    "no safetensors": lambda d: b"PK\3\4" + bytes(100),
    "cut off in the header": lambda d: d[:100],
    "cut off in the tensors": lambda d: d[:-1],
    "something behind it": lambda d: d + b"x",
    "a header of gigabytes": lambda d: struct.pack("<Q", 1 << 40) + d[8:],
    "a large header": lambda d: with_header(b'{"a":"' + b"x" * 70_000 + b'"}'),
    "a deep header": lambda d: with_header(b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "a header of many brackets": lambda d: with_header(b"[" * 60_000),
    "no metadata": lambda d: save(load(d)),
    "foreign metadata": lambda d: save(load(d), {"format": "pt"}),
    "metadata of brackets": lambda d: said("[" * 50_000, load(d)),
    "metadata in a list": lambda d: said("[]", load(d)),
    "metadata that are numbers": lambda d: altered(d, metadata={"position": 2}),
    "a version that is none": lambda d: altered(d, metadata={"version": "one"}),
    "no model": lambda d: altered(d, metadata={"model": None}),
    "a model's name of controls": lambda d: altered(d, metadata={"model": "a\nb"}),
    "a long model's name": lambda d: altered(d, metadata={"model": "a" * 300}),
    "no fingerprint": lambda d: altered(d, metadata={"fingerprint": ""}),
    "an unknown pixel format": lambda d: altered(d, metadata={"pixels": "cmyk8"}),
    "another pixel format": lambda d: altered(d, metadata={"pixels": "rgba8"}),
    "a psnr that is no number": lambda d: altered(d, metadata={"psnr": "nan"}),
    "a psnr of two signs": lambda d: altered(d, metadata={"psnr": "--"}),
    "an endless psnr": lambda d: altered(d, metadata={"psnr": "1e999"}),
    "a psnr below all": lambda d: altered(d, metadata={"psnr": "-500"}),
    "no psnr": lambda d: altered(d, metadata={"psnr": ""}),
    "a step too far": lambda d: altered(d, metadata={"position": "3"}),
    "a negative step": lambda d: altered(d, metadata={"position": "-1"}),
    "a step of many digits": lambda d: altered(d, metadata={"position": "9" * 5000}),
    "flat in colour": lambda d: altered(d, metadata={"flat": "1"}),
    "a picture of doubles": lambda d: altered(d, picture=np.zeros((4, 5, 3))),
    "a picture of halves": lambda d: altered(d, picture=np.zeros((4, 5, 3), np.float16)),
    "a picture of another size": lambda d: altered(d, picture=np.zeros((5, 5, 3), np.uint8)),
    "a picture without pixels": lambda d: altered(d, picture=np.zeros((0, 5, 3), np.uint8)),
    "a picture of five channels": lambda d: altered(d, picture=np.zeros((4, 5, 5), np.uint8)),
    "a picture in a row": lambda d: altered(d, picture=np.zeros(60, np.uint8)),
    "tuning without a picture": lambda d: altered(d, picture=None, metadata={"psnr": ""}),
    "an older version": lambda d: altered(d, metadata={"version": "1"}),
    "a form that is none": lambda d: altered(d, metadata={"form": "large"}),
    "a mark beside the picture": lambda d: altered(d, metadata={"mark": MARK}),
    "a place of three numbers": lambda d: altered(d, metadata={"place": "1 2 3"}),
    "a place far away": lambda d: altered(d, metadata={"place": "1e9 0.0 1.0 0.0"}),
    "a place of no size": lambda d: altered(d, metadata={"place": "1.0 1.0 0.0 0.0"}),
    "a place turned around and around": lambda d: altered(d, metadata={"place": "1 1 1 1e5"}),
    "a likeness above one": lambda d: altered(d, metadata={"likeness": "1.5"}),
    "a likeness that is no number": lambda d: altered(d, metadata={"likeness": "nan"}),
    "a residual without end": lambda d: altered(d, residual__values=np.full(3, np.inf, F)),
    "a residual of megabytes": lambda d: altered(d, residual__values=np.zeros(1 << 19, F)),
    "a residual of many axes": lambda d: altered(d, residual__values=np.zeros((1,) * 5, F)),
    "no state": lambda d: altered(
        d, latents=np.zeros((0, 1, 16), F), counts=EMPTY.astype(I), mask_of=EMPTY.astype(I)
    ),
    "no pivot": lambda d: altered(d, pivot=None),
    "a pivot of whole numbers": lambda d: altered(d, pivot=np.zeros((8, 16), I)),
    "a pivot that is no number": lambda d: altered(d, pivot=np.full((8, 16), np.nan, F)),
    "latents without end": lambda d: altered(d, latents=np.full((3, 8, 16), np.inf, F)),
    "latents beyond reason": lambda d: altered(d, latents=np.full((3, 8, 16), 1e30, F)),
    "latents of more rows": lambda d: altered(d, latents=np.zeros((3, 9, 16), F)),
    "latents of another width": lambda d: altered(d, latents=np.zeros((3, 8, 15), F)),
    "a small file of many states": lambda d: altered(
        d, latents=np.zeros((1 << 17, 0, 16), F), counts=np.zeros(1 << 17, I)
    ),
    "a small file of large states": lambda d: altered(
        d,
        pivot=np.zeros((1024, 16), F),
        latents=np.zeros((90_000, 0, 16), F),
        counts=np.zeros(90_000, I),
        mask_of=np.full(90_000, -1, I),
    ),
    "points far below zero": lambda d: altered(d, points=np.full((2, 2), -1e9, F)),
    "points that are no numbers": lambda d: altered(d, points=np.full((2, 2), np.nan, F)),
    "points of three": lambda d: altered(d, points=np.zeros((2, 3), F)),
    "a point too few": lambda d: altered(d, points=np.zeros((1, 2), F)),
    "negative counts": lambda d: altered(d, counts=np.array([0, 3, -1], I)),
    "a state with many points": lambda d: altered(
        d, counts=np.array([0, 65, 0], I), points=np.zeros((65, 2), F)
    ),
    "counts as floats": lambda d: altered(d, counts=np.array([0, 1, 1], F)),
    "a mask that is not there": lambda d: altered(d, mask_of=np.array([-1, 0, 1], I)),
    "a mask below none": lambda d: altered(d, mask_of=np.array([-2, 0, 0], I)),
    "a mask number of billions": lambda d: altered(d, mask_of=np.array([0, 0, 2**31 - 1], I)),
    "masks for nobody": lambda d: altered(d, mask_of=np.full(3, -1, I)),
    "masks without a picture": lambda d: altered(
        d,
        picture=None,
        metadata={"psnr": "", "place": "", "likeness": ""},
        delta__whole__synthesis__b32__conv1__weight=None,
        delta__left__synthesis__b32__conv0__weight=None,
        delta__right__synthesis__b32__conv0__weight=None,
        residual__values=None,
        residual__rows=None,
    ),
    "masks that are not deflated": lambda d: altered(d, masks=np.zeros(20, np.uint8)),
    "masks without a byte": lambda d: altered(d, masks=np.zeros(0, np.uint8)),
    "masks of two bytes": lambda d: altered(d, masks=masks(bytes(40), 2)),
    "masks cut off": lambda d: altered(d, masks=masks(bytes(20))[:-2]),
    "masks that are too short": lambda d: altered(d, masks=masks(bytes(19))),
    "masks that swell": lambda d: altered(d, masks=masks(bytes(1 << 26))),
    "masks above one": lambda d: altered(d, masks=masks(np.full(20, 2, F).tobytes(), 4)),
    "masks that are no numbers": lambda d: altered(
        d, masks=masks(np.full(20, np.nan, F).tobytes(), 4)
    ),
    "tuned weights without end": lambda d: altered(
        d, delta__whole__synthesis__b32__conv1__weight=np.full((2, 2), -np.inf, F)
    ),
    "tuned weights of whole numbers": lambda d: altered(d, delta__whole__x=np.zeros(3, I)),
    "tuned weights of another kind": lambda d: altered(d, delta__half__x=np.zeros(3, F)),
    "one factor alone": lambda d: altered(d, delta__left__x=np.zeros((3, 1), F)),
    "factors that do not fit": lambda d: altered(
        d, delta__left__x=np.zeros((3, 2), F), delta__right__x=np.zeros((3, 1), F)
    ),
    "factors of no rank": lambda d: altered(
        d, delta__left__x=np.zeros((3, 0), F), delta__right__x=np.zeros((0, 3), F)
    ),
    "factors and a whole": lambda d: altered(
        d,
        delta__left__x=np.zeros((3, 1), F),
        delta__right__x=np.zeros((1, 3), F),
        delta__whole__x=np.zeros((3, 3), F),
    ),
    "tuned weights of megabytes": lambda d: altered(d, delta__whole__x=np.zeros(1 << 21, F)),
    "a tensor that does not belong there": lambda d: altered(d, extra=np.zeros(3, F)),
    "a type that is not used": lambda d: altered(d, extra=np.zeros(3, bool)),
}


I8 = np.int8
HOSTILE_COMPACT: dict[str, Spoil] = {
    "no mark": lambda d: altered(d, metadata={"mark": ""}),
    "a mark of another format": lambda d: altered(d, metadata={"mark": MARK.replace("3", "4", 1)}),
    "a mark of no pixels": lambda d: altered(d, metadata={"mark": MARK.replace("4", "0", 1)}),
    "a mark of doubles": lambda d: altered(d, metadata={"mark": MARK.replace("uint8", "float64")}),
    "a mark without a digest": lambda d: altered(d, metadata={"mark": MARK[:-1]}),
    "a mark of endless size": lambda d: altered(d, metadata={"mark": "9999999" + MARK[1:]}),
    "a picture after all": lambda d: altered(d, picture=np.zeros((4, 5, 3), np.uint8)),
    "no end": lambda d: altered(d, ends=np.zeros((0, 8, 16), F)),
    "an end too many": lambda d: altered(d, ends=np.zeros((2, 8, 16), F)),
    "an end that is no number": lambda d: altered(d, ends=np.full((1, 8, 16), np.nan, F)),
    "ends of more rows": lambda d: altered(d, ends=np.zeros((1, 9, 16), F)),
    "a power out of reach": lambda d: altered(d, powers=np.array([127], I8)),
    "powers for nobody": lambda d: altered(d, powers=np.zeros(3, I8)),
    "powers of floats": lambda d: altered(d, powers=np.zeros(1, F)),
    "a way out of reach": lambda d: altered(d, powers=np.array([100], I8)),
    "ways that swell": lambda d: altered(d, ways=masks(bytes(1 << 26))[1:]),
    "ways cut off": lambda d: altered(d, ways=masks(bytes(8 * 16))[1:-2]),
    "no ways": lambda d: altered(d, ways=None),
    "millions of small steps": lambda d: altered(d, powers=np.zeros(1 << 22, I8)),
    "a step too far": lambda d: altered(d, metadata={"position": "3"}),
}


@pytest.mark.parametrize("name", HOSTILE_COMPACT)
def test_what_is_hostile_in_the_compact_form_is_refused_too(small: bytes, name: str) -> None:
    with pytest.raises(BadSaved, match="damaged"):
        unpack(HOSTILE_COMPACT[name](small))


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_or_damaged_is_refused_in_words(good: bytes, name: str) -> None:
    with pytest.raises(BadSaved, match="damaged") as refusal:
        unpack(HOSTILE[name](good))
    assert refusal.value.hint


def test_a_newer_version_is_told_from_damage(good: bytes) -> None:
    with pytest.raises(BadSaved, match="newer version") as refusal:
        unpack(altered(good, metadata={"version": "3", "flat": "perhaps"}))
    assert "Update" in refusal.value.hint


def test_the_examples_themselves_are_sound(good: bytes, small: bytes) -> None:
    for data in (good, small):
        edit, stamp = unpack(memoryview(data))
        assert stamp == STAMP and len(edit.states) == 3 and edit.states[1].mask is not None
        assert unpack(altered(data))[1] == STAMP
        assert (edit.place, edit.likeness) == (Place((2.5, 2.0), 0.125, -0.25), 0.75)
        assert {n: a.tolist() for n, a in edit.residual.items()} == {
            "values": [[1] * 3] * 2, "rows": [1] * 4
        }  # fmt: skip


def test_handles_may_have_left_the_picture_a_little(good: bytes) -> None:
    edit, _ = unpack(altered(good, points=np.full((2, 2), -3, F)))
    assert edit.states[1].points.tolist() == [[-3, -3]]


def unfit(edit: SavedEdit) -> Iterator[SavedEdit]:
    other = torch.zeros(1, 3, 16)
    yield replace(edit, states=(State.start(other),), position=0)
    yield replace(edit, quality="superb")
    for delta in ({"mapping.fc0.weight": torch.ones(16, 16)}, {"x": torch.ones(1)}):
        yield replace(edit, delta=WeightDelta(delta))
    name = next(iter(edit.delta.tensors))
    yield replace(edit, delta=WeightDelta({name: torch.ones(1)}))
    for name in edit.residual:
        yield replace(edit, residual={**edit.residual, name: edit.residual[name][..., 1:]})
        yield replace(edit, residual={name: edit.residual[name]})
    name = next(iter(edit.delta.tensors))
    swelling = torch.ones(1 << 20, 1), torch.ones(1, 1 << 20)  # a terabyte, were they multiplied
    yield replace(edit, delta=WeightDelta({}, {name: swelling}))


def test_an_edit_that_cannot_be_this_models_is_refused_and_changes_nothing(
    tiny_generator: Any,
) -> None:
    editor = dragged(tiny_generator)
    before = editor.image()
    assert len(list(unfit(editor.saved()))) == 10
    for edit in unfit(editor.saved()):
        with pytest.raises(BadSaved):
            editor.restore(edit)
    assert np.array_equal(editor.image(), before)


def test_spoilt_bytes_are_read_or_refused_and_nothing_else(good: bytes, small: bytes) -> None:
    chance = random.Random(1)
    for k in range(3000):
        data = bytearray((good, small)[k % 2])
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(BadSaved):
            unpack(bytes(data[: chance.choice((None, chance.randrange(len(data))))]))


def test_an_absurd_edit_harms_nobody(tiny_generator: Any) -> None:
    """Numbers that keep all rules and mean nothing: pictures and drags are nonsense, no more."""
    edit = dragged(tiny_generator).saved()
    states = [replace(state, ws=state.ws * 1e5) for state in edit.states]
    delta = {name: tensor.float() * 1e5 for name, tensor in edit.delta.tensors.items()}
    absurd = replace(edit, states=tuple(states), delta=WeightDelta(delta))
    editor = DragEditor(tiny_generator)
    editor.restore(unpack(pack(absurd, STAMP, exact=True))[0])
    assert editor.image().shape == (40, 50, 3)
    on(editor)
    assert editor.image().shape == (40, 50, 3)
