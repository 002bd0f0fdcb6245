"""All of the dialog that is not drawn: verbs, connections, and what goes wrong; no GIMP, no Gtk."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.edit_stage import Clock
from tests.fake_gimp_document import LAYER, RESULT, FakeDocument
from tests.gimp_plugin import load
from tests.gimp_stage import (
    FURTHER,
    GONE,
    LINE,
    MODEL,
    WAY,
    Acts,
    Daemon,
    GimpCanvas,
    HandleLine,
    Image,
    M,
    Settings,
    Strokes,
    client,
    errors,
    frame,
    fully,
    picture,
)

studio_module = load("studio")
connection_module = load("draggan_wire.workbench.connection")
test_log = load("test_log")
Facts = load("draggan_wire.workbench.diagnostics").Facts
Snapshot = load("draggan_wire.workbench.snapshot").Snapshot
Stroke = load("draggan_wire.workbench.strokes").Stroke
AT_2, AT_3 = picture((10, 20)), picture((10, 30))


class Started:
    """A daemon's process that was started, and lives."""

    def check(self) -> Any:
        return None


def decode_jpeg(data: bytes, width: int, height: int) -> bytes:
    return bytes(3 * width * height)


class Scene(Acts):
    """A studio for one image; the timer is the test's."""

    def __init__(self, document: Any = None, **settings: Any) -> None:
        self.document = document or FakeDocument()
        self.shown: list[Any] = []
        self.clock = Clock()
        strokes = Strokes()
        self.canvas = GimpCanvas(
            self.document,
            lambda image, crop: self.shown.append(image),
            strokes=strokes,
            rasterise=fully,
        )
        self.studio = studio_module.GimpStudio(
            self.document,
            self.canvas,
            strokes,
            Settings(**{"source": "layer", "region": "auto", **settings}),
            facts=Facts(plugin="9.9", host="GIMP 3.0.4"),
            locale="de_DE",
            thumbnail=lambda image: bytes(image.data[40 * 64 : 40 * 64 + 1]),
            miniature=lambda image: ("miniature", image),
            plugin_folder=Path("plugin"),
            jpeg=decode_jpeg,
            clock=self.clock,
        )
        self.told = 0
        self.studio.on_change(self._hear)

    def _hear(self) -> None:
        self.told += 1

    @property
    def daemon(self) -> Any:  # type: ignore[override]
        return self.studio._connection._client

    def connect(self) -> None:
        self.daemon.connect()
        self.poll()

    def poll(self) -> None:
        self.studio.tick()

    def place(self, *lines: Any) -> None:
        """What the pointer does in the picture."""
        self.studio.handles.replace(lines or (LINE,))
        self.studio.say("")

    def drag(self, step: int, image: Any) -> None:
        self.place()
        self.studio.drag_or_stop()
        self.open()
        self.end_drag(step, image)
        self.save(step)

    def message(self) -> str:
        return str(self.studio.edit.message)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The commands that were started."""
    commands: list[Any] = []

    def start(command: Any) -> Started:
        commands.append(command)
        return Started()

    monkeypatch.setattr(connection_module, "Client", Daemon)
    monkeypatch.setattr(connection_module, "find_command", lambda *a, **k: ["draggand"])
    monkeypatch.setattr(connection_module, "start_daemon", start)
    return commands


@pytest.fixture
def alone(started: list[Any]) -> Scene:
    """Nobody has answered yet."""
    return Scene()


@pytest.fixture
def scene(alone: Scene) -> Scene:
    alone.connect()
    return alone


# From the first look to OK.


def test_the_daemon_may_send_what_gimp_decodes(scene: Scene) -> None:
    assert scene.daemon.jpeg is decode_jpeg


def test_the_panel_sees_connection_models_and_edit(scene: Scene) -> None:
    now = Snapshot.of(scene.studio)
    assert now.connected and now.models == (MODEL,) and now.placing and now.document
    assert (now.edit.state, now.busy) == ("idle", False)
    assert scene.daemon.name == "gimp-plugin 9.9"
    assert scene.studio.words.language == "de"


def test_the_language_that_is_set_comes_before_gimps(scene: Scene) -> None:
    scene.studio.change(replace(scene.studio.settings, language="fr"))
    assert scene.studio.words.language == "fr"


def test_changes_are_told_and_only_changes(scene: Scene) -> None:
    before = scene.told
    scene.poll()
    assert scene.told == before
    scene.place()
    assert scene.told == before + 1


def test_from_the_button_to_the_layer(scene: Scene) -> None:
    scene.place()
    scene.studio.drag_or_stop()
    scene.open()
    assert scene.studio.busy and scene.studio.edit.state == "dragging"
    scene.answer(frame("preview", 2, AT_2), to=M.Drag)
    assert scene.studio.drawing.points == (WAY,) and scene.shown[-1] == AT_2
    assert scene.studio.thumbnail_steps() == (2,)
    scene.end_drag(3, AT_3)
    scene.save(3)
    assert scene.studio.thumbnail(3) == b"\x1e" and scene.studio.edit.state == "done"
    scene.studio.finish()
    assert scene.studio.ending and scene.studio.result is None
    scene.poll()
    scene.poll()
    assert scene.studio.result == RESULT and len(scene.document.inserted) == 1
    scene.studio.finish()
    scene.poll()
    assert len(scene.document.inserted) == 1
    scene.studio.close()
    assert not scene.daemon.open and scene.document.ended == 1


def test_ok_drags_first_and_says_so_by_dragging(scene: Scene) -> None:
    scene.place()
    scene.studio.finish()
    assert scene.studio.busy and scene.studio.ending
    assert scene.studio.dragged == (LINE,)


def test_a_press_of_stop_takes_ok_back(scene: Scene) -> None:
    scene.place()
    scene.studio.finish()
    scene.open()
    scene.studio.drag_or_stop()
    scene.end_drag(2, AT_2, reason="stopped")
    scene.save(2)
    scene.poll()
    assert not scene.studio.ending and scene.document.inserted == []


def test_steps_are_looked_at_and_kept(scene: Scene) -> None:
    scene.drag(3, AT_3)
    scene.studio.step_by(-1)
    scene.sought(2, AT_2)
    assert scene.studio.edit.step == 2 and scene.shown[-1] == AT_2
    scene.studio.keep_step()
    scene.sought(2, AT_2)
    assert scene.studio.kept == (2,)
    scene.studio.look(3)
    scene.sought(3, AT_3)
    assert scene.studio.edit.step == 3


def test_handles_are_selected_deleted_and_cleared(scene: Scene) -> None:
    scene.place(LINE, FURTHER)
    scene.studio.select_handle(0)
    scene.studio.delete_handle()
    assert scene.studio.handles.lines == (FURTHER,)
    scene.studio.clear_handles()
    assert scene.studio.handles.lines == ()


def test_handles_are_taken_from_a_path(scene: Scene) -> None:
    scene.studio.take_path()
    assert scene.message() == "The image has no path."
    scene.document.paths, scene.document.selected_path = {"smile": (LINE, FURTHER)}, "smile"
    scene.studio.take_path()
    assert scene.studio.handles.lines == (LINE, FURTHER)
    assert scene.message() == "Handles taken from the path: 2."


def test_tool_brush_and_paint_are_told(scene: Scene) -> None:
    before = scene.told
    scene.studio.use_tool("paint")
    scene.studio.set_brush(12.0)
    scene.studio.strokes.replace((Stroke(((5.0, 5.0),), 9.0),))
    scene.poll()
    assert (scene.studio.placing, scene.studio.brush, scene.studio.painted) == (False, 12.0, True)
    scene.studio.clear_painted()
    assert not scene.studio.painted and scene.told == before + 4


def test_what_the_pointer_could_not_do_is_said(scene: Scene) -> None:
    scene.studio.say("There are 64 handles already.")
    assert scene.message() == "There are 64 handles already."


def test_it_ticks_quickly_while_something_moves(scene: Scene) -> None:
    assert scene.studio.tick() == studio_module.LAZY
    scene.place()
    scene.studio.drag_or_stop()
    assert scene.studio.tick() == studio_module.QUICK < studio_module.LAZY


def test_what_was_dragged_is_remembered_as_it_began(scene: Scene) -> None:
    scene.drag(3, AT_3)
    assert scene.studio.handles.lines != (LINE,) and scene.studio.dragged == (LINE,)


# Connections.


def test_a_daemon_of_this_computer_is_started_once_and_unasked(
    alone: Scene, started: list[Any]
) -> None:
    alone.daemon.lose(GONE)
    alone.poll()
    assert started == [["draggand"]] and alone.studio.connection.state == "starting"
    alone.connect()
    assert alone.studio.connection.state == "connected"
    alone.daemon.lose(GONE)
    alone.poll()
    alone.poll()
    assert len(started) == 1 and alone.studio.connection.can_start
    alone.studio.start_daemon()
    assert len(started) == 2


def test_far_away_no_daemon_is_started(started: list[Any]) -> None:
    scene = Scene(address="tcp://far:1")
    scene.daemon.lose(GONE)
    scene.poll()
    assert started == [] and scene.studio.connection.state == "lost"


def test_where_none_is_installed_it_is_said(alone: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "find_command", lambda *a, **k: None)
    alone.daemon.lose(GONE)
    alone.poll()
    alone.poll()
    assert "installed" in alone.studio.connection.sentence


def test_garbage_as_an_address_is_words(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(address="garbage")
    scene.poll()
    connection = scene.studio.connection
    assert connection.state == "refused" and "'garbage'" in connection.sentence and connection.hint
    assert scene.studio.models == () and not connection.can_start
    scene.studio.start_daemon()
    for verb in ("drag_or_stop", "keep_step", "reopen", "finish", "take_path", "reconnect"):
        getattr(scene.studio, verb)()
    assert "could not do its part" not in scene.message()
    assert "connection" in scene.studio.report()
    monkeypatch.setattr(connection_module, "Client", Daemon)
    scene.studio.change(replace(scene.studio.settings, address=""))
    scene.connect()
    assert scene.studio.connection.state == "connected"
    scene.studio.close()


def test_garbage_that_is_entered_later_is_words_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.drag(3, AT_3)
    old = scene.daemon
    monkeypatch.setattr(connection_module, "Client", client.Client)
    scene.studio.change(replace(scene.studio.settings, address="garbage"))
    assert scene.studio.connection.state == "refused"
    assert wait_until(lambda: not old.open)
    scene.studio.drag_or_stop()
    assert [layer.image for layer in scene.canvas.layers()] == [AT_3]
    scene.studio.close()


def test_another_address_keeps_what_has_been_seen(scene: Scene) -> None:
    scene.drag(3, AT_3)
    old = scene.daemon
    scene.studio.change(replace(scene.studio.settings, address="tcp://far:1"))
    assert scene.daemon is not old and wait_until(lambda: not old.open)
    scene.connect()
    assert scene.studio.handles.lines and scene.studio.thumbnail_steps() == ()
    scene.studio.drag_or_stop()
    assert scene.daemon.said(M.Open)[0].image == AT_3


def test_a_daemon_that_goes_is_said_and_nothing_is_lost(scene: Scene) -> None:
    scene.drag(3, AT_3)
    scene.studio.drag_or_stop()
    scene.daemon.lose(GONE)
    scene.poll()
    scene.daemon.connect()  # another one, which knows nothing
    scene.poll()
    assert scene.message() == "The daemon is gone, and what was under way with it."
    assert [layer.image for layer in scene.canvas.layers()] == [AT_3]


def wait_until(true: Any) -> bool:
    """A thread's work."""
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(true())


# Opening ahead.


def test_the_picture_is_opened_ahead_once_for_each_choice(alone: Scene) -> None:
    alone.studio.change(replace(alone.studio.settings, region="whole"))
    assert alone.daemon.sent == []
    alone.connect()
    alone.poll()
    assert len(alone.daemon.said(M.Open)) == 1 and not alone.studio.busy
    alone.open()
    assert alone.studio.edit.hint == "The model has read the picture."
    alone.studio.change(replace(alone.studio.settings, steps=7))
    assert len(alone.daemon.said(M.Open)) == 1
    alone.studio.change(replace(alone.studio.settings, quality="best"))
    alone.poll()
    assert [each.quality for each in alone.daemon.said(M.Open)] == ["balanced", "best"]


def test_what_cannot_be_opened_ahead_is_tried_once(
    alone: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(alone.studio._edit, "warm", tried.append)
    alone.connect()
    alone.poll()
    alone.poll()
    assert len(tried) == 1


def test_another_daemon_opens_the_picture_ahead_as_well(scene: Scene) -> None:
    whole = replace(scene.studio.settings, region="whole")
    scene.studio.change(whole)
    scene.studio.change(replace(whole, address="tcp://far:1"))
    assert scene.daemon.sent == []
    scene.connect()
    assert len(scene.daemon.said(M.Open)) == 1


def test_another_turn_opens_the_picture_ahead_anew(scene: Scene) -> None:
    scene.studio.change(replace(scene.studio.settings, region="whole", angle=30.0))
    assert scene.daemon.said(M.Open)[-1].angle == 30.0


def test_how_the_model_sees_the_picture_is_made_small_once(scene: Scene) -> None:
    scene.studio.change(replace(scene.studio.settings, region="whole"))
    assert scene.studio.likeness is None
    seen = Image("rgb8", 1, 1, b"abc")
    likeness = M.Frame("s", 1, "likeness", 0, seen, (), (), ())
    scene.answer(M.Opened("s", "t", 64, 48), likeness, to=M.Open)
    assert scene.studio.likeness == ("miniature", seen)
    assert scene.studio.likeness is scene.studio.likeness


def test_pasting_in_another_way_shows_the_step_anew_and_tells_no_story(scene: Scene) -> None:
    scene.drag(3, AT_3)
    scene.studio.change(replace(scene.studio.settings, paste="all"))
    assert scene.daemon.said(M.Seek)[-1].paste == M.Pasting("all")
    scene.sought(3, AT_2)
    assert scene.shown[-1] == AT_2 and scene.canvas.step == 3
    (layer,) = scene.canvas.layers()
    assert layer.image == AT_2


def test_after_a_drag_nothing_is_opened_ahead(scene: Scene) -> None:
    scene.drag(3, AT_3)
    scene.studio.change(replace(scene.studio.settings, region="whole", quality="best"))
    assert len(scene.daemon.said(M.Open)) == 1


def test_an_image_that_is_closed_meanwhile_is_not_regretted_before_a_drag(alone: Scene) -> None:
    alone.studio.change(replace(alone.studio.settings, region="whole"))
    alone.document.closed = True
    alone.connect()
    assert alone.message() == "" and alone.daemon.said(M.Open) == []


def finished_document() -> FakeDocument:
    scene = Scene()
    scene.connect()
    scene.drag(3, AT_3)
    scene.studio.finish()
    scene.poll()
    scene.poll()
    return scene.document


@pytest.mark.usefixtures("started")
def test_while_an_edit_can_be_taken_up_nothing_is_opened_ahead() -> None:
    scene = Scene(finished_document(), region="whole", quality="fast", address="tcp://far:1")
    scene.connect()
    scene.poll()
    assert scene.studio.edit.can_reopen and scene.daemon.said(M.Open) == []
    scene.studio.reopen()
    assert scene.studio.settings.quality == "balanced"
    assert scene.studio.settings.address == "tcp://far:1"
    scene.bring_back(3, AT_3, picture())
    assert scene.studio.edit.step == 3 and not scene.studio.edit.can_reopen
    assert len(scene.daemon.said(M.Open)) == 1
    scene.studio.finish()
    scene.poll()
    assert scene.message() == "The image holds this step already."


# What goes wrong.


def test_a_listener_that_raises_stops_nothing(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError("a widget is gone")

    heard: list[str] = []
    scene.studio.on_change(fail)
    scene.studio.on_change(lambda: heard.append(scene.studio.edit.state))
    scene.drag(3, AT_3)
    assert heard[-1] == "done"
    assert "a widget is gone" in scene.studio.report()
    assert "a widget is gone" in capsys.readouterr().err


def test_a_listener_that_asks_for_something_is_no_endless_story(scene: Scene) -> None:
    scene.studio.on_change(lambda: scene.studio.use_tool("paint"))
    scene.place()
    assert scene.studio.tool == "paint"


@pytest.mark.parametrize("verb", ["drag_or_stop", "finish", "take_path"])
def test_what_gimp_raises_becomes_words(
    scene: Scene, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: Any) -> Any:
        raise OSError("the plug-in's pipe is broken")

    monkeypatch.setattr(scene.document, "read_layer", fail)
    monkeypatch.setattr(scene.document, "path_lines", fail)
    scene.place()
    getattr(scene.studio, verb)()
    assert scene.message().startswith("The plugin could not do its part: OSError")
    assert not scene.studio.ending and scene.studio.edit.hint
    assert "pipe is broken" in capsys.readouterr().err


def test_layers_that_gimp_breaks_over_are_words_and_can_be_tried_again(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.drag(3, AT_3)
    scene.document.broken = OSError("no swap")
    scene.studio.finish()
    scene.poll()
    assert "no swap" in scene.message() and not scene.studio.ending
    scene.document.broken = None
    scene.studio.finish()
    scene.poll()
    assert scene.studio.result == RESULT and "no swap" in capsys.readouterr().err


def test_a_layer_that_is_deleted_meanwhile_is_said(scene: Scene) -> None:
    scene.drag(3, AT_3)
    del scene.document.pictures[LAYER]
    scene.studio.drag_or_stop()
    assert scene.message() == "The layer has been deleted."
    assert len(scene.canvas.layers()) == 1


# Diagnostics.


def test_the_report_tells_what_helps_and_no_names(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise FileNotFoundError("/home/alice/pictures/holiday.xcf")

    scene.drag(3, AT_3)
    scene.studio.on_change(fail)
    address = "ssh://alice:secret@far"
    scene.studio.settings = replace(scene.studio.settings, address=address, quality="best")
    scene.poll()
    text = scene.studio.report()
    assert text.startswith("DragGAN for GIMP\n") and "GIMP 3.0.4" in text and "draggand 1.0" in text
    assert "64 x 48, RGB" in text and "critters" in text and "quality = best" in text
    assert "step 3 of 3" in text and "pictures/holiday.xcf" in text
    assert "alice" not in text and "secret" not in text
    assert str(Path.home()) + "/" not in text
    capsys.readouterr()


def test_the_report_is_bounded(scene: Scene) -> None:
    for n in range(300):
        scene.studio.refuse(errors.BadInput(f"No {n}.", hint="Less."))
        scene.poll()
    report = scene.studio.report()
    assert "No 299." in report and "No 200." not in report and len(report.splitlines()) < 60


def test_what_went_wrong_stands_in_the_report(scene: Scene) -> None:
    scene.place(HandleLine((5.0, 5.0), (500.0, 5.0)))
    scene.studio.drag_or_stop()
    assert "A handle lies outside the picture." in scene.studio.report()


# Nobody, and what host tests read.


def test_on_nobodys_line_nothing_comes_and_nothing_can_be_said() -> None:
    line = load("nobody").Nobody()
    assert line.welcome is None and line.poll() == []
    with pytest.raises(errors.NoDaemon):
        line.send(M.ListModels())
    line.drawn(frame("preview", 1, AT_2))
    line.close()


def test_events_are_told_only_where_a_test_has_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "log.jsonl"
    monkeypatch.delenv(test_log.VARIABLE, raising=False)
    test_log.tell("state", step=1)
    assert not file.exists()
    monkeypatch.setenv(test_log.VARIABLE, str(file))
    test_log.tell("state", step=1)
    test_log.tell("closed")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["what"] for line in lines] == ["state", "closed"]
    assert lines[0]["step"] == 1 and abs(lines[0]["at"] - time.time()) < 60


def test_a_refused_daemon_is_said(alone: Scene) -> None:
    refusal = errors.WrongProtocol("It speaks another language.", hint="Update it.")
    alone.daemon.lose(client.Refused(refusal))
    alone.poll()
    now = alone.studio.connection
    assert (now.state, now.sentence) == ("refused", "It speaks another language.")
    assert not now.can_start
