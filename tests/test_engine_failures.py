"""What the engine does when memory runs out, numbers are none, or the device is broken."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch
from draggan_daemon.engine import TorchEngine
from draggan_daemon.engine.failures import library_errors, once_more, through_shortage
from draggan_daemon.worker import Poisoned
from draggan_wire.errors import EngineFailed
from draggan_wire.messages import Done, Frame, Open, Seek

from draggan.drag import DragStep
from draggan.editor import DragEditor
from draggan.errors import BadInput
from tests.engine_stage import (
    GO,
    RGB,
    Ledger,
    drag,
    messages,
    open_picture,
    open_seed,
    refusal,
    turns,
)

FULL = "CUDA out of memory. Tried to allocate 20.00 GiB"
BROKEN = "CUDA error: an illegal memory access was encountered"


class Failing:
    """Stands before a method and fails at the calls of these numbers, counted from 1."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self.calls, self.at, self.words = 0, set[int](), FULL
        original: Callable[..., Any] = getattr(owner, name)

        def call(*args: object, **how: object) -> object:
            self.calls += 1
            if self.calls in self.at:
                raise RuntimeError(self.words)
            return original(*args, **how)

        monkeypatch.setattr(owner, name, call)


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Stands before every change of a drag's latent."""
    return Failing(monkeypatch, torch.optim.Adam, "step")


@pytest.fixture
def cleared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was put aside or emptied, in this order."""
    done: list[str] = []
    monkeypatch.setattr("draggan_daemon.engine.jobs.free_cache", lambda: done.append("cache"))
    original = DragEditor.release

    def release(editor: DragEditor) -> None:
        done.append("editor")
        original(editor)

    monkeypatch.setattr(DragEditor, "release", release)
    return done


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (FULL, MemoryError),
        ("CUDA error: out of memory", MemoryError),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes", MemoryError),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", MemoryError),
        (BROKEN, Poisoned),
        ("CUDA error: device-side assert triggered\nCompile with `TORCH_USE_CUDA_DSA`", Poisoned),
        ("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`", Poisoned),
        ("CUDA error: no kernel image is available for execution on the device", EngineFailed),
        ("CUDA error: invalid device ordinal", EngineFailed),
        ("mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)", RuntimeError),
    ],
)  # fmt: skip
def test_what_torch_says_is_told_apart(said: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught, library_errors():
        raise RuntimeError(said)
    assert caught.type is kind


def test_a_broken_device_is_seen_through_the_librarys_words() -> None:
    with pytest.raises(Poisoned, match="illegal memory access"), library_errors():
        try:
            raise RuntimeError(BROKEN)
        except RuntimeError as error:
            raise BadInput("Nothing can be computed on cuda here.") from error


def _collect() -> None:
    gc.collect()


def test_what_held_the_memory_is_gone_before_it_is_tried_again() -> None:
    class Large:
        alive = 0

        def __init__(self) -> None:
            Large.alive += 1

        def __del__(self) -> None:
            Large.alive -= 1

    seen = []

    def work() -> int:
        held = [Large()]
        seen.append(Large.alive)
        if len(seen) == 1:
            raise RuntimeError(FULL)
        return len(held)

    assert once_more(work, _collect) == 1
    assert seen == [1, 1]


def test_a_shortage_that_stays_is_given_up_but_not_one_that_comes_back_later() -> None:
    reached = 0

    def stuck() -> Any:
        yield from range(2)
        raise MemoryError

    with pytest.raises(MemoryError):
        list(through_shortage(stuck, lambda: None))

    def moving() -> Any:
        nonlocal reached
        while reached < 5:
            reached += 1
            yield reached
            raise MemoryError

    assert list(through_shortage(moving, lambda: None, lambda: reached)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("at", range(1, 7))
def test_a_drag_goes_on_exactly_after_memory_ran_out(
    engine: TorchEngine, updates: Failing, cleared: list[str], at: int
) -> None:
    open_seed(engine)
    open_seed(engine, "b")
    asked = drag(steps=6, keep_every=2)
    *kept, result, done = messages(engine.drag(asked, GO))
    turns(engine.seek(Seek("a", 0)))
    updates.at = {updates.calls + at}
    *again, late, over = messages(engine.drag(asked, GO))
    assert cleared == ["editor", "cache"]  # of the session that was not at work
    assert isinstance(result, Frame) and isinstance(late, Frame) and late.image == result.image
    assert [f.step for f in again if isinstance(f, Frame)] == [2, 4]
    assert [f.image for f in again if isinstance(f, Frame)] == [
        f.image for f in kept if isinstance(f, Frame)
    ]
    assert isinstance(done, Done) and isinstance(over, Done)
    assert (over.handles, over.steps) == (done.handles, done.steps)


def test_a_shortage_that_stays_ends_the_drag_and_nothing_else(
    engine: TorchEngine, updates: Failing, cleared: list[str]
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    open_seed(engine, "b")
    updates.at = {updates.calls + 4, updates.calls + 5}
    with pytest.raises(MemoryError):
        turns(engine.drag(drag(steps=8), GO), ledger)
    assert (ledger.position, ledger.resume) == (3, None)
    (shown,) = messages(engine.seek(Seek("a", 3)))
    assert isinstance(shown, Frame) and messages(engine.seek(Seek("b", 0)))
    _, done = messages(engine.drag(drag(steps=2), GO))
    assert isinstance(done, Done) and done.steps == 2


def test_an_opening_is_tried_once_more(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch, cleared: list[str]
) -> None:
    rendering = Failing(monkeypatch, type(_generator(engine)), "render")
    open_request = Open("tiny", image=RGB, quality="fast")
    *_, ready = messages(engine.open("a", open_request, GO))
    rendering.at = {rendering.calls + 3}
    *_, again = messages(engine.open("b", open_request, GO))
    assert cleared == ["editor", "editor", "cache"]
    assert again.psnr == ready.psnr  # type: ignore[union-attr]


def _generator(engine: TorchEngine) -> object:
    open_seed(engine, "first")
    assert engine._jobs is not None
    return engine._jobs._edits["first"].editor.base


def test_pictures_are_drawn_once_more_too(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch, cleared: list[str]
) -> None:
    open_picture(engine, Ledger())
    turns(engine.drag(drag(steps=3, lr=0.05), GO))
    (before,) = messages(engine.seek(Seek("a", 2)))
    drawing = Failing(monkeypatch, DragEditor, "image")
    drawing.at = {1}
    (shown,) = messages(engine.seek(Seek("a", 2)))
    assert isinstance(shown, Frame) and isinstance(before, Frame)
    assert shown.image == before.image and cleared == ["cache"]


def test_a_broken_device_leaves_what_is_kept_of_the_drag(
    engine: TorchEngine, updates: Failing
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    updates.words, updates.at = BROKEN, {updates.calls + 5}
    with pytest.raises(Poisoned):
        turns(engine.drag(drag(steps=8), GO), ledger)
    assert ledger.position == 4 and ledger.resume is not None
    other = TorchEngine(device="cpu", threads=1)
    *_, done = messages(other.restore("a", ledger.snapshot(drag(steps=8)), GO))
    assert isinstance(done, Done) and done.steps == 8


def test_numbers_that_are_none_end_the_drag_in_words(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    changes = 0
    original = torch.optim.Adam.step

    def step(optimiser: torch.optim.Adam) -> None:
        nonlocal changes
        changes += 1
        original(optimiser)
        if changes == 4:
            with torch.no_grad():
                optimiser.param_groups[0]["params"][0].fill_(float("nan"))

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    error = refusal(engine.drag(drag(steps=8), GO), ledger)
    assert error.code == "not_finite" and error.sentence.endswith(".") and error.hint
    assert (ledger.position, ledger.resume) == (3, None)
    _, done = messages(engine.drag(drag(steps=2), GO))
    assert isinstance(done, Done) and done.steps == 2


def test_a_model_that_computes_no_numbers_opens_nothing(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = _generator(engine)
    monkeypatch.setattr(
        type(generator), "sample", lambda *_, **__: torch.full((1, 8, 16), float("nan"))
    )
    error = refusal(engine.open("a", Open("tiny", seed=1), GO))
    assert error.code == "not_finite" and error.hint
    assert refusal(engine.seek(Seek("a", 0))).code == "unknown_session"


def test_a_model_with_broken_weights_inverts_nothing(engine: TorchEngine) -> None:
    network = _generator(engine).network  # type: ignore[attr-defined]
    with torch.no_grad():
        network.synthesis.block(16).conv1.weight.fill_(float("nan"))
    error = refusal(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    assert error.code == "not_finite"


def test_an_error_of_the_library_is_no_shortage() -> None:
    with pytest.raises(EngineFailed) as caught:
        once_more(lambda: _refuse(), lambda: pytest.fail("room was made"))
    assert caught.value.code == "bad_input" and caught.value.hint == "Do that."


def _refuse() -> DragStep:
    raise BadInput("Not this.", hint="Do that.")
