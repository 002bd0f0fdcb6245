"""A drag without a dialog: from a script's arguments to the layer, or to a sentence."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from draggan_wire.errors import BadInput

from tests.fake_engine import SAVED
from tests.fake_gimp_document import LAYER, RESULT, Crop, FakeDocument
from tests.gimp_plugin import load
from tests.painting_daemon import COMMAND, PaintingDaemon, SeedEngine

unattended = load("unattended")
errors = load("draggan_wire.errors")
connection_module = load("draggan_wire.workbench.connection")
edit_module = load("draggan_wire.edit")
read_note = load("draggan_wire.workbench.note").read_note
HandleLine = load("draggan_wire.workbench.handles").HandleLine
Arguments = load("arguments").Arguments
Told = list[tuple[float | None, str]]
LINE = HandleLine((12.0, 6.0), (22.0, 6.0))
REACHED = "All handles have reached their targets, after 10 steps."


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this computer's daemon would have its socket: a short path that is ours alone."""
    with tempfile.TemporaryDirectory(prefix="dg") as name:
        monkeypatch.setenv("DRAGGAND_SOCKET", str(Path(name) / "d.sock"))
        yield Path(name)


Serve = Callable[..., SeedEngine]


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:
    """Starts this computer's daemon, with an engine of the given speed."""
    daemons: list[PaintingDaemon] = []

    def begin(**how: Any) -> SeedEngine:
        engine = SeedEngine(**how)
        daemons.append(PaintingDaemon(folder / "d.sock", engine))
        return engine

    yield begin
    for daemon in daemons:
        daemon.end()


@pytest.fixture
def none_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "find_command", lambda *a, **k: None)


def arguments(**given: Any) -> Any:
    handles = "" if "path" in given else "12,6:22,6"
    return Arguments(**{"handles": handles, "model": "tiny", **given})


def drag(document: FakeDocument, *, told: Told | None = None, **given: Any) -> Any:
    return unattended.drag_unattended(
        document,
        arguments(**given),
        version="1",
        plugin_folder=Path("plugin"),
        progress=lambda *what: (told if told is not None else []).append(what),
    )


def refused(document: FakeDocument | None = None, **given: Any) -> Any:
    document = document or FakeDocument()
    with pytest.raises(errors.WireError) as caught:
        drag(document, **given)
    assert document.inserted == []
    return caught.value


# A drag.


def test_the_result_is_added_once_and_returned(serve: Serve) -> None:
    engine, document = serve(), FakeDocument()
    assert drag(document) == RESULT
    ((layers, source),) = document.inserted
    assert source == LAYER and [layer.name for layer in layers] == ["DragGAN tiny, step 10"]
    assert (layers[0].image.width, layers[0].image.height) == document.size and layers[0].visible
    assert engine.asked.handles == ((12.0, 6.0),) and engine.asked.targets == ((22.0, 6.0),)
    assert engine.opened.quality == "balanced" and engine.asked.mask is None


def test_the_edit_can_be_taken_up_again_later(serve: Serve) -> None:
    serve()
    document = FakeDocument()
    drag(document)
    note = read_note(document.noted)
    assert (note.source.layer, note.terms.model, note.data) == (LAYER, "tiny", SAVED)
    assert note.drags[0].lines == (LINE,)


def test_the_arguments_travel(serve: Serve) -> None:
    engine, document = serve(drag_steps=7), FakeDocument()
    drag(document, quality="fast", iterations=7, keep_every=3)
    assert engine.opened.quality == "fast"
    assert (engine.asked.settings.steps, engine.asked.keep_every) == (7, 3)


def test_what_the_dialog_remembers_travels_too(serve: Serve) -> None:
    engine, default = serve(), replace(unattended.DEFAULT, speed=0.25)
    unattended.drag_unattended(
        FakeDocument(), arguments(), version="1", plugin_folder=Path(), default=default
    )
    assert engine.asked.settings.lr == 0.25


def test_the_daemon_may_send_what_gimp_decodes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    given, connect = [], unattended.Connection

    def connection(*args: Any, **options: Any) -> Any:
        given.append(options["jpeg"])
        return connect(*args, **options)

    def decode(data: bytes, width: int, height: int) -> bytes:
        return bytes(3 * width * height)

    monkeypatch.setattr(unattended, "Connection", connection)
    unattended.drag_unattended(
        FakeDocument(), arguments(), version="1", plugin_folder=Path(), jpeg=decode
    )
    assert given == [decode]


def test_kept_steps_are_hidden_layers_below_the_result(serve: Serve) -> None:
    serve()
    document = FakeDocument()
    drag(document, keep_every=4)
    ((layers, _),) = document.inserted
    assert [(layer.name, layer.visible) for layer in layers] == [
        ("DragGAN, step 4", False),
        ("DragGAN, step 8", False),
        ("DragGAN tiny, step 10", True),
    ]


def test_progress_grows_and_ends_with_how_it_went(serve: Serve) -> None:
    serve(seconds=0.02)
    told: Told = []
    drag(FakeDocument(), told=told)
    fractions = [fraction for fraction, _ in told if fraction is not None]
    assert fractions == sorted(fractions) and len(fractions) > 3
    assert told[0][0] is None and told[-1] == (1.0, REACHED)
    assert any(words.startswith("Reading the picture") for _, words in told)


def test_a_script_is_told_what_is_to_know_of_the_picture(serve: Serve) -> None:
    serve().notes = ("It has holes.",)
    told: Told = []
    drag(FakeDocument(), told=told)
    assert told[-1] == (1.0, f"{REACHED} It has holes.")


def test_handles_that_do_not_arrive_are_no_failure(serve: Serve) -> None:
    serve(drag_steps=3)
    told: Told = []
    assert drag(FakeDocument(), told=told) == RESULT
    assert told[-1][0] == 1.0 and told[-1][1].endswith(".")


def test_handles_come_from_the_path_that_is_named(serve: Serve) -> None:
    engine, document = serve(), FakeDocument()
    document.paths = {"smile": (LINE,), "other": ()}
    drag(document, path=" smile ")
    assert engine.asked.targets == ((22.0, 6.0),)


def test_without_handles_the_selected_path_is_taken(serve: Serve) -> None:
    engine, document = serve(), FakeDocument()
    document.paths, document.selected_path = {"smile": (LINE,)}, "smile"
    drag(document, handles="")
    assert engine.asked.targets == ((22.0, 6.0),)


def test_the_selection_says_what_may_move_unless_it_is_not_to(serve: Serve) -> None:
    engine, document = serve(), FakeDocument()
    document.selected_box = (0, 0, 30, 20)
    drag(document)
    assert engine.asked.mask is not None and sum(engine.asked.mask.data) == 255 * 30 * 20
    drag(document, mask=False)
    assert engine.asked.mask is None


# A picture that the model makes up.


def test_a_seed_is_dragged_at_the_models_size_and_laid_at_the_layers_corner(serve: Serve) -> None:
    engine, document = serve(), FakeDocument(frame=Crop(10, 20, 30, 20))
    assert drag(document, seed=5, handles="12,21:22,21", keep_every=5) == RESULT
    assert engine.seed == 5 and engine.asked.handles == ((2.0, 1.0),)
    ((layers, source),) = document.inserted
    assert [layer.name for layer in layers[:2]] == ["DragGAN, step 5", "DragGAN, step 10"]
    assert layers[-1].crop == Crop(10, 20, 16, 16) and layers[-1].visible
    assert bytes(layers[-1].changed.data) == b"\xff" * 256
    assert source == LAYER and document.noted == b""


def test_handles_outside_the_made_up_picture_are_refused(serve: Serve) -> None:
    serve()
    error = refused(seed=0, handles="12,6:22,6")
    assert "16 x 16 pixels" in error.sentence
    assert error.hint == "There x goes from 0 to 16, y from 0 to 16."


def test_a_selection_that_the_made_up_picture_exceeds_is_refused(serve: Serve) -> None:
    serve()
    document = FakeDocument(40, 10)
    document.selected_box = (0, 0, 5, 5)
    error = refused(document, seed=0, handles="2,2:4,4")
    assert "larger than the image" in error.sentence


# What goes wrong.


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"handles": "1,2:3"}, "Handle 1 ('1,2:3'): '3' is no point, which is x,y."),
        ({"handles": ""}, "There are no handles: The image has no path."),
        ({"path": "nose"}, "There is no path 'nose'."),
        ({"handles": "2,2; 12,6:300,6"}, "Handle 2 (12,6:300,6) lies outside the layer."),
        (
            {"handles": "2,2:3,-1", "source": "visible"},
            "Handle 1 (2,2:3,-1) lies outside the image.",
        ),
        ({"endpoint": "garbage"}, "The address 'garbage' is not understood."),
        ({"quality": "superb"}, "The argument 'quality' is 'superb', which is not known."),
    ],
)
def test_what_can_be_refused_at_once_needs_no_daemon(given: Any, sentence: str) -> None:
    assert refused(**given).sentence == sentence


def test_without_handles_it_says_how_to_give_some() -> None:
    assert "'handles'" in refused(handles="").hint


def test_where_handles_may_lie_is_said() -> None:
    document = FakeDocument(frame=Crop(10, 20, 30, 20))
    assert refused(document).hint == "There x goes from 10 to 40, y from 20 to 40."


def test_an_unknown_model_is_answered_with_those_that_there_are(serve: Serve) -> None:
    serve()
    error = refused(model="faces")
    assert error.sentence == "The daemon has no model 'faces'."
    assert error.hint.startswith("It has: tiny. ")


def test_handles_outside_the_selection_are_refused(serve: Serve) -> None:
    serve()
    document = FakeDocument()
    document.selected_box = (40, 30, 50, 40)
    assert "selection" in refused(document).sentence


@pytest.mark.parametrize("seed", [-1, 3])
def test_the_engines_failure_comes_in_its_words(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(serve(), "drag", _no_memory)
    error = refused(seed=seed, handles="2,2:4,4")
    assert (error.sentence, error.hint) == ("The memory is full.", "Close something.")


def _no_memory(request: Any, stop: Any) -> Iterator[Any]:
    raise BadInput("The memory is full.", hint="Close something.")
    yield


def test_a_document_that_refuses_the_layers_says_why(serve: Serve) -> None:
    serve()
    document = FakeDocument()
    document.broken = errors.BadInput("The image has been closed.", hint="Open it again.")
    error = refused(document)
    assert (error.sentence, error.hint) == ("The image has been closed.", "Open it again.")


@pytest.mark.usefixtures("folder", "none_installed")
def test_without_any_daemon_it_says_how_to_come_by_one() -> None:
    error = refused()
    assert isinstance(error, errors.NoDaemon)
    assert "`draggand serve`" in error.hint and "`draggan install gimp`" in error.hint


@pytest.mark.usefixtures("none_installed")
def test_an_address_where_something_else_answers_is_refused(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "x.sock"))
        listening.listen()
        threading.Thread(target=_chatter, args=(listening,), daemon=True).start()
        error = refused(endpoint=f"ipc://{folder}/x.sock")
    assert error.sentence.endswith(".") and error.hint


def _chatter(listening: socket.socket) -> None:
    while True:
        try:
            peer, _ = listening.accept()
            peer.sendall(b"HTTP/1.0 400 what\r\n\r\n" * 9)
            peer.close()
        except OSError:
            return


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """A daemon program that can be started; the processes that were."""
    started: list[Any] = []

    def start(command: list[str]) -> Any:
        started.append(real(command))
        return started[-1]

    real = connection_module.start_daemon
    monkeypatch.setattr(connection_module, "find_command", lambda *a, **k: list(COMMAND))
    monkeypatch.setattr(connection_module, "start_daemon", start)
    yield started
    for daemon in started:
        daemon.process.kill()
        daemon.process.wait()


@pytest.mark.slow
def test_a_daemon_is_started_where_none_runs_and_serves_the_next_drag_too(
    installed: list[Any],
) -> None:
    told: Told = []
    document = FakeDocument()
    assert drag(document, told=told) == RESULT
    assert drag(document) == RESULT
    assert len(installed) == 1 and (None, "Starting the daemon...") in told


@pytest.mark.slow
def test_a_daemon_that_is_killed_in_mid_drag_leaves_a_sentence(
    installed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_module, "PATIENCE_AT_WORK", 1.0)  # until it is started again

    def kill(fraction: float | None, words: str) -> None:
        if words.startswith("Dragging: step"):
            installed[0].process.kill()

    document, begin = FakeDocument(), time.monotonic()
    with pytest.raises(errors.ConnectionLost) as caught:
        unattended.drag_unattended(
            document, arguments(), version="1", plugin_folder=Path(), progress=kill
        )
    assert caught.value.sentence == "The daemon is gone, and what was under way with it."
    assert document.inserted == [] and time.monotonic() - begin < 20
