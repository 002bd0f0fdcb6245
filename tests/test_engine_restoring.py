"""What the engine's records hold: another process goes on from them as if nothing had happened."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from draggan_daemon.engine import TorchEngine
from draggan_daemon.worker import Job, Snapshot
from draggan_wire.errors import UnknownSession
from draggan_wire.messages import Closed, Done, Drag, Frame, Image, Message, Open, Save, Seek

from draggan.drag import PRESETS
from draggan.saved import unpack
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

MASK = Image("gray8", 20, 24, bytes([255] * 10 + [0] * 10) * 24)
LONG = drag(steps=9, lr=0.05, keep_every=2, mask=MASK)


@pytest.fixture
def other(engine: TorchEngine) -> TorchEngine:
    """The engine of the process that takes over."""
    return TorchEngine(device="cpu", threads=1)


def restored(
    other: TorchEngine, snapshot: Snapshot, stop: threading.Event = GO, ledger: Ledger | None = None
) -> list[Message]:
    return messages(other.restore("a", snapshot, stop), ledger)


def cut_off(job: Job, ledger: Ledger, after: int) -> list[Frame]:
    """Runs `after` turns; the kept frames that were sent until then."""
    said = [message for _ in range(after) for message in ledger.take(next(job)).messages]
    job.close()
    return [message for message in said if isinstance(message, Frame)]


def seek(engine: TorchEngine, step: int) -> Message:
    (shown,) = messages(engine.seek(Seek("a", step)))
    return shown


def looks(message: Message) -> tuple[object, ...]:
    """What of a frame a client can see."""
    assert isinstance(message, Frame)
    return message.kind, message.step, message.points, message.image, message.changed


def test_an_opened_picture_is_restored_with_its_pixels(
    engine: TorchEngine, other: TorchEngine
) -> None:
    ledger = Ledger()
    open_picture(engine, ledger)
    assert restored(other, ledger.snapshot()) == []
    again, *_ = messages(engine.drag(LONG, GO))
    first, *_ = messages(other.drag(LONG, GO))
    assert looks(again) == looks(first)


def test_the_session_stands_before_its_drag_goes_on(
    engine: TorchEngine, other: TorchEngine
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    assert any(turn.restored for turn in turns(other.restore("a", ledger.snapshot(), GO)))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("after", range(1, 10))
def test_a_drag_that_was_cut_off_goes_on_bit_for_bit(
    engine: TorchEngine,
    other: TorchEngine,
    after: int,
    batch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In batches, as on a GPU, the newest optimiser may be older than the newest step."""
    monkeypatch.setitem(PRESETS, "default", replace(PRESETS["default"], batch=batch))
    ledger = Ledger()
    open_picture(engine, ledger)
    fresh = ledger.snapshot()
    sent = cut_off(engine.drag(LONG, GO), ledger, after)
    kept = max((frame.step for frame in sent), default=0)
    rest = restored(other, ledger.snapshot(LONG, kept=kept))

    third = TorchEngine(device="cpu", threads=1)
    restored(third, fresh)
    *whole, done = messages(third.drag(LONG, GO))
    *frames, late = [*sent, *rest]
    assert [looks(frame) for frame in frames] == [looks(frame) for frame in whole]
    assert isinstance(done, Done) and isinstance(late, Done)
    assert replace(late, ms_per_step=0) == replace(done, ms_per_step=0)


def test_a_drag_of_which_nothing_was_kept_begins_again(
    engine: TorchEngine, other: TorchEngine
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    *_, late = restored(other, ledger.snapshot(drag(steps=4)))
    _, done = messages(engine.drag(drag(steps=4), GO))
    assert isinstance(late, Done) and isinstance(done, Done) and late.handles == done.handles


def test_damaged_bytes_of_the_optimiser_cost_steps_and_no_more(
    engine: TorchEngine, other: TorchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    cut_off(engine.drag(drag(steps=6), GO), ledger, 4)
    assert ledger.resume is not None
    broken = replace(ledger.snapshot(drag(steps=6)), resume=ledger.resume[:-3] + b"abc")
    *_, result, late = restored(other, broken)
    seek(engine, 0)
    straight, done = messages(engine.drag(drag(steps=6), GO))
    assert looks(result) == looks(straight) and "begins again" in caplog.text
    assert isinstance(late, Done) and isinstance(done, Done) and late.handles == done.handles


@pytest.mark.parametrize("stopped", [False, True])
def test_a_drag_that_had_ended_says_its_last_words_again(
    engine: TorchEngine, other: TorchEngine, stopped: bool
) -> None:
    ledger, stop = Ledger(), threading.Event()
    open_picture(engine, ledger)
    job = engine.drag(LONG, stop)
    if stopped:
        for _ in range(5):
            ledger.take(next(job))
        stop.set()
    *_, result, done = messages(job, ledger)
    *kept, again, late = restored(other, ledger.snapshot(LONG, kept=2))
    assert late == done and looks(again) == looks(result)
    assert isinstance(again, Frame) and isinstance(result, Frame)
    assert (again.distances, again.statuses) == (result.distances, result.statuses)
    steps = [frame.step for frame in kept if isinstance(frame, Frame)]
    assert steps == ([4] if stopped else [4, 6, 8])


def test_the_last_words_of_an_earlier_drag_are_not_taken_for_those_of_the_next(
    engine: TorchEngine, other: TorchEngine
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    turns(engine.drag(drag(steps=3), GO), ledger)
    *_, result, done = restored(other, ledger.snapshot(drag(steps=2), first=3))
    assert isinstance(done, Done) and done.steps == 2
    assert isinstance(result, Frame) and result.step == 5


def test_kept_frames_that_were_not_delivered_come_again_and_no_others(
    engine: TorchEngine, other: TorchEngine
) -> None:
    ledger = Ledger()
    open_picture(engine, ledger)
    sent = cut_off(engine.drag(LONG, GO), ledger, 8)
    assert [frame.step for frame in sent] == [2, 4, 6]
    *frames, _, _ = restored(other, ledger.snapshot(LONG, kept=2))
    assert [frame.step for frame in frames if isinstance(frame, Frame)] == [4, 6, 8]
    assert [looks(frame)[:4] for frame in frames[:2]] == [looks(frame)[:4] for frame in sent[1:]]


def test_frames_are_numbered_on(engine: TorchEngine, other: TorchEngine) -> None:
    ledger = Ledger()
    open_picture(engine, ledger)
    job = engine.drag(LONG, GO)
    shown = [ledger.take(next(job)) for _ in range(6)]
    previews = [turn.preview() for turn in shown if turn.preview is not None]
    frames = [m for m in restored(other, ledger.snapshot(LONG, kept=4)) if isinstance(m, Frame)]
    assert frames[0].seq > max(frame.seq for frame in previews)
    assert [frame.seq for frame in frames] == sorted({frame.seq for frame in frames})


def test_a_drag_that_goes_on_can_be_stopped(engine: TorchEngine, other: TorchEngine) -> None:
    ledger, stop = Ledger(), threading.Event()
    open_seed(engine, ledger=ledger)
    cut_off(engine.drag(drag(steps=50), GO), ledger, 4)
    stop.set()
    result, done = restored(other, ledger.snapshot(drag(steps=50)), stop)
    assert isinstance(done, Done) and (done.reason, done.steps) == ("stopped", 3)
    assert isinstance(result, Frame) and result.step == 3


def test_what_a_drag_gave_up_stays_given_up(engine: TorchEngine, other: TorchEngine) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    turns(engine.drag(drag(steps=5), GO), ledger)
    turns(engine.seek(Seek("a", 2)), ledger)
    before = restored(other, ledger.snapshot())
    assert before == [] and refusal(other.seek(Seek("a", 6))).code == "bad_input"
    turns(engine.drag(drag(steps=1, lr=0.2), GO), ledger)
    third = TorchEngine(device="cpu", threads=1)
    restored(third, ledger.snapshot())
    assert refusal(third.seek(Seek("a", 4))).code == "bad_input"
    assert looks(seek(third, 3)) == looks(seek(engine, 3))


def test_where_the_artist_was_is_kept(engine: TorchEngine, other: TorchEngine) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    turns(engine.drag(drag(steps=4), GO), ledger)
    turns(engine.seek(Seek("a", 1)), ledger)
    restored(other, ledger.snapshot())
    result, _ = messages(other.drag(drag(steps=1), GO))
    assert isinstance(result, Frame) and result.step == 2


def test_a_refused_drag_leaves_nothing_to_go_on_with(
    engine: TorchEngine, other: TorchEngine
) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    outside = Drag("a", ((99.0, 5.0),), ((20.0, 5.0),))
    assert refusal(engine.drag(outside, GO), ledger).code == "bad_input"
    assert ledger.resume is None and ledger.position == 0
    assert refusal(other.restore("a", ledger.snapshot(outside), GO)).code == "bad_input"
    assert messages(other.save(Save("a")))  # the session stands all the same


def test_all_that_was_learnt_of_a_picture_is_restored(
    engine: TorchEngine, other: TorchEngine
) -> None:
    ledger = Ledger()
    opening = turns(engine.open("a", Open("tiny", image=RGB, quality="balanced"), GO), ledger)
    turns(opening[-1].refining, ledger)  # type: ignore[arg-type]
    kept, _ = unpack(ledger.base)
    assert kept.delta.tensors and kept.residual and kept.likeness is not None
    assert restored(other, ledger.snapshot()) == []
    again, *_ = messages(engine.drag(LONG, GO))
    first, *_ = messages(other.drag(LONG, GO))
    assert looks(again) == looks(first)


def test_damage_is_said_and_leaves_no_session(engine: TorchEngine, other: TorchEngine) -> None:
    ledger = Ledger()
    open_seed(engine, ledger=ledger)
    turns(engine.drag(drag(steps=3), GO), ledger)
    whole = ledger.snapshot()
    flipped = bytearray(dict(whole.steps)[2])
    flipped[-9] ^= 64
    for damaged in (
        replace(whole, base=whole.base[:-4]),
        replace(whole, steps=(whole.steps[0], (2, bytes(flipped)), whole.steps[2])),
        replace(whole, steps=whole.steps[1:]),
        replace(whole, position=9),
    ):
        assert refusal(other.restore("a", damaged, GO)).code == "bad_saved"
        assert isinstance(refusal(other.seek(Seek("a", 0))), UnknownSession)


def test_an_opening_that_was_stopped_leaves_no_record(engine: TorchEngine) -> None:
    stop, ledger = threading.Event(), Ledger()
    picture = Image("rgb8", 20, 24, np.zeros(1440, np.uint8).tobytes()[:-1] + b"\1")
    job = engine.open("a", Open("tiny", image=picture, quality="fast"), stop)
    ledger.take(next(job))
    stop.set()
    assert messages(job, ledger) == [Closed("a", "stopped")] and ledger.base == b""
