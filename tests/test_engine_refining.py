"""Openings whose edit can be dragged before all is learnt: shown, kept, and gone on with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from draggan_daemon.engine import TorchEngine
from draggan_daemon.worker import Coding, Job, Turn
from draggan_wire.messages import Done, Frame, Open, Progress, Ready, Save, Saved, Seek

from draggan.editor import DragEditor
from tests.engine_stage import GO, RGB, Ledger, drag, messages, turns

FIRST = 4  # the step of an opening at which its edit can be dragged


@pytest.fixture(autouse=True)
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits are ready in the middle of their opening, and can be looked at from the first step."""
    original = DragEditor.set_image

    def set_image(self: DragEditor, *args: Any, **how: Any) -> Iterator[Any]:
        for number, step in enumerate(original(self, *args, **how), 1):
            yield SimpleNamespace(**{**vars(step), "ready": number >= FIRST})

    def reconstruction(self: DragEditor, *, max_side: int, known: bool) -> np.ndarray:
        assert self.timeline and max_side == 256
        return np.full((12, 10, 3), 7, np.uint8)

    monkeypatch.setattr(DragEditor, "set_image", set_image)
    monkeypatch.setattr(DragEditor, "reconstruction", reconstruction, raising=False)


def opening(
    engine: TorchEngine, ledger: Ledger, stop: threading.Event = GO
) -> tuple[list[Turn], Job]:
    """All turns up to the first ready, and what is left to be learnt."""
    engine.code("a", Coding(likeness=True))
    found = turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), stop), ledger)
    rest = found[-1].refining
    assert rest is not None
    return found, rest


def test_the_edit_is_ready_when_its_opening_says_so_and_final_at_its_end(
    engine: TorchEngine,
) -> None:
    ledger = Ledger()
    found, rest = opening(engine, ledger)
    likeness, ready = found[-1].messages
    assert isinstance(ready, Ready) and not ready.final
    assert isinstance(likeness, Frame) and likeness.kind == "likeness"
    before = ledger.base
    *_, last = turns(rest, ledger)
    likeness, ready = last.messages
    assert isinstance(ready, Ready) and ready.final and ready.psnr is not None
    assert isinstance(likeness, Frame) and ledger.base not in (b"", before)


def test_the_likeness_can_be_drawn_after_every_step_of_the_opening(engine: TorchEngine) -> None:
    found, _ = opening(engine, Ledger())
    recipes = [turn.preview for turn in found[:-1]]
    assert len(recipes) == FIRST and all(recipes)
    assert all(isinstance(turn.messages[0], Progress) for turn in found[:-1])
    frame = recipes[0]()  # type: ignore[misc]
    assert (frame.kind, frame.step, frame.image.format) == ("likeness", 0, "rgb8")
    assert (frame.image.width, frame.image.height) == (10, 12)


def test_who_does_not_know_likenesses_is_not_drawn_any(engine: TorchEngine) -> None:
    found = turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    assert not any(turn.preview for turn in found)
    assert [type(message) for message in found[-1].messages] == [Ready]


def test_a_seed_is_ready_and_final_at_once(engine: TorchEngine) -> None:
    (last,) = turns(engine.open("a", Open("tiny", seed=3), GO))
    assert last.refining is None
    assert [ready.final for ready in last.messages if isinstance(ready, Ready)] == [True]


def test_a_drag_between_two_steps_of_learning_outlives_the_process(engine: TorchEngine) -> None:
    """Its steps are kept against the states as they are then, not as they were at first."""
    ledger = Ledger()
    _, rest = opening(engine, ledger)
    for _ in range(2):
        next(rest)
    request = drag(steps=4)
    *_, done = messages(engine.drag(request, GO), ledger)
    assert isinstance(done, Done)
    shown = [messages(engine.seek(Seek("a", step)))[0] for step in range(5)]
    later = TorchEngine(device="cpu", threads=1)
    messages(later.restore("a", ledger.snapshot(), GO))
    again = [messages(later.seek(Seek("a", step)))[0] for step in range(5)]
    assert [frame.image for frame in again] == [frame.image for frame in shown]  # type: ignore[union-attr]


def test_what_is_learnt_after_a_drag_is_kept_with_all_its_steps(engine: TorchEngine) -> None:
    ledger = Ledger()
    _, rest = opening(engine, ledger)
    messages(engine.drag(drag(steps=3), GO), ledger)
    assert ledger.steps
    *_, last = turns(rest, ledger)
    ready = last.messages[-1]
    assert isinstance(ready, Ready) and (ready.step, ready.last) == (3, 3)
    assert not ledger.steps and ledger.position == 3
    shown = messages(engine.seek(Seek("a", 3)))[0]
    later = TorchEngine(device="cpu", threads=1)
    messages(later.restore("a", ledger.snapshot(), GO))
    again = messages(later.seek(Seek("a", 3)))[0]
    assert again.image == shown.image  # type: ignore[union-attr]


def test_seeking_and_saving_go_on_between_the_steps(engine: TorchEngine) -> None:
    _, rest = opening(engine, Ledger())
    next(rest)
    assert messages(engine.seek(Seek("a", 0)))
    (saved,) = messages(engine.save(Save("a")))
    assert isinstance(saved, Saved)
    turns(rest)


def test_a_stop_ends_the_learning_and_keeps_what_is_there(engine: TorchEngine) -> None:
    ledger, stop = Ledger(), threading.Event()
    _, rest = opening(engine, ledger, stop)
    next(rest)
    stop.set()
    (last,) = turns(rest, ledger)
    ready = last.messages[-1]
    assert isinstance(ready, Ready) and ready.final and last.record is not None


def test_a_shortage_of_memory_ends_the_learning_not_the_edit(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    _, rest = opening(engine, Ledger())
    next(rest)

    def full(*args: object, **how: object) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", full)
        *_, last = turns(rest)
    ready = last.messages[-1]
    assert isinstance(ready, Ready) and ready.final
    assert isinstance(messages(engine.drag(drag(), GO))[-1], Done)


def test_who_needs_memory_ends_the_learning_of_those_at_rest(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    _, rest = opening(engine, Ledger())
    next(rest)
    step, calls = torch.optim.Adam.step, []

    def full_once(*args: Any, **how: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return step(*args, **how)

    monkeypatch.setattr(torch.optim.Adam, "step", full_once)
    messages(engine.open("b", Open("tiny", seed=3), GO))
    assert isinstance(messages(engine.drag(replace(drag(), session="b"), GO))[-1], Done)
    (last,) = turns(rest)
    assert isinstance(last.messages[-1], Ready) and last.messages[-1].final


def test_an_edit_that_is_closed_is_not_learnt_on(engine: TorchEngine) -> None:
    _, rest = opening(engine, Ledger())
    next(rest)
    rest.close()
    engine.close("a")
    found = turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    assert found[-1].refining is not None
