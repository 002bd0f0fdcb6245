"""A document's edit in any editor: what is opened ahead, painted, noted and taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from draggan_wire.client import Lost
from draggan_wire.crop import Crop
from draggan_wire.errors import BadInput, NoDaemon
from draggan_wire.exchange import Exchange
from draggan_wire.messages import (
    Blob,
    Done,
    Drag,
    Envelope,
    Image,
    Open,
    Opened,
    Pasting,
    Ready,
    Save,
    Saved,
    Seek,
    State,
)
from draggan_wire.workbench import region
from draggan_wire.workbench.cut_off import AT_REGION
from draggan_wire.workbench.document_edit import DocumentEdit
from draggan_wire.workbench.handles import HandleLine
from draggan_wire.workbench.note import read_note, write_note
from draggan_wire.workbench.settings import Settings
from draggan_wire.workbench.strokes import Stroke
from draggan_wire.workbench.trace import Trace

from .edit_stage import RESULT, SOURCE, FakeCanvas, FakeClient, frame

LINE = HandleLine((1.0, 1.0), (5.0, 1.0))
PAINT = (Stroke(((2.0, 2.0), (3.0, 3.0)), 4.0),)
WHOLE = Crop(0, 0, 8, 8)


class Document:
    """Of 8 x 8 pixels, in memory."""

    size = (8, 8)

    def __init__(self) -> None:
        self.notes: list[bytes] = []

    def frame(self, layer: str) -> Crop:
        if layer:
            raise BadInput("The layer was deleted.")
        return Crop(0, 0, *self.size)

    def read_note(self) -> bytes:
        return self.notes[-1] if self.notes else b""

    def write_note(self, data: bytes) -> None:
        self.notes.append(data)

    def close(self) -> None:
        pass


class Canvas(FakeCanvas):
    """An editor's, as far as an edit needs it."""

    kept_words = "Step {step} lies in a drawer."
    pasted_words = "It lies in another drawer."
    looked_at = None
    layer = ""

    def __init__(self) -> None:
        super().__init__()
        self.dragging = self.pasted_anew = False
        self.crop, self.trace = WHOLE, Trace()
        self.opened: Any = None
        self.own_picture: Image | None = None
        self.step_of_layers = 0
        self.result_step: int | None = None
        self.step_now: Any = None
        self.see: Any = None

    def aim(self, settings: Settings, lines: Sequence[HandleLine]) -> int | None:
        self.handles = [(line.start, line.target) for line in lines]
        if self.opened is not None and self.opened.image == self.image:
            return 0
        self.aim_ahead(settings)
        return None

    def aim_ahead(self, settings: Settings) -> None:
        if settings.region == "auto":
            raise BadInput("There are no handles.")
        terms = region.Terms.of(settings)
        self.opened = region.Opened(region.Source(self.layer, WHOLE), terms, self.image)

    def adopt(self, opened: Any, trace: Trace, step: int) -> None:
        self.opened, self.trace = opened, trace

    def await_reopening(self, source: Any, terms: Any, trace: Trace, picture: Image | None) -> None:
        self.trace = trace
        self.opened = region.Opened(source, terms, picture or self.image)

    def show_preview(self, image: Image) -> None:
        super().show_preview(image)
        self.see(image, self.step_now())

    def add_result(self, image: Image, name: str, changed: Image | None) -> None:
        super().add_result(image, name, changed)
        self.result_step = self.step_of_layers = self.step_now()
        self.trace = Trace("group", (("layer", self.result_step),))

    def forget(self) -> None:
        self.opened = None

    def settle(self, *, at_work: bool) -> None:
        pass


class Stage:
    """An edit between a scripted daemon and a canvas in memory."""

    def __init__(self, document: Document | None = None) -> None:
        self.daemon, self.canvas = FakeClient(), Canvas()
        self.document = document or Document()
        self.exchange = Exchange(self.daemon)
        line = self.exchange.line()
        self.edit = DocumentEdit(self.document, self.canvas, line, lambda image: "small")
        self.settings = Settings(region="whole")
        self.daemon.connect()
        self.poll()

    def poll(self) -> None:
        self.exchange.poll()
        self.edit.poll()

    def answer(self, *messages: Any, to: type[Any]) -> None:
        self.daemon.say(*messages, to=to)
        self.poll()

    def opened(self) -> None:
        self.answer(Opened("s", "t", 8, 8), Ready("s", 31.0, "Good."), to=Open)
        self.answer(Saved("s", Blob(b"saved at 0"), 0), to=Save)

    def drag(self, cut: tuple[str, ...] = ()) -> None:
        """From the press of Drag to the result of step 3."""
        self.edit.handles.replace([LINE])
        self.edit.drag_or_stop(self.settings)
        if not self.daemon.said(Drag):
            self.opened()
        result = replace(frame("result", 3), cut=cut)
        self.answer(result, Done("s", "reached", 3, 9.0, ()), to=Drag)
        self.daemon.events.append(Envelope(State("s", "idle")))
        self.poll()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_picture_is_opened_while_the_user_draws(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    assert stage.edit.preparing and not stage.edit.busy and stage.edit.view().state == "opening"
    stage.opened()
    view = stage.edit.view()
    told = (view.state, view.message, view.hint)
    assert told == ("idle", "", "The model has read the picture.")
    assert view.fit == "Good."
    stage.drag()
    assert len(stage.daemon.said(Open)) == 1 and stage.canvas.results


def test_a_press_in_the_middle_of_it_is_a_drag_and_no_stop(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    stage.drag()
    assert len(stage.daemon.said(Open)) == 1 and stage.canvas.results


def test_what_depends_on_handles_is_not_opened_ahead_and_nobody_is_told(stage: Stage) -> None:
    stage.edit.warm(Settings(region="auto"))
    assert stage.daemon.sent == [] and stage.edit.view().message == ""


def test_other_settings_open_anew(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    stage.edit.warm(Settings(region="whole", quality="fast"))
    assert [opening.quality for opening in stage.daemon.said(Open)] == ["balanced", "fast"]


def test_once_something_was_dragged_nothing_is_opened_ahead(stage: Stage) -> None:
    stage.drag()
    stage.edit.warm(Settings(region="whole", quality="fast"))
    assert len(stage.daemon.said(Open)) == 1


def test_a_daemon_that_goes_while_nobody_has_asked_for_anything_is_not_regretted(
    stage: Stage,
) -> None:
    stage.edit.warm(stage.settings)
    stage.answer(Opened("s", "t", 8, 8), to=Open)
    stage.daemon.lose(Lost(NoDaemon("Gone.", hint="Wait.")))
    stage.poll()
    stage.daemon.connect()  # another one, which does not know the session
    stage.poll()
    view = stage.edit.view()
    assert (view.state, view.message, view.hint) == ("idle", "", "")


def test_what_is_painted_goes_with_the_note_into_the_document(stage: Stage) -> None:
    stage.edit.strokes.replace(PAINT)
    stage.drag()
    assert stage.document.notes == []  # what is saved of the newest step is still to come
    stage.answer(Saved("s", Blob(b"saved at 3"), 3), to=Save)
    note = read_note(stage.document.notes[0])
    assert (note.strokes, note.step, note.data) == (PAINT, 3, b"saved at 3")


def test_a_note_tells_what_reopening_needs(stage: Stage) -> None:
    assert stage.edit.note(Trace(), 0) is None
    stage.edit.strokes.replace(PAINT)
    stage.drag()
    note = stage.edit.note(Trace("mine", (("top", 3),)), 3)
    assert note is not None and note.trace.group == "mine" and note.step == 3
    assert (note.strokes, note.form, note.data) == (PAINT, SOURCE.format, b"saved at 0")


def test_the_models_own_picture_is_shown_while_it_looks_and_afterwards(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    stage.answer(Opened("s", "t", 8, 8), frame("likeness", 0, RESULT), to=Open)
    view = stage.edit.view()
    assert (view.state, view.likeness, view.fit) == ("opening", RESULT, "")
    stage.answer(Ready("s", 31.0, "close", final=False), to=Open)
    stage.answer(Saved("s", Blob(b"saved at 0"), 0), to=Save)
    view = stage.edit.view()
    assert (view.state, view.likeness, view.fit) == ("idle", RESULT, "close")
    assert view.hint == "The picture can be dragged; the model goes on learning its details."


def test_what_is_to_know_of_the_picture_is_in_sight_from_its_opening_on(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    stage.answer(Opened("s", "t", 8, 8), Ready("s", 31.0, notes=("It has holes.",)), to=Open)
    assert stage.edit.view().notes == ("It has holes.",)
    stage.answer(Saved("s", Blob(b"saved at 0"), 0), to=Save)
    stage.drag()
    assert (stage.edit.view().state, stage.edit.view().notes) == ("done", ("It has holes.",))


@pytest.mark.parametrize(
    ("size", "layer", "notes"),
    [((9, 8), "", (AT_REGION,)), ((8, 8), "", ()), ((9, 8), "gone", ())],
)
def test_what_moves_and_is_cut_off_is_told_of_the_step_that_is_on_show(
    stage: Stage, size: tuple[int, int], layer: str, notes: tuple[str, ...]
) -> None:
    stage.document.size = size
    stage.canvas.layer = layer
    stage.drag(cut=("right",))
    assert (stage.edit.view().state, stage.edit.view().notes) == ("done", notes)
    stage.answer(Saved("s", Blob(b"saved at 3"), 3), to=Save)
    stage.edit.look(0)
    stage.answer(frame("result", 0), to=Seek)
    assert stage.edit.view().notes == ()


def test_a_drag_pastes_and_turns_as_the_settings_say(stage: Stage) -> None:
    stage.settings = Settings(region="whole", paste="all", seam=True, angle=20.0)
    stage.drag()
    assert stage.daemon.said(Open)[0].angle == 20.0
    assert stage.daemon.said(Drag)[0].paste == Pasting("all", seam=True)
    assert stage.edit.drawing(show_box=True).turn == 20.0
    note = stage.edit.note(Trace(), 3)
    assert note is not None
    assert (note.paste, note.terms.angle) == (Pasting("all", seam=True), 20.0)


def test_where_the_document_goes_on_beyond_the_crop_is_told_with_each_way_to_paste(
    stage: Stage,
) -> None:
    stage.document.size = (2 * stage.canvas.crop.width + 1, stage.canvas.crop.height)
    stage.drag()
    sides = stage.daemon.said(Drag)[0].paste.goes_on
    assert sides and set(sides) <= {"left", "right"}
    stage.answer(Saved("s", Blob(b"saved at 3"), 3), to=Save)
    stage.edit.paste(Pasting("all"))
    assert stage.daemon.said(Seek)[-1].paste == Pasting("all", goes_on=sides)
    note = stage.edit.note(Trace(), 3)
    assert note is not None and note.paste == Pasting("all")


def test_another_way_to_paste_shows_the_present_step_anew(stage: Stage) -> None:
    stage.drag()
    stage.answer(Saved("s", Blob(b"saved at 3"), 3), to=Save)
    stage.edit.paste(Pasting())
    assert stage.daemon.said(Seek) == [] and not stage.canvas.pasted_anew
    stage.edit.paste(Pasting("all"))
    assert stage.canvas.pasted_anew and stage.edit.view().message == "It lies in another drawer."
    assert stage.daemon.said(Seek)[-1] == Seek("s", 3, paste=Pasting("all"))
    stage.answer(frame("sought", 3, RESULT), to=Seek)
    assert stage.canvas.preview == RESULT
    stage.edit.drag_or_stop(stage.settings)
    assert not stage.canvas.pasted_anew and stage.daemon.said(Drag)[-1].paste == Pasting()


def test_another_way_to_paste_waits_for_the_drags_end(stage: Stage) -> None:
    stage.edit.handles.replace([LINE])
    stage.edit.drag_or_stop(stage.settings)
    stage.opened()
    stage.edit.paste(Pasting("all"))
    stage.poll()
    assert stage.edit.busy and not stage.canvas.pasted_anew
    stage.answer(frame("result", 3), Done("s", "reached", 3, 9.0, ()), to=Drag)
    stage.answer(Saved("s", Blob(b"saved at 3"), 3), to=Save)
    assert stage.daemon.said(Seek)[-1] == Seek("s", 3, paste=Pasting("all"))


def test_before_anything_was_dragged_nothing_is_shown_anew(stage: Stage) -> None:
    stage.edit.paste(Pasting("all"))
    stage.edit.warm(stage.settings)
    stage.opened()
    stage.edit.paste(Pasting())
    assert stage.daemon.said(Seek) == [] and not stage.canvas.pasted_anew


def test_an_edit_is_taken_up_with_its_way_to_paste(stage: Stage) -> None:
    stage.settings = Settings(region="whole", paste="all", detail=False, angle=-5.0)
    stage.drag()
    note = stage.edit.note(Trace("mine", (("top", 3),)), 3)
    assert note is not None
    document = Document()
    document.write_note(write_note(note))
    settings = (other := Stage(document)).edit.reopen(Settings(seam=True))
    assert settings.pasting() == Pasting("all", detail=False) and settings.angle == -5.0
    other.edit.paste(settings.pasting())
    assert not other.canvas.pasted_anew


@pytest.mark.parametrize("changed", [False, True])
def test_a_picture_that_has_changed_since_is_told_of(stage: Stage, changed: bool) -> None:
    stage.drag()
    note = stage.edit.note(Trace("mine", (("top", 3),)), 3)
    assert note is not None
    document = Document()
    document.write_note(write_note(note))
    other = Stage(document)
    other.canvas.image = RESULT if changed else SOURCE
    other.edit.reopen(other.settings)
    other.answer(
        Opened("t", "k", 8, 8), frame("result", 3), Ready("t", 31.0, "close", 3, 3), to=Open
    )
    message = other.edit.view().message
    assert message.startswith("The picture has changed" if changed else "The edit is open again.")


def test_painting_makes_up_for_a_refusal(stage: Stage) -> None:
    stage.edit.refuse(BadInput("Nothing there may move.", hint="Paint."))
    stage.poll()
    assert stage.edit.view().message == "Nothing there may move."
    stage.edit.strokes.replace(PAINT)
    stage.poll()
    assert stage.edit.view().message == ""


def test_a_kept_step_is_told_in_the_editors_words(stage: Stage) -> None:
    stage.edit._keep(frame("sought", 4, RESULT))
    assert stage.edit.view().message == "Step 4 lies in a drawer."


def test_strokes_of_the_plugins_own_are_used(stage: Stage) -> None:
    own = type(stage.edit.strokes)()
    line = stage.exchange.line()
    edit = DocumentEdit(Document(), Canvas(), line, lambda image: None, strokes=own)
    assert edit.strokes is own


def test_an_edit_that_is_taken_up_again_brings_its_paint_back(stage: Stage) -> None:
    stage.edit.strokes.replace(PAINT)
    stage.drag()
    note = stage.edit.note(Trace("mine", (("top", 3),)), 3)
    assert note is not None
    document = Document()
    document.write_note(write_note(note))
    other = Stage(document)
    assert other.edit.can_reopen
    other.edit.reopen(other.settings)
    assert other.edit.strokes.strokes == PAINT
    opening = other.daemon.said(Open)[0]
    assert opening.saved == Blob(b"saved at 0") and opening.image == SOURCE


def test_a_picture_that_the_document_does_not_hold_apart_is_noted(stage: Stage) -> None:
    stage.drag()
    stage.canvas.own_picture = SOURCE
    note = stage.edit.note(Trace("mine", (("top", 3),)), 3)
    assert note is not None and note.picture == SOURCE
    document = Document()
    document.write_note(write_note(note))
    other = Stage(document)
    other.canvas.image = RESULT  # what the document shows
    other.edit.reopen(other.settings)
    assert other.canvas.opened.image == SOURCE
