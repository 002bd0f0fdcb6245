"""What the dialog's preview and the image show: source, results so far, step, selection; no Gtk."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.fake_gimp_document import LAYER, OTHER, Crop, FakeDocument, Image
from tests.gimp_plugin import load
from tests.gimp_stage import HEIGHT, WIDTH, M, Settings, picture

showing_module = load("window.showing")
NewLayer = load("canvas").NewLayer
errors = load("draggan_wire.errors")
WHOLE = Crop(0, 0, WIDTH, HEIGHT)


class Area:
    """Stands for the widget: remembers what it is to show."""

    def __init__(self) -> None:
        self.tool, self.brush, self.busy = "", 0.0, False
        self.bases: list[Any] = []
        self.step: Any = None
        self.drawing: Any = None
        self.selection: Any = None

    def show_base(self, screen: Any, box: Any) -> None:
        self.bases.append((screen, box))

    def show_step(self, screen: Any, crop: Any) -> None:
        self.step = (screen, crop)

    def show_drawing(self, drawing: Any) -> None:
        self.drawing = drawing

    def show_selection(self, mask: Any, crop: Any) -> None:
        self.selection = (mask, crop)


class Scene:
    """A preview of one image; studio and canvas are only what it reads of them."""

    def __init__(self, document: Any = None, **settings: Any) -> None:
        self.document = document or FakeDocument()
        self.area = Area()
        self.refused: list[str] = []
        self.showing = showing_module.Showing(
            self.document, self.area, lambda error: self.refused.append(error.sentence)
        )
        self.studio = SimpleNamespace(
            settings=Settings(**{"source": "layer", **settings}),
            tool="paint",
            brush=7.0,
            busy=False,
            ending=False,
            painted=False,
            drawing="what is drawn",
        )
        self.canvas = load("canvas").GimpCanvas(self.document)

    def change(self, **settings: Any) -> None:
        values = {**vars(self.studio.settings), **settings}
        self.studio.settings = Settings(**values)
        self.follow()

    def follow(self) -> None:
        self.showing.follow(self.studio, self.canvas)

    def lay(self, layer: Any) -> None:
        self.canvas._beneath = (*self.canvas._beneath, layer)


def result(row: int, grey: int, crop: Any = WHOLE) -> Any:
    """A layer whose one row, of the crop, has changed to a grey."""
    marks = bytearray(crop.width * crop.height)
    marks[row * crop.width : (row + 1) * crop.width] = b"\xff" * crop.width
    image = picture((row, grey), size=(crop.width, crop.height))
    changed = Image("gray8", crop.width, crop.height, bytes(marks))
    return NewLayer("older", image, crop, changed)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_area_follows_the_studio(scene: Scene) -> None:
    scene.follow()
    assert (scene.area.tool, scene.area.brush, scene.area.busy) == ("paint", 7.0, False)
    assert scene.area.drawing == "what is drawn"
    scene.studio.ending = True
    scene.follow()
    assert scene.area.busy
    scene.studio.ending, scene.studio.busy = False, True
    scene.follow()
    assert scene.area.busy


def test_the_source_is_read_once_for_each_choice(scene: Scene) -> None:
    scene.follow()
    scene.follow()
    ((screen, box),) = scene.area.bases
    assert screen.data == picture().data and box == WHOLE
    scene.change(source="visible")
    assert len(scene.area.bases) == 2


def test_what_has_changed_in_gimp_is_seen_when_one_looks_again(scene: Scene) -> None:
    scene.follow()
    scene.document.paint((0, 3, WIDTH, 4), 9)
    scene.showing.look_again(scene.studio, scene.canvas)
    assert scene.area.bases[-1][0].data == picture((3, 9)).data


def test_a_large_source_is_shown_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing_module, "LONGEST", 32)
    scene = Scene()
    scene.follow()
    ((screen, box),) = scene.area.bases
    assert (screen.width, screen.height) == (32, 24) and box == WHOLE


def test_a_layer_that_covers_a_part_is_shown_there() -> None:
    scene = Scene(FakeDocument(frame=Crop(10, 20, 30, 20)))
    scene.follow()
    assert scene.area.bases[-1][1] == Crop(10, 20, 30, 20)
    scene.change(source="visible")
    assert scene.area.bases[-1][1] == WHOLE


def test_results_of_edits_that_are_over_lie_on_the_source(scene: Scene) -> None:
    scene.follow()
    scene.lay(result(5, 40))
    scene.follow()
    assert scene.area.bases[-1][0].data == picture((5, 40)).data
    part = Crop(10, 0, 20, HEIGHT)
    scene.lay(result(6, 60, part))
    scene.follow()
    rows = scene.area.bases[-1][0].data
    row = rows[6 * WIDTH * 4 : 7 * WIDTH * 4]
    assert row[:40:4] == b"\x80" * 10 and row[40:120:4] == b"\x3c" * 20
    assert len(scene.area.bases) == 3


@pytest.mark.parametrize("longest", [64, 32])
def test_they_lie_on_one_that_is_too_large_to_be_sent_as_well(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    monkeypatch.setattr(showing_module, "LONGEST", longest)
    scene.document.bytes_per_pixel = 1 << 20
    scene.lay(result(5, 40))
    scene.lay(result(4, 90, Crop(0, 1, WIDTH, 30)))
    scene.follow()
    assert scene.refused == []
    screen, box = scene.area.bases[-1]
    assert screen.width == longest and box == WHOLE
    scale = WIDTH // longest
    greys = [screen.data[y * 4 * longest] for y in range(screen.height)]
    assert [grey for y, grey in enumerate(greys) if grey != 0x80] == [90]
    assert greys[5 // scale] == 90


def test_another_layer_to_work_on_is_shown(scene: Scene) -> None:
    scene.document.add(OTHER, 3)
    scene.document.layer = OTHER
    scene.follow()
    scene.document.work_on(LAYER)
    scene.follow()
    assert [screen.data[0] for screen, _ in scene.area.bases] == [3, 0x80]


# What may not move.


def test_what_is_not_selected_is_dimmed(scene: Scene) -> None:
    scene.document.selected_box = (0, 0, 30, 10)
    scene.follow()
    mask, crop = scene.area.selection
    assert sum(mask) == 255 * 300 and crop == WHOLE


def test_it_is_not_where_all_may_move_or_paint_says_what_may(scene: Scene) -> None:
    scene.document.selected_box = (0, 0, 30, 10)
    scene.follow()
    scene.change(mask="none")
    assert scene.area.selection == (None, WHOLE)
    scene.change(mask="selection")
    assert scene.area.selection[0] is not None
    scene.studio.painted = True
    scene.follow()
    assert scene.area.selection == (None, WHOLE)
    scene.studio.painted = False
    scene.follow()
    assert scene.area.selection[0] is not None


def test_without_a_selection_nothing_is_dimmed(scene: Scene) -> None:
    scene.follow()
    assert scene.area.selection == (None, WHOLE)


def test_a_selection_on_an_enormous_image_is_no_trouble(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.document.selected_box = (0, 0, 30, 10)
    monkeypatch.setattr(showing_module, "can_be_sent", lambda crop, size: False)
    scene.follow()
    assert scene.area.selection == (None, WHOLE) and scene.refused == []


# Steps.


def test_a_step_is_shown_and_taken_away(scene: Scene) -> None:
    step = picture((3, 9))
    scene.showing.show(step, WHOLE)
    assert scene.area.step[0].data == step.data and scene.area.step[1] == WHOLE
    scene.showing.show(None, WHOLE)
    assert scene.area.step == (None, WHOLE)
    assert scene.document.shown_live == []


def test_steps_are_shown_in_the_image_while_that_is_wanted(scene: Scene) -> None:
    step = picture((3, 9))
    scene.showing.show(step, WHOLE)
    scene.change(live=True)
    assert scene.document.shown_live == [(step, WHOLE)]
    scene.showing.show(picture((3, 8)), WHOLE)
    assert len(scene.document.shown_live) == 2
    scene.showing.show(picture(size=(16, 12)), WHOLE)  # a smaller preview: the last one stays
    assert len(scene.document.shown_live) == 2
    scene.change(live=False)
    assert scene.document.shown_live == []


def test_no_step_to_show_means_none_in_the_image(scene: Scene) -> None:
    scene.change(live=True)
    scene.showing.show(picture((3, 9)), WHOLE)
    scene.showing.show(None, WHOLE)
    assert scene.document.shown_live == []


def test_at_the_end_the_image_shows_none_of_it(scene: Scene) -> None:
    scene.change(live=True)
    scene.showing.show(picture((3, 9)), WHOLE)
    scene.showing.end()
    assert scene.document.shown_live == []


def test_an_image_that_cannot_show_steps_is_said_and_the_preview_goes_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(image: Any, crop: Any) -> None:
        raise errors.LimitExceeded("It is too large.", hint="Scale it.")

    monkeypatch.setattr(scene.document, "show_live", fail)
    scene.change(live=True)
    scene.showing.show(picture((3, 9)), WHOLE)
    assert scene.refused == ["It is too large."] and scene.area.step[0] is not None


# What goes wrong.


@pytest.mark.parametrize("what", ["closed", "deleted"])
def test_an_image_or_layer_that_is_gone_is_said_once(scene: Scene, what: str) -> None:
    scene.follow()
    scene.document.closed = what == "closed"
    if what == "deleted":
        del scene.document.pictures[LAYER]
    scene.follow()
    assert scene.refused == []
    scene.showing.look_again(scene.studio, scene.canvas)
    scene.follow()
    assert len(scene.refused) == 1 and what in scene.refused[0]
    assert len(scene.area.bases) == 1


def test_messages_are_of_the_plugins_own_wire() -> None:
    assert M.Image is Image
