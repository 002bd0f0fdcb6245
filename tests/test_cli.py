"""`draggan` as it is typed, against a real daemon's door whose engine only paints."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draggan_daemon.config import Config
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker
from draggan_daemon.worker import Job, Turn
from draggan_wire.crop import Crop
from draggan_wire.messages import (
    Blob,
    Done,
    Drag,
    Frame,
    HandleResult,
    Image,
    Open,
    Ready,
    Save,
    Saved,
)
from draggan_wire.workbench.note import Note
from PIL import Image as Pil

from draggan.cli import main
from draggan.cli.area import choose_area
from draggan.cli.edit_file import read_edit
from draggan.cli.handles import Handle, as_typed, check_handles, parse_handle, parse_pin
from draggan.cli.progress import Progress
from draggan.errors import BadInput
from draggan.pictures import open_picture, save_picture

from .fake_engine import SAVED, FakeEngine

WIDTH, HEIGHT = 64, 48


class PaintingEngine(FakeEngine):
    """Each step moves every handle by a tenth of its way and paints a column further to the right.

    The mask, the settings and the picture that came are kept for the test to look at.
    """

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        self.opened = request
        image = request.image
        if request.saved is None or image is None:
            return (yield from super().open(session, request, stop))
        self._seq += 1
        shown = replace(image, data=bytes([2]) * len(image.data))
        frame = Frame(session, self._seq, "result", 2, shown)
        return Turn((frame, Ready(session, 30.0, step=2, last=2)))

    def save(self, request: Save) -> Job:
        return Turn((Saved(request.session, Blob(SAVED), self.drag_steps),))
        yield

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        self.asked = request
        reason, index = "reached", 0
        while index < self.drag_steps:
            index += 1
            self._step(request.session)
            kept = ()
            if request.keep_every and index % request.keep_every == 0:
                kept = (self._painted(request, "kept", index),)
            yield Turn(kept, lambda index=index: self._painted(request, "preview", index))
            if stop.is_set():
                reason = "stopped"
                break
        frame = self._painted(request, "result", index)
        pairs = zip(frame.points, frame.statuses, frame.distances, strict=True)
        ends = tuple(HandleResult(*point, status, away) for point, status, away in pairs)
        done = Done(request.session, reason, index, 2.5, ends)
        return Turn((frame, done))

    def _painted(self, request: Drag, kind: str, step: int) -> Frame:
        image = self.opened.image
        assert image is not None
        channels = len(image.data) // (image.width * image.height)
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, channels)
        pixels = pixels.copy()
        pixels[5:9, 10 : 10 + step] = 255
        part = step / 10
        starts, targets = np.array(request.handles), np.array(request.targets)
        points = starts + (targets - starts) * part
        away = np.hypot(*(targets - points).T)
        self._seq += 1
        return Frame(
            request.session,
            self._seq,
            kind,
            step,
            Image(image.format, image.width, image.height, pixels.tobytes()),
            tuple((float(x), float(y)) for x, y in points),
            tuple(float(value) for value in away),
            tuple("reached" if value < 0.5 else "moving" for value in away),
        )


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, ours alone: a socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="dg") as name:
        yield Path(name)


Serve = Callable[..., PaintingEngine]


@pytest.fixture
def serve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts the door, with an engine of the given speed, where `draggan` looks for it."""
    ends: list[Callable[[], None]] = []
    monkeypatch.setenv("DRAGGAND_SOCKET", str(folder / "d.sock"))

    def begin(**how: Any) -> PaintingEngine:
        engine = PaintingEngine(**how)
        worker = InProcessWorker(engine)
        door = Door(worker, Config(), version="0")
        door.bind_local(folder / "d.sock")
        thread = threading.Thread(target=door.serve)
        thread.start()

        def end() -> None:
            door.end()
            thread.join(8)
            worker.release()

        ends.append(end)
        return engine

    yield begin
    for end in ends:
        end()


@pytest.fixture
def photo(folder: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 200, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Pil.fromarray(noise).save(folder / "photo.png")
    return folder / "photo.png"


def pixels(path: Path) -> np.ndarray:
    with Pil.open(path) as image:
        return np.asarray(image)


def drag(photo: Path, *words: str) -> int:
    out = photo.parent / "out"
    return main(["drag", str(photo), "--model", "tiny", "--out", str(out), *words])


# A drag in good order.


def test_a_drag_leaves_five_files_and_nothing_else(serve: Serve, photo: Path) -> None:
    serve()
    assert drag(photo, "--handle", "10,20:40,20") == 0
    assert sorted(path.name for path in (photo.parent / "out").iterdir()) == [
        "before-after.png",
        "drag.webp",
        "edit.json",
        "layers.ora",
        "result.png",
    ]


def test_what_did_not_move_keeps_its_pixels(serve: Serve, photo: Path) -> None:
    serve()
    drag(photo, "--handle", "30,20:40,20", "--crop", "20,4,40,40")
    before, after = pixels(photo), pixels(photo.parent / "out" / "result.png")
    changed = (before != after).any(axis=2)
    assert changed[9:13, 30:40].all()  # the engine paints in the crop's own pixels
    changed[9:13, 30:40] = False
    assert not changed.any()


def test_handles_mask_and_options_travel(serve: Serve, photo: Path) -> None:
    engine = serve()
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:30, 10:50] = 255
    Pil.fromarray(mask).save(photo.parent / "mask.png")
    words = "--handle 20,20:40,22 --pin 12,13 --quality best --preset paper --steps 7"
    drag(photo, *words.split(), "--mask", str(photo.parent / "mask.png"))
    assert engine.asked.handles == ((20, 20), (12, 13))
    assert engine.asked.targets == ((40, 22), (12, 13))
    assert engine.asked.mask is not None and bytes(engine.asked.mask.data) == mask.tobytes()
    assert (engine.asked.settings.preset, engine.asked.settings.steps) == ("paper", 7)
    assert engine.opened.quality == "best" and engine.opened.model == "tiny"
    assert engine.opened.image is not None
    assert bytes(engine.opened.image.data) == pixels(photo).tobytes()


def test_kept_steps_become_hidden_layers_between_source_and_result(
    serve: Serve, photo: Path
) -> None:
    serve()
    drag(photo, "--handle", "10,20:40,20", "--keep-every", "4")
    with zipfile.ZipFile(photo.parent / "out" / "layers.ora") as archive:
        stack = archive.read("stack.xml").decode()
        step = pixels_of(archive.read("data/layer1.png"))
    names = ["result", "kept steps", "step 8", "step 4", "source", "photo.png"]
    assert [stack.index(f'name="{name}"') for name in names] == sorted(
        stack.index(f'name="{name}"') for name in names
    )
    assert stack.count('visibility="hidden"') == 2
    assert step.shape == (4, 8, 4)  # only what differs from the source


def pixels_of(data: bytes) -> np.ndarray:
    with Pil.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def test_the_edit_is_told_in_numbers_and_in_json(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(drag_steps=8)
    assert drag(photo, "--handle", "10,20:40,20", "--pin", "3,3") == 0
    said = capsys.readouterr().out
    assert "handle 10,20 -> 40,20: moving, 6.0 px left" in said
    assert "pin 3,3: held, moved by 0.0 px" in said
    assert "8 steps, 2.5 ms per step" in said
    assert f"{photo.parent / 'out' / 'layers.ora'}" in said
    edit = json.loads((photo.parent / "out" / "edit.json").read_text())
    assert edit["handles"][0]["end"] == [34.0, 20.0]
    assert edit["picture"] == {"name": "photo.png", "size": [WIDTH, HEIGHT]}
    assert edit["reason"] == "reached" and edit["steps"] == 8
    assert edit["options"]["model"] == "tiny" and edit["options"]["steps"] is None


def test_the_animation_shows_start_kept_steps_and_result(serve: Serve, photo: Path) -> None:
    serve()
    drag(photo, "--handle", "10,20:40,20", "--keep-every", "4")
    with Pil.open(photo.parent / "out" / "drag.webp") as animation:
        assert animation.n_frames == 4


def test_a_transparent_picture_stays_transparent(serve: Serve, photo: Path) -> None:
    serve()
    clear = np.dstack([pixels(photo), np.full((HEIGHT, WIDTH), 77, np.uint8)])
    Pil.fromarray(clear).save(photo)
    assert drag(photo, "--handle", "10,20:40,20") == 0
    after = pixels(photo.parent / "out" / "result.png")
    assert after.shape[2] == 4 and (after[20:, :, 3] == 77).all()


def test_grey_of_sixteen_bits_stays_so_and_a_frozen_handle_is_noted(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    Pil.fromarray(np.full((HEIGHT, WIDTH), 30_000, np.uint16)).save(photo)
    Pil.fromarray(np.eye(HEIGHT, WIDTH, dtype=np.uint8)).save(photo.parent / "mask.png")
    words = ["--handle", "10,20:40,20", "--mask", str(photo.parent / "mask.png")]
    assert drag(photo, *words) == 0
    said = capsys.readouterr().err
    assert "10,20 starts where the mask lets nothing move" in said
    after = pixels(photo.parent / "out" / "result.png")
    assert after.dtype == np.uint16 and after.shape == (HEIGHT, WIDTH)
    assert set(np.unique(after)) == {30_000, 65_535}


def test_colours_of_sixteen_bits_come_back_with_all_of_them(serve: Serve, photo: Path) -> None:
    serve()
    deep = np.random.default_rng(1).integers(0, 60_000, (HEIGHT, WIDTH, 4)).astype(np.uint16)
    save_picture(photo, deep)
    assert drag(photo, "--handle", "10,20:40,20") == 0
    after = open_picture(photo.parent / "out" / "result.png").samples
    assert after.dtype == np.uint16 and np.array_equal(after[20:], deep[20:])


# An edit in a file.


def reopen(photo: Path, *words: str) -> int:
    edit = photo.parent / "photo.draggan"
    return main(["reopen", str(edit), str(photo), "--out", str(photo.parent / "later"), *words])


def saved(photo: Path, *words: str) -> Note:
    edit = photo.parent / "photo.draggan"
    assert drag(photo, "--handle", "10,20:40,20", "--save", str(edit), *words) == 0
    return read_edit(edit)


def test_an_edit_is_kept_in_a_file_without_its_picture(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    note = saved(photo, "--crop", "4,6,60,40", "--quality", "fast")
    assert (note.terms.model, note.terms.quality, note.form) == ("tiny", "fast", "rgb8")
    assert note.source.crop == Crop(4, 6, 60, 40) and note.data == SAVED and note.picture is None
    assert "`draggan reopen" in capsys.readouterr().err


def test_an_edit_goes_on_with_its_picture_and_its_area(serve: Serve, photo: Path) -> None:
    engine = serve()
    saved(photo, "--crop", "4,6,60,40", "--quality", "fast")
    assert reopen(photo, "--handle", "30,20:40,20") == 0
    asked = engine.opened
    assert asked.saved.data == SAVED and (asked.model, asked.quality) == ("tiny", "fast")
    assert asked.image.data == pixels(photo)[6:46, 4:64].tobytes()
    assert engine.asked.handles == ((26.0, 14.0),)
    assert len(list((photo.parent / "later").iterdir())) == 5


def test_an_edit_without_new_handles_is_written_as_it_was(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = serve()
    saved(photo)
    del engine.asked
    assert reopen(photo) == 0
    assert not hasattr(engine, "asked") and (pixels(photo.parent / "later/result.png") == 2).all()
    assert "the edit as it was saved" in capsys.readouterr().out


def test_files_that_are_no_edits_are_refused_in_words(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit = photo.parent / "photo.draggan"
    assert reopen(photo) == 2
    assert "There is no file" in capsys.readouterr().err
    for data in (b"", b"nonsense", b"DGDK1" + bytes(100)):
        edit.write_bytes(data)
        assert reopen(photo) == 2
        assert "is no edit that was saved, or it is damaged" in capsys.readouterr().err


def test_a_picture_that_is_too_small_for_an_edit_is_refused(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    saved(photo)
    Pil.fromarray(pixels(photo)[:-4]).save(photo)
    assert reopen(photo) == 2
    assert "too few for the edit that was saved" in capsys.readouterr().err


def test_progress_is_told_in_plain_lines_where_there_is_no_terminal(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    drag(photo, "--handle", "10,20:40,20")
    said = capsys.readouterr().err
    assert "Connected: " in said and "30.0 dB" in said and "\r" not in said


def test_a_daemons_models_are_listed(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve()
    assert main(["models", "--endpoint", f"ipc://{os.environ['DRAGGAND_SOCKET']}"]) == 0
    assert capsys.readouterr().out == "tiny  Tiny (16 x 16)\n"


# Ctrl+C.


def interrupt_when(ready: Callable[[], bool], *, times: int = 1) -> threading.Thread:
    def wait_and_interrupt() -> None:
        while not ready():
            time.sleep(0.005)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    thread = threading.Thread(target=wait_and_interrupt)
    thread.start()
    return thread


def test_ctrl_c_while_dragging_keeps_what_is_there(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = serve(seconds=0.02, drag_steps=500)
    thread = interrupt_when(lambda: engine.steps_taken > 10)
    assert drag(photo, "--handle", "10,20:40,20") == 130
    thread.join()
    assert engine.steps_taken < 200
    assert "stopped by you" in capsys.readouterr().out
    assert len(list((photo.parent / "out").iterdir())) == 5


def test_ctrl_c_while_the_picture_is_read_leaves_nothing(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = serve(seconds=0.02, opening_steps=500)
    thread = interrupt_when(lambda: engine.steps_taken > 3)
    assert drag(photo, "--handle", "10,20:40,20") == 130
    thread.join()
    assert engine.steps_taken < 200
    assert "nothing was written" in capsys.readouterr().err
    assert not (photo.parent / "out").exists()


def test_a_second_ctrl_c_leaves_at_once(serve: Serve, photo: Path) -> None:
    engine = serve(seconds=0.5, opening_steps=1, drag_steps=500)
    thread = interrupt_when(lambda: engine.steps_taken > 1, times=2)
    began = time.monotonic()
    assert drag(photo, "--handle", "10,20:40,20") == 130
    assert time.monotonic() - began < 10
    thread.join()
    assert not (photo.parent / "out").exists()


# The daemon.


def test_without_a_daemon_a_named_address_is_refused(
    folder: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"ipc://{folder / 'nobody.sock'}"
    assert drag(photo, "--handle", "1,1:2,2", "--endpoint", address) == 2
    assert capsys.readouterr().err.splitlines()[-2].startswith("draggan: ")
    assert not (photo.parent / "out").exists()


def test_a_daemon_of_another_protocol_is_refused_with_a_remedy(
    folder: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import zmq
    from draggan_wire import _msgpack

    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.linger = 0
        router.bind(f"ipc://{folder / 'old.sock'}")

        def answer() -> None:
            sender = router.recv_multipart()[0]
            reply = _msgpack.packb({"error": "protocol", "server": [9]})
            router.send_multipart([sender, b"DGDx", reply])

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"ipc://{folder / 'old.sock'}"
        assert drag(photo, "--handle", "1,1:2,2", "--endpoint", address) == 2
        thread.join()
    said = capsys.readouterr().err
    assert "protocol 9" in said and "pip install" in said


def test_a_daemon_that_cannot_start_is_told_with_its_last_words(
    folder: Path,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = folder / "python"
    broken.write_text("#!/bin/sh\necho out of coal\nexit 3\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("DRAGGAND_SOCKET", str(folder / "d.sock"))
    monkeypatch.setattr(sys, "executable", str(broken))
    monkeypatch.setattr("draggan_wire.starting.RIVAL", 0.1)
    assert drag(photo, "--handle", "1,1:2,2") == 2
    said = capsys.readouterr().err
    assert "out of coal" in said and str(folder / "draggand.log") in said


def test_an_engine_that_fails_is_told_without_a_traceback(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = serve()
    engine._painted = lambda *_: 1 / 0  # type: ignore[method-assign,assignment]
    assert drag(photo, "--handle", "1,1:2,2", "--keep-every", "1") == 2
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said and "Traceback" not in said
    assert not (photo.parent / "out").exists()


# Bad input is refused before anything is started.

OUTSIDE = "lies outside the picture, which has 64 x 48 pixels."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "There is no handle to drag."),
        ("--pin 3,3", "Pins alone move nothing."),
        ("--handle 3,3", "--handle '3,3' is not a pair of points."),
        ("--handle 3,3:4,4:5,5", "--handle '3,3:4,4:5,5' is not a pair of points."),
        ("--handle 3,x:4,4", "--handle '3,x:4,4' is not a pair of points."),
        ("--handle 3,nan:4,4", "--handle '3,nan:4,4' is not a pair of points."),
        ("--handle 1,1:2,2 --pin 7", "--pin '7' is not a point."),
        (
            "--handle 70,3:4,4",
            "The handle 70,3 lies outside the picture, which has 64 x 48 pixels.",
        ),
        (
            "--handle 3,3:4,49",
            "The target 4,49 lies outside the picture, which has 64 x 48 pixels.",
        ),
        (
            "--handle -3,3:4,4",
            "The handle -3,3 lies outside the picture, which has 64 x 48 pixels.",
        ),
        ("--handle 3,3:4,4 --pin 3,3", "There are 2 handles or pins at 3,3."),
        ("--handle 3,3:4,4 --steps 0", "Argument --steps: 0 is not 1 or more."),
        ("--handle 3,3:4,4 --mask nowhere.png", "There is no file nowhere.png."),
        ("--handle 3,3:4,4 --crop 1,2", "--crop '1,2' is not an area."),
        ("--handle 3,3:4,4 --crop 30,20,30,20", "The point 3,3 lies outside --crop 30,20,30,20."),
        ("--handle 3,3:4,4 --out /dev/null", "The output folder /dev/null is a file."),
        ("--handle 3,3:4,4 --colour red", "Unrecognized arguments: --colour red."),
    ],
)
def test_bad_input_is_refused_in_a_sentence_with_a_remedy(
    photo: Path,
    words: str,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)  # nothing may be started
    assert drag(photo, *words.split()) == 2
    first, hint = capsys.readouterr().err.splitlines()
    assert first == f"draggan: {sentence}"
    assert hint.startswith("  ") and len(hint) > 5
    assert not (photo.parent / "out").exists()


def test_an_unknown_model_is_refused_by_the_daemon(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    words = ["drag", str(photo), "--handle", "3,3:4,4", "--out", str(photo.parent / "out")]
    assert main([*words, "--model", "no-such"]) == 2
    assert "no-such" in capsys.readouterr().err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "draggan demo" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["--help", "drag --help", "demo --help", "models --help"])
def test_every_command_has_help(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words.split())
    assert end.value.code == 0
    assert "usage: draggan" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    from draggan import __version__

    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"draggan {__version__}\n"


# The parts.


def test_what_is_typed_comes_back_as_it_was() -> None:
    handles = [parse_handle("120,80.5:160,84"), parse_pin("30,30")]
    assert handles[0] == Handle((120, 80.5), (160, 84)) and handles[1].pinned
    assert as_typed(handles) == "--handle 120,80.5:160,84 --pin 30,30"


def test_the_pictures_edge_belongs_to_the_picture() -> None:
    check_handles([Handle((0, 0), (WIDTH, HEIGHT))], (WIDTH, HEIGHT))
    with pytest.raises(BadInput):
        check_handles([Handle((0, 0), (WIDTH + 0.1, HEIGHT))], (WIDTH, HEIGHT))


def test_a_crop_around_the_handles_takes_in_the_mask() -> None:
    mask = np.zeros((2000, 3000), np.uint8)
    mask[900:1000, 1200:1900] = 255
    handles = [Handle((1500, 950), (1520, 950))]
    crop = choose_area("handles", size=(3000, 2000), handles=handles, mask=mask)
    assert crop.left <= 1200 and crop.left + crop.width >= 1900
    assert crop.width == crop.height < 2000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_renews_itself() -> None:
    terminal = Terminal()
    with Progress(terminal) as progress:
        progress.show("Reading", "1 %")
        progress.show("Reading", "2 %")  # too soon after the other
        progress.show("Dragging")
        progress.note("A note.")
    lines = terminal.getvalue().split("\n")
    assert lines[0] == "\rReading: 1 %\x1b[K"
    assert lines[1] == "\rDragging\x1b[K"
    assert lines[2:] == ["A note.", ""]


@pytest.mark.parametrize("model", ["nets/cats.pkl", "C:\\cats.pt", "", "two words"])
def test_a_model_given_as_a_file_is_told_how_to_get_a_name(
    model: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drag(photo, "--handle", "10,20:40,20", "--model", model) == 2
    assert "models import" in capsys.readouterr().err
