"""`draggan` as it is typed, against a real daemon's door whose engine only paints."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from draggan.cli import main
from draggan.cli.area import choose_area
from draggan.cli.handles import Handle, as_typed, check_handles, parse_handle, parse_pin
from draggan.cli.progress import Progress
from draggan.errors import BadInput
from draggan.pictures import open_picture, save_picture

from .cli_stage import HEIGHT, WIDTH, Serve, drag, painted_photo, pixels, place, served


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as folder:
        yield folder


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:
    with served(folder) as serve:
        yield serve


@pytest.fixture
def photo(folder: Path) -> Path:
    return painted_photo(folder)


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
    assert drag(photo, *words) == 2
    assert "All handles start where the mask lets nothing move." in capsys.readouterr().err
    assert drag(photo, *words, "--handle", "20,20:24,24") == 0
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


def test_progress_is_told_in_plain_lines_where_there_is_no_terminal(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    drag(photo, "--handle", "10,20:40,20")
    said = capsys.readouterr().err
    assert "Connected: " in said and "Dragging" in said and "\r" not in said


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
        ("--handle 3,3:4,4 --steps 0", "Argument --steps: 0 is no whole number from 1 on."),
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
