"""A drag that was cut off goes on from bytes with bit for bit the steps it would have taken."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from draggan.drag import LOOSEN_AFTER, drag
from draggan.drag_options import PRESETS, DragOptions
from draggan.drag_step import DragStep
from draggan.editor import DragEditor
from draggan.errors import BadSaved
from draggan.resume import Resume, pack_resume, unpack_resume
from draggan.saved import Stamp, pack, unpack
from draggan.step_record import pack_step, with_steps

from .hasty import hasten

STAMP = Stamp("tiny", "0" * 32, "rgb8")
# Radii for a picture of 32 px.
NATIVE = DragOptions(steps=9, r1=48, r2=64, pull=48, lr=0.05, block=16)
HANDLES = [(20.0, 15.0), (4.0, 4.0), (30.0, 30.0)]
TARGETS = [(31.0, 18.0), (4.0, 4.0), (10.0, 30.0)]  # the second one is a pin

OPTIONS = {
    "prior": NATIVE,
    "w+": replace(NATIVE, space="w+"),
    "w": replace(NATIVE, space="w"),
    "windows": replace(NATIVE, windows="always", block=32, r1=16, r2=32, pull=16),
    "bounded": replace(NATIVE, clip=1.0, ball=0.2),
    "half precision": replace(NATIVE, precision="bfloat16"),
    "a look at the picture": replace(NATIVE, reconstruction=5.0),
    "paper": replace(PRESETS["paper"], steps=7, lr=0.05),
    "released": replace(PRESETS["released"], steps=7, lr=0.05),
}


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    hasten(monkeypatch)


@dataclass(frozen=True)
class Journal:
    """What is kept of an edit while it is dragged: bytes, and where the drag set out."""

    base: bytes
    steps: tuple[tuple[int, bytes], ...]
    first: int
    resume: bytes

    def restored(self, generator: Any) -> DragEditor:
        edit, _ = unpack(self.base)
        edit = with_steps(edit, self.steps, position=self.first)
        editor = DragEditor(generator)
        editor.restore(edit)
        return editor

    def going_on(self, editor: DragEditor, **request: Any) -> Iterator[DragStep]:
        resume = unpack_resume(self.resume)
        return editor.drag(HANDLES, TARGETS, resume=resume, first=self.first, **request)


def fresh(generator: Any) -> Any:
    """The same model as another process would load it: nothing prepared or estimated is shared."""
    other = type(generator)(generator.network, name=generator.name)
    assert other._prior is None
    return other


def opened(generator: Any) -> DragEditor:
    editor = DragEditor(generator)
    native = np.random.RandomState(0).randint(0, 256, (40, 50, 3)).astype(np.uint8)
    assert {step.stage for step in editor.set_image(native)} >= {"tuning"}
    return editor


def selection() -> np.ndarray:
    mask = np.zeros((40, 50), np.float32)
    mask[:, :36] = 1
    mask[7, 7] = 0.3
    return mask


def journalled(editor: DragEditor, **request: Any) -> tuple[list[DragStep], list[Journal]]:
    """A whole drag, and what a journal held after each of its steps."""
    base, first = pack(editor.saved(), STAMP, exact=True), editor.position
    steps, records, journals = [], [], []
    for step in editor.drag(HANDLES, TARGETS, **request):
        if step.index > first:
            state, before = editor.timeline[step.index], editor.timeline[step.index - 1]
            records.append((step.index, pack_step(state, before)))
        steps.append(step)
        assert step.resume is not None
        journals.append(Journal(base, tuple(records), first, pack_resume(step.resume)))
    return steps, journals


def same_step(a: DragStep, b: DragStep) -> None:
    assert torch.equal(a.ws, b.ws) and torch.equal(a.points, b.points)
    assert (a.index, a.distances, a.loss) == (b.index, b.distances, b.loss)
    assert (a.statuses, a.ending) == (b.statuses, b.ending)
    if a.features is not None and b.features is not None:
        assert torch.equal(a.features.map, b.features.map)
        assert (a.features.corners is None) == (b.features.corners is None)
        if a.features.corners is not None and b.features.corners is not None:
            assert torch.equal(a.features.corners, b.features.corners)


def same_edit(a: DragEditor, b: DragEditor) -> None:
    assert a.position == b.position and len(a.timeline) == len(b.timeline)
    for i, (x, y) in enumerate(zip(a.timeline, b.timeline, strict=True)):
        assert torch.equal(x.ws, y.ws) and torch.equal(x.points, y.points)
        assert (x.mask is None) == (y.mask is None)
        assert x.mask is None or np.array_equal(x.mask, y.mask)
        assert np.array_equal(a.image(i), b.image(i))
    masks = [{id(state.mask) for state in edit.timeline} for edit in (a, b)]
    assert len(masks[0]) == len(masks[1])  # one object for all states that share it
    assert pack(a.saved(), STAMP, exact=True) == pack(b.saved(), STAMP, exact=True)


def check_every_cut(editor: DragEditor, generator: Any, **request: Any) -> list[DragStep]:
    steps, journals = journalled(editor, **request)
    assert len(steps) > 4 and not torch.equal(steps[0].ws, steps[-1].ws)
    for k in (0, 1, len(steps) // 2, len(steps) - 2):
        other = journals[k].restored(fresh(generator))
        again = list(journals[k].going_on(other, **request))
        for a, b in zip(steps[k:], again, strict=True):
            same_step(a, b)
        same_edit(editor, other)
    return steps


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_cut_at_any_step_changes_nothing(tiny_generator: Any, name: str, masked: bool) -> None:
    mask = selection() if masked else None
    check_every_cut(opened(tiny_generator), tiny_generator, mask=mask, options=OPTIONS[name])


@pytest.mark.parametrize("mask", [None, np.tile(np.arange(32) < 25, (32, 1))])
def test_a_seeds_drag_goes_on_too(tiny_generator: Any, mask: Any) -> None:
    editor = DragEditor(tiny_generator)
    editor.set_seed(4)
    check_every_cut(editor, tiny_generator, mask=mask, options=NATIVE)


def test_windows_lie_where_they_lay(tiny_generator: Any) -> None:
    editor, options = opened(tiny_generator), OPTIONS["windows"]
    steps, journals = journalled(editor, options=options)
    corners = [s.features.corners for s in steps if s.features is not None]
    assert len({str(where) for where in corners}) > 3  # they went along with the handles
    for step, journal in zip(steps[:-1], journals, strict=False):
        other = journal.restored(fresh(tiny_generator))
        same_step(step, next(journal.going_on(other, options=options)))


def test_a_second_drag_from_an_earlier_step_goes_on_too(tiny_generator: Any) -> None:
    editor = opened(tiny_generator)
    list(editor.drag([(10, 10)], [(16, 10)], mask=selection(), options=NATIVE))
    editor.seek(3)
    other_mask = np.ascontiguousarray(selection()[:, ::-1])
    steps = check_every_cut(editor, tiny_generator, mask=other_mask, options=NATIVE)
    assert steps[0].index == 3


def test_rows_that_were_loosened_stay_so(tiny_generator: Any) -> None:
    """A learning rate that gets nowhere: the rows are loosened, and the drag ends stuck."""
    options = replace(NATIVE, steps=80, lr=1e-7)
    editor = opened(tiny_generator)
    steps, journals = journalled(editor, options=options)
    assert steps[-1].ending == "stuck"
    kept = [unpack_resume(journal.resume) for journal in journals]
    first = next(k for k, resume in enumerate(kept) if resume.loosened)
    assert LOOSEN_AFTER - 2 <= first < len(steps) - 5
    for k in (first - 2, first - 1, first, first + 3):
        other = journals[k].restored(fresh(tiny_generator))
        for a, b in zip(steps[k:], journals[k].going_on(other, options=options), strict=True):
            same_step(a, b)


def test_a_drag_may_be_cut_off_again_and_again(tiny_generator: Any) -> None:
    steps, journals = journalled(opened(tiny_generator), options=NATIVE)
    journal, seen = journals[0], steps[:1]
    while not seen[-1].finished:
        editor = journal.restored(fresh(tiny_generator))
        going = journal.going_on(editor, options=NATIVE)
        same_step(seen[-1], next(going))
        step = next(going)
        record = pack_step(editor.timeline[step.index], editor.timeline[step.index - 1])
        assert step.resume is not None
        added = (*journal.steps, (step.index, record))
        journal = replace(journal, steps=added, resume=pack_resume(step.resume))
        seen.append(step)
    for a, b in zip(steps, seen, strict=True):
        same_step(a, b)


def test_a_drag_that_had_ended_says_so_once_more_and_computes_nothing(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, journals = journalled(opened(tiny_generator), options=NATIVE)
    editor = journals[-1].restored(tiny_generator)
    monkeypatch.setattr(type(tiny_generator), "prepare", None)
    (again,) = journals[-1].going_on(editor, options=NATIVE)
    same_step(steps[-1], again)
    assert again.finished and editor.position == steps[-1].index
    assert len(journals[-1].resume) < 200


def test_what_the_timeline_holds_beyond_the_resumed_step_is_taken_again(
    tiny_generator: Any,
) -> None:
    """On a GPU the newest steps of a batch may be without a state to go on from."""
    steps, journals = journalled(opened(tiny_generator), options=NATIVE)
    late = replace(journals[-2], resume=journals[3].resume)
    editor = late.restored(fresh(tiny_generator))
    for a, b in zip(steps[3:], late.going_on(editor, options=NATIVE), strict=True):
        same_step(a, b)
    assert len(editor.timeline) == len(steps)


@pytest.mark.parametrize("batch", [2, 3, 5])
def test_of_a_batch_of_steps_the_last_one_can_be_gone_on_from(
    tiny_generator: Any, batch: int
) -> None:
    ws = tiny_generator.sample([3])
    points = [[14.0, 16.0], [20.0, 9.0]], [[25.0, 18.0], [20.0, 20.0]]
    options = replace(NATIVE, steps=20, lr=0.02, batch=batch)
    steps = list(drag(tiny_generator, ws, *points, options=options))
    can = [step for step in steps if step.resume is not None]
    assert 4 <= len(can) < len(steps)
    for step in can[:-1]:
        resume = unpack_resume(pack_resume(step.resume))  # type: ignore[arg-type]
        again = drag(fresh(tiny_generator), ws, *points, options=options, resume=resume)
        for a, b in zip(steps[step.index :], again, strict=True):
            same_step(a, b)


def spoilt(resume: Resume) -> Iterator[tuple[str, Resume]]:
    n = resume.numbers
    yield "of other parameters", replace(resume, numbers=n[:, :-1])
    yield "of a handle more", replace(resume, points=torch.ones(4, 2), centres=torch.ones(4, 2))
    yield "beyond the timeline", replace(resume, index=8)
    yield "beyond all steps", replace(resume, index=1000)


def test_a_resume_that_does_not_belong_here_is_refused(tiny_generator: Any) -> None:
    _, journals = journalled(opened(tiny_generator), options=NATIVE)
    journal = journals[4]
    for what, resume in spoilt(unpack_resume(journal.resume)):
        editor = journal.restored(tiny_generator)
        with pytest.raises(BadSaved, match="damaged"):
            list(editor.drag(HANDLES, TARGETS, options=NATIVE, resume=resume))
            pytest.fail(what)
    editor, good = journal.restored(tiny_generator), unpack_resume(journal.resume)
    for first in (-1, 1, 10**9):
        with pytest.raises(BadSaved):
            list(editor.drag(HANDLES, TARGETS, options=NATIVE, resume=good, first=first))
    fewer = replace(NATIVE, steps=3)
    with pytest.raises(BadSaved):
        list(editor.drag(HANDLES, TARGETS, options=fewer, resume=good))


ELSEWHERE = """
import hashlib, pickle, sys
import torch
from tests import test_drag_resumed as here
torch.set_num_threads(1)
with open(sys.argv[1], "rb") as file:
    journal, options, network = pickle.load(file)
from draggan.stylegan2_generator import StyleGAN2Generator
editor = journal.restored(StyleGAN2Generator(network, name="tiny"))
print(here.digest(list(journal.going_on(editor, mask=here.selection(), options=options))))
"""


def digest(steps: list[DragStep]) -> str:
    found = hashlib.sha256()
    for step in steps:
        found.update(step.ws.numpy().tobytes() + step.points.numpy().tobytes())
        found.update(repr((step.index, step.distances, step.loss, step.ending)).encode())
    return found.hexdigest()


def test_another_process_goes_on_with_the_very_same_steps(
    tiny_generator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, journals = journalled(opened(tiny_generator), mask=selection(), options=NATIVE)
    kept = tmp_path / "kept"
    kept.write_bytes(pickle.dumps((journals[4], NATIVE, tiny_generator.network)))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(kept)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.stdout.strip() == digest(steps[4:])
