"""The engine on a tiny network: what it says for each request, and in which pixels."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from draggan_daemon.engine import TorchEngine
from draggan_daemon.engine.edit import notes_on
from draggan_daemon.requests import picture_size
from draggan_wire.errors import (
    BadInput,
    EngineFailed,
    LimitExceeded,
    UnknownSession,
)
from draggan_wire.messages import (
    Blob,
    Closed,
    Done,
    Drag,
    DragSettings,
    Frame,
    Image,
    Limits,
    Open,
    Pasting,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
    decode,
    encode,
)

from draggan.checkpoint import save_network
from draggan.saved import Stamp, pack, unpack
from draggan.stylegan2_generator import StyleGAN2Generator
from tests.engine_stage import GO, RGB, drag, messages, open_seed, refusal, turns


def test_models_are_listed_with_their_cards(engine: TorchEngine) -> None:
    tiny = next(model for model in engine.models() if model.id == "tiny")
    assert (tiny.title, tiny.width, tiny.height) == ("Tiny", 32, 32)
    assert "critters" in [model.id for model in engine.models()]


def test_a_model_file_with_an_impossible_name_is_left_out(
    engine: TorchEngine, tmp_path: Path
) -> None:
    folder = tmp_path / "draggan" / "models"
    (folder / "tiny.safetensors").rename(folder / "my model!.safetensors")
    assert [model.id for model in engine.models()] == ["critters"]


def test_a_seed_is_shown_at_once(engine: TorchEngine) -> None:
    first = open_seed(engine)
    assert (first.kind, first.step) == ("result", 0)
    assert (first.image.format, first.image.width, first.image.height) == ("rgb8", 32, 32)
    assert open_seed(engine, "b", 3).image == first.image != open_seed(engine, "c", 4).image


def test_a_model_whose_file_was_replaced_is_loaded_anew(
    engine: TorchEngine, tmp_path: Path, tiny_generator: StyleGAN2Generator
) -> None:
    first = open_seed(engine)
    assert open_seed(engine, "b").image == first.image
    with torch.no_grad():
        tiny_generator.network.mapping.w_avg += 1
        tiny_generator.network.synthesis.block(32).conv1.bias += 1
    path = tmp_path / "draggan" / "models" / "tiny.safetensors"
    save_network(tiny_generator.network, path, metadata={"title": "Tiny"})
    assert open_seed(engine, "c").image != first.image
    (replayed,) = messages(engine.seek(Seek("a", 0)))
    assert isinstance(replayed, Frame) and replayed.image == first.image  # its own generator still


def test_a_model_whose_file_is_gone_cannot_be_opened(engine: TorchEngine, tmp_path: Path) -> None:
    open_seed(engine)
    (tmp_path / "draggan" / "models" / "tiny.safetensors").unlink()
    assert refusal(engine.open("b", Open("tiny", seed=3), GO)).code == "unknown_model"


def test_a_picture_is_inverted_with_progress_and_a_verdict(engine: TorchEngine) -> None:
    *progress, ready = messages(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    assert all(isinstance(step, Progress) for step in progress)
    stages = list(dict.fromkeys(step.stage for step in progress))
    assert stages == ["samples", "starts", "w", "w+", "detail"]
    assert isinstance(ready, Ready) and ready.psnr is not None and ready.verdict


def test_what_had_to_be_done_to_a_picture_is_told_whenever_it_is_opened(
    engine: TorchEngine,
) -> None:
    values = np.full((24, 20, 4), 0.5, np.float32)
    values[3, 4:16, 1] = np.nan
    holes = Image("rgbaf32", 20, 24, values.tobytes())
    *_, ready = messages(engine.open("a", Open("tiny", image=holes, quality="fast"), GO))
    assert isinstance(ready, Ready)
    assert ready.notes == ("12 pixels without a finite value were read as 0.",)
    other = replace(holes, data=np.full_like(values, 0.25).tobytes())
    data = saved(engine).data
    assert opened(engine, data, holes)[1].notes == ready.notes
    engine.close("b")
    # That it is another one now, those know who have sent it.
    assert opened(engine, data, other)[1].notes == ()


def test_no_more_notes_are_told_than_a_message_holds(engine: TorchEngine) -> None:
    editor = SimpleNamespace(notes=("x" * 1000,) * 20)
    ready = Ready("a", notes=notes_on(editor))  # type: ignore[arg-type]
    assert len(ready.notes) == 8 and decode(encode(ready)).message == ready


def test_an_opening_that_is_stopped_is_closed(engine: TorchEngine) -> None:
    stop = threading.Event()
    job = engine.open("a", Open("tiny", image=RGB, quality="fast"), stop)
    next(job)
    stop.set()
    assert messages(job) == [Closed("a", "stopped")]
    assert isinstance(refusal(engine.drag(drag(), GO)), UnknownSession)


def test_a_drag_ends_with_its_result_and_an_account(engine: TorchEngine) -> None:
    first = open_seed(engine)
    result, done = messages(engine.drag(drag(), GO))
    assert isinstance(result, Frame) and isinstance(done, Done)
    assert (result.kind, result.step, done.steps, done.reason) == ("result", 3, 3, "cap")
    assert result.image.data != first.image.data and result.seq > first.seq
    assert result.points == ((done.handles[0].x, done.handles[0].y),)
    assert result.distances == (done.handles[0].distance,) and done.ms_per_step > 0


def test_each_nth_step_is_kept_in_full_size(engine: TorchEngine) -> None:
    open_seed(engine)
    said = messages(engine.drag(drag(steps=7, keep_every=2, preview_max_side=16), GO))
    kept = [m for m in said if isinstance(m, Frame) and m.kind == "kept"]
    assert [frame.step for frame in kept] == [2, 4, 6]
    assert all(frame.image.width == 32 for frame in kept)


def test_previews_are_drawn_on_demand_and_no_larger_than_asked(engine: TorchEngine) -> None:
    open_seed(engine)
    *steps, _ = turns(engine.drag(drag(steps=2, preview_max_side=16), GO))
    assert steps[1].preview is not None
    frame = steps[1].preview()
    assert (frame.kind, frame.step, frame.image.width) == ("preview", 1, 16)
    assert len(frame.points) == 1


def test_stopping_keeps_what_is_there(engine: TorchEngine) -> None:
    open_seed(engine)
    stop = threading.Event()
    job = engine.drag(drag(steps=100), stop)
    for _ in range(3):
        next(job)
    stop.set()
    result, done = messages(job)
    assert isinstance(done, Done) and (done.reason, done.steps) == ("stopped", 3)
    assert isinstance(result, Frame) and result.step == 3


def test_a_drag_goes_on_from_the_step_that_was_sought(engine: TorchEngine) -> None:
    first = open_seed(engine)
    _, _ = messages(engine.drag(drag(steps=5), GO))
    (sought,) = messages(engine.seek(Seek("a", 2)))
    assert isinstance(sought, Frame) and sought.step == 2
    result, done = messages(engine.drag(drag(steps=4), GO))
    assert isinstance(result, Frame) and result.step == 2 + 4
    assert isinstance(done, Done) and done.steps == 4
    assert refusal(engine.seek(Seek("a", 9))).code == "bad_input"
    (again,) = messages(engine.seek(Seek("a", 0)))
    assert isinstance(again, Frame) and again.image.data == first.image.data


@pytest.mark.parametrize("name", ["gray8", "rgba8", "bgra8", "bgra16", "rgbaf32"])
def test_the_result_has_the_clients_own_pixels(engine: TorchEngine, name: str) -> None:
    samples, white = {"8": ("u1", 255), "6": ("<u2", 65535), "2": ("<f4", 1)}[name[-1]]
    channels = 1 if name == "gray8" else 4
    values = np.random.default_rng(1).random((24, 20, channels)) * white
    image = Image(name, 20, 24, values.astype(samples).tobytes())
    turns(engine.open("a", Open("tiny", image=image, quality="fast"), GO))
    (start,) = messages(engine.seek(Seek("a", 0)))
    assert isinstance(start, Frame)
    assert start.image.format == name and start.image.data == image.data
    result, _ = messages(engine.drag(drag(), GO))
    assert isinstance(result, Frame)
    assert (result.image.format, result.image.width, result.image.height) == (name, 20, 24)


def test_the_librarys_refusals_keep_code_and_hint(engine: TorchEngine) -> None:
    open_seed(engine)
    outside = replace(drag(), handles=((99.0, 5.0),))
    error = refusal(engine.drag(outside, GO))
    assert error.code == "bad_input" and "outside" in error.sentence and error.hint
    mask = Image("gray8", 8, 8, bytes([255] * 64))
    assert "mask" in refusal(engine.drag(drag(mask=mask), GO)).sentence
    assert refusal(engine.open("b", Open("nobody", seed=1), GO)).code == "unknown_model"


def test_a_preset_that_does_not_exist_is_refused_with_those_that_do(engine: TorchEngine) -> None:
    open_seed(engine)
    wrong = replace(drag(), settings=DragSettings(preset="fancy"))
    error = refusal(engine.drag(wrong, GO))
    assert isinstance(error, BadInput) and "released" in error.hint


def test_a_missing_cuda_device_is_said_in_words(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    error = refusal(TorchEngine(device="cuda", threads=0).open("a", Open("tiny", seed=1), GO))
    assert isinstance(error, EngineFailed) and error.code == "no_device" and error.hint


def test_running_out_of_memory_is_told_from_other_failures(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr("draggan.editor.DragEditor.set_seed", full)
    with pytest.raises(MemoryError):
        turns(engine.open("a", Open("tiny", seed=1), GO))


def test_a_model_is_loaded_once_and_shared(
    engine: TorchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    open_seed(engine, "a")
    open_seed(engine, "b")
    assert caplog.text.count("loaded tiny") == 1
    assert engine.device().startswith("CPU")
    engine.close("a")
    assert isinstance(refusal(engine.drag(drag(), GO)), UnknownSession)


def saved(engine: TorchEngine, session: str = "a") -> Saved:
    (answer,) = messages(engine.save(Save(session)))
    assert isinstance(answer, Saved)
    return answer


def every_picture(engine: TorchEngine, session: str, last: int) -> list[Frame]:
    shown = [messages(engine.seek(Seek(session, step))) for step in range(last + 1)]
    return [frame for (frame,) in shown if isinstance(frame, Frame)]


def opened(engine: TorchEngine, data: Blob, image: Image | None = RGB) -> tuple[Frame, Ready]:
    """A saved edit in session b, on its picture (None: it was made up)."""
    first, ready = messages(engine.open("b", Open("tiny", image=image, saved=data), GO))
    assert isinstance(first, Frame) and isinstance(ready, Ready)
    return first, ready


def differing(a: Image, b: Image) -> tuple[int, float]:
    """By how much a sample does, at most and on the average."""
    x, y = (np.frombuffer(image.data, np.uint8).astype(int) for image in (a, b))
    return int(np.abs(x - y).max()), float(np.abs(x - y).mean())


def test_a_saved_edit_opens_again_where_it_was_and_as_it_was(engine: TorchEngine) -> None:
    # No noise: carried along by a hair less, noise is a hair's width of noise off.
    y, x = np.mgrid[:24, :20]
    smooth = np.stack([12 * x, 10 * y, 5 * (x + y)], -1).astype(np.uint8)
    image = Image("rgb8", 20, 24, smooth.tobytes())
    *_, fresh = messages(engine.open("a", Open("tiny", image=image, quality="fast"), GO))
    assert isinstance(fresh, Ready) and (fresh.step, fresh.last) == (0, 0)
    mask = Image("gray8", 20, 24, bytes([255] * 10 + [0] * 10) * 24)
    result, _ = messages(engine.drag(drag(steps=5, lr=0.05, mask=mask), GO))
    before = every_picture(engine, "a", 5)
    (present,) = messages(engine.seek(Seek("a", 4)))
    answer = saved(engine)
    assert answer.step == 4 and isinstance(result, Frame) and isinstance(present, Frame)
    engine.close("a")

    first, ready = opened(engine, answer.data, image)
    assert (ready.step, ready.last) == (4, 5)
    assert (ready.psnr, ready.verdict) == (fresh.psnr, fresh.verdict)
    assert replace(first, session="a", seq=present.seq) == present
    assert 255 in bytes(result.changed.data)  # type: ignore[union-attr]
    again = every_picture(engine, "b", 5)
    for old, new in zip(before, again, strict=True):
        most, mean = differing(new.image, old.image)
        assert new.points == old.points and most <= 4 and mean < 0.2
    for k in (0, 4, 5):  # what is opened, the present step, and the last one
        assert (again[k].image, again[k].changed) == (before[k].image, before[k].changed)
    assert before[5].image == result.image and before[5].changed == result.changed


def test_a_drag_goes_on_after_a_detour_as_without(engine: TorchEngine) -> None:
    turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    turns(engine.drag(drag(lr=0.05), GO))
    opened(engine, saved(engine).data)
    more = Drag("a", ((5, 5), (9, 9)), ((9, 5), (9, 9)), settings=DragSettings(steps=4, lr=0.05))
    straight, straight_done = messages(engine.drag(more, GO))
    detour, detour_done = messages(engine.drag(replace(more, session="b"), GO))
    assert isinstance(straight, Frame) and isinstance(detour, Frame)
    assert replace(detour, session="a", seq=straight.seq) == straight
    assert straight.changed is not None and 255 in bytes(straight.changed.data)
    assert isinstance(straight_done, Done) and isinstance(detour_done, Done)
    assert detour_done.handles == straight_done.handles


@pytest.mark.parametrize("name", ["gray8", "bgra8", "rgb16", "rgbaf32"])
def test_the_clients_own_pixels_come_back_in_their_order(engine: TorchEngine, name: str) -> None:
    size = {"gray8": 1, "bgra8": 4, "rgb16": 6, "rgbaf32": 16}[name]
    values = np.random.default_rng(1).random(20 * 24 * size // 4, np.float32)
    image = Image(name, 20, 24, values.tobytes())
    turns(engine.open("a", Open("tiny", image=image, quality="fast"), GO))
    first, _ = opened(engine, saved(engine).data, image)
    assert first.image == image


def test_the_door_can_tell_a_saved_pictures_size(engine: TorchEngine) -> None:
    turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    request = Open("tiny", image=RGB, saved=saved(engine).data)
    assert picture_size(request, engine.models(), Limits()) == (20, 24)


def test_a_seed_is_saved_too(engine: TorchEngine) -> None:
    open_seed(engine)
    result, _ = messages(engine.drag(drag(), GO))
    first, ready = opened(engine, saved(engine).data, None)
    assert isinstance(result, Frame) and first.image == result.image
    assert first.changed == result.changed and ready.psnr is None


def test_frames_say_exactly_which_pixels_have_changed(engine: TorchEngine) -> None:
    turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    mask = Image("gray8", 20, 24, bytes([255] * 10 + [0] * 10) * 24)
    *said, _ = messages(engine.drag(drag(steps=3, lr=0.05, keep_every=1, mask=mask), GO))
    before = np.frombuffer(RGB.data, np.uint8).reshape(24, 20, 3)
    assert [frame.kind for frame in said if isinstance(frame, Frame)] == ["kept"] * 2 + ["result"]
    for frame in said:
        assert isinstance(frame, Frame) and frame.changed is not None
        after = np.frombuffer(frame.image.data, np.uint8).reshape(24, 20, 3)
        wanted = np.where((after != before).any(axis=2), 255, 0).astype(np.uint8)
        assert frame.changed.data == wanted.tobytes() and not wanted[:, 10:].any()
    assert wanted.any()
    (start,) = messages(engine.seek(Seek("a", 0)))
    assert isinstance(start, Frame) and start.changed == Image("gray8", 20, 24, bytes(480))


def test_results_say_where_what_moves_is_cut_off(engine: TorchEngine) -> None:
    turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    result, _ = messages(engine.drag(drag(lr=1.0), GO))
    assert isinstance(result, Frame) and "left" in result.cut
    (again,) = messages(engine.seek(Seek("a", result.step)))
    (first,) = messages(engine.seek(Seek("a", 0)))
    assert isinstance(again, Frame) and again.cut == result.cut
    assert isinstance(first, Frame) and first.cut == ()
    preview = turns(engine.drag(drag(lr=1.0), GO))[0].preview
    assert preview is not None and preview().cut == ()


def test_what_is_pasted_fades_out_where_the_clients_picture_goes_on(engine: TorchEngine) -> None:
    turns(engine.open("a", Open("tiny", image=RGB, quality="fast"), GO))
    end, _ = messages(engine.drag(drag(lr=1.0), GO))
    assert isinstance(end, Frame)
    changed = []
    for sides in ((), ("left", "right")):
        (result,) = messages(engine.seek(Seek("a", end.step, paste=Pasting("all", goes_on=sides))))
        assert isinstance(result, Frame) and result.changed is not None
        changed.append(np.frombuffer(result.changed.data, np.uint8).reshape(24, 20))
    assert changed[0][:, [0, -1]].any()
    assert not changed[1][:, [0, -1]].any() and changed[1].any()


def test_previews_do_not_say_what_has_changed(engine: TorchEngine) -> None:
    open_seed(engine)
    *steps, _ = turns(engine.drag(drag(steps=2), GO))
    assert steps[1].preview is not None and steps[1].preview().changed is None


def test_seeking_tells_where_the_handles_were(engine: TorchEngine) -> None:
    open_seed(engine)
    _, done = messages(engine.drag(drag(), GO))
    start, *_, last = every_picture(engine, "a", 3)
    assert isinstance(done, Done) and start.points == ()
    assert last.points == ((done.handles[0].x, done.handles[0].y),)
    assert last.distances == last.statuses == ()


def test_an_edit_of_another_model_is_refused_with_its_name(engine: TorchEngine) -> None:
    open_seed(engine)
    error = refusal(engine.open("b", Open("critters", saved=saved(engine).data), GO))
    assert error.code == "bad_saved" and "'tiny'" in error.sentence and "'tiny'" in error.hint


def test_an_edit_of_another_version_of_the_model_is_refused(
    engine: TorchEngine, tmp_path: Path, tiny_generator: StyleGAN2Generator
) -> None:
    open_seed(engine)
    data = saved(engine).data
    path = tmp_path / "draggan" / "models" / "tiny.safetensors"
    save_network(tiny_generator.network, path, metadata={"title": "Tiny"})
    error = refusal(engine.open("b", Open("tiny", saved=data), GO))
    assert error.code == "bad_saved" and "another version of the model 'tiny'" in error.sentence
    assert saved(engine).data == data  # the open session keeps its generator and its fingerprint


def test_damaged_saved_data_is_refused(engine: TorchEngine) -> None:
    open_seed(engine)
    whole = bytes(saved(engine).data.data)
    for data in (whole[:-1], b"x", whole[:200]):
        error = refusal(engine.open("b", Open("tiny", saved=Blob(data)), GO))
        assert (error.code, error.sentence) == ("bad_saved", "The saved edit is damaged.")


def test_what_the_library_saved_without_a_pixel_format_is_not_an_editors(
    engine: TorchEngine,
) -> None:
    open_seed(engine)
    edit, stamp = unpack(saved(engine).data.data)
    foreign = pack(edit, Stamp(stamp.model, stamp.fingerprint))
    error = refusal(engine.open("b", Open("tiny", saved=Blob(foreign)), GO))
    assert "not one of an editor's" in error.sentence


def test_more_than_the_daemon_takes_back_is_not_saved(engine: TorchEngine) -> None:
    open_seed(engine)
    small = TorchEngine(device="cpu", threads=1, max_bytes=1000)
    open_seed(small)
    error = refusal(small.save(Save("a")))
    assert isinstance(error, LimitExceeded) and error.hint
