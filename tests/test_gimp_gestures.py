"""What presses, drags and releases in GIMP's picture area do, with each tool."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gimp_plugin import load

gestures = load("window.gestures")
history = load("window.history")
view = load("window.view")
handles = load("draggan_wire.workbench.handles")
strokes = load("draggan_wire.workbench.strokes")
Crop = load("draggan_wire.crop").Crop

ARROW = handles.HandleLine((100.0, 100.0), (200.0, 100.0))
PIN = handles.HandleLine((150.0, 50.0), (150.0, 50.0))


@pytest.fixture(autouse=True)
def _cairo() -> None:
    """Erasing looks at what is left of the paint."""
    with_cairo = load("window.cairo")
    try:
        with_cairo.load()
    except Exception:
        pytest.skip("libcairo is not installed")


class Area:
    """The picture at twice its size, without a widget; ways are in document points."""

    def __init__(self, *lines: Any, box: Any = None) -> None:
        self.handles, self.strokes = handles.HandleSet(), strokes.Strokes()
        self.handles.replace(lines)
        self.heard: list[str] = []
        self.viewport = view.Viewport()
        self.box = box or Crop(0, 0, 400, 300)
        self.viewport.show(self.box)
        self.viewport.resize(824, 624)
        self.history = history.History(self.handles, self.strokes)
        self.gestures = gestures.Gestures(
            self.handles, self.strokes, self.history, self.viewport, self.heard.append
        )
        self.gestures.box = self.box

    def drag(self, *way: tuple[float, float], whole: bool = False) -> None:
        places = [self.viewport.view.to_widget(point) for point in way]
        self.gestures.press(places[0], whole=whole)
        for place in places[1:]:
            self.gestures.move(place)
        self.gestures.release(places[-1])

    def double_click(self, point: tuple[float, float]) -> bool:
        place = self.viewport.view.to_widget(point)
        self.drag(point)
        self.gestures.press(place)
        fits = bool(self.gestures.double_press(place))
        self.gestures.release(place)
        return fits


def test_the_handles_tool_draws_arrows_and_puts_pins() -> None:
    area = Area()
    area.drag((100.0, 100.0), (150.0, 100.0), (200.0, 100.0))
    area.drag((150.0, 50.0))
    assert area.handles.lines == (ARROW, PIN)
    assert area.strokes.empty and not any(area.heard)


def test_handles_stay_inside_of_a_layer_on_all_its_sides() -> None:
    area = Area(box=Crop(100, 50, 200, 100))
    area.drag((150.0, 100.0), (0.0, 0.0))
    assert area.handles.lines[0].target == (100.0, 50.0)
    area.drag((150.0, 100.0), (999.0, 999.0))
    assert area.handles.lines[0].start == (300.0, 150.0)


def test_a_press_beside_the_layer_selects_nothing_and_puts_nothing() -> None:
    area = Area(ARROW, box=Crop(100, 50, 200, 100))
    area.handles.select(0)
    area.drag((50.0, 100.0), (150.0, 120.0))
    assert area.handles.lines == (ARROW,) and area.handles.selected is None


def test_the_brush_paints_and_the_eraser_takes_away() -> None:
    area = Area(ARROW)
    area.gestures.tool, area.gestures.brush = "paint", 12.0
    area.drag((100.0, 100.0), (200.0, 100.0))
    area.gestures.tool = "erase"
    area.drag((150.0, 80.0), (150.0, 120.0))
    assert [(stroke.radius, stroke.erase) for stroke in area.strokes.strokes] == [
        (12.0, False),
        (12.0, True),
    ]
    assert area.handles.lines == (ARROW,)


def test_when_all_paint_is_erased_nothing_counts_as_painted() -> None:
    area = Area()
    area.gestures.tool, area.gestures.brush = "paint", 10.0
    area.drag((100.0, 100.0), (120.0, 100.0))
    area.gestures.tool, area.gestures.brush = "erase", 30.0
    area.drag((100.0, 100.0), (130.0, 100.0))
    assert area.strokes.empty
    assert area.history.undo() and not area.strokes.empty


@pytest.mark.parametrize("tool", ["handles", "paint"])
def test_a_gesture_that_is_cancelled_leaves_nothing_behind(tool: str) -> None:
    area = Area(PIN)
    area.gestures.tool = tool
    area.gestures.press(area.viewport.view.to_widget((20.0, 20.0)))
    area.gestures.move(area.viewport.view.to_widget((80.0, 80.0)))
    assert area.gestures.active and area.gestures.cancel()
    assert area.handles.lines == (PIN,) and area.strokes.empty
    area.gestures.release(area.viewport.view.to_widget((90.0, 90.0)))
    assert not area.gestures.cancel() and not area.history.undo()


def test_a_double_click_on_nothing_takes_its_own_pin_away() -> None:
    area = Area(ARROW)
    assert area.double_click((50.0, 200.0))
    assert area.handles.lines == (ARROW,)


def test_a_double_click_on_a_handle_changes_nothing() -> None:
    area = Area(ARROW, PIN)
    assert not area.double_click((150.0, 50.0))
    assert not area.double_click((200.0, 100.0))
    assert area.handles.lines == (ARROW, PIN)


def test_a_double_click_beside_the_picture_is_on_nothing() -> None:
    area = Area(PIN, box=Crop(100, 50, 200, 100))
    assert area.double_click((20.0, 60.0))
    assert area.handles.lines == (PIN,)


def test_arrow_keys_move_a_target_or_a_pin_and_stop_at_the_edge() -> None:
    area = Area(ARROW, PIN)
    assert not area.gestures.nudge(1, 0), "nothing is selected"
    area.handles.select(0)
    assert area.gestures.nudge(1, -10)
    area.handles.select(1)
    assert area.gestures.nudge(-1, -999)
    assert area.handles.lines == (
        handles.HandleLine((100.0, 100.0), (201.0, 90.0)),
        handles.HandleLine((149.0, 0.0), (149.0, 0.0)),
    )
    assert area.history.undo() and area.handles.lines[1] == PIN


def test_nothing_changes_while_placing_is_off() -> None:
    area = Area(ARROW)
    area.handles.select(0)
    area.gestures.off = True
    area.drag((200.0, 100.0), (300.0, 100.0))
    area.gestures.nudge(5, 5)
    area.gestures.remove_selected()
    area.gestures.tool = "paint"
    area.drag((20.0, 20.0), (80.0, 80.0))
    assert area.handles.lines == (ARROW,) and area.strokes.empty and area.heard == []


def test_one_handle_too_many_is_refused_in_a_sentence_once() -> None:
    area = Area(*[ARROW] * 64)
    area.drag((20.0, 20.0), (80.0, 80.0))
    assert [sentence for sentence in area.heard if sentence] == [
        load("draggan_wire.workbench.gestures").FULL
    ]


def test_nudges_one_after_the_other_are_one_step_to_undo() -> None:
    area = Area(ARROW, PIN)
    area.handles.select(0)
    for _ in range(30):
        area.gestures.nudge(1, 0)
    assert area.handles.lines[0].target == (230.0, 100.0)
    area.handles.select(1)
    area.gestures.nudge(0, 5)
    assert area.history.undo() and area.handles.lines[0].target == (230.0, 100.0)
    assert area.history.undo() and area.handles.lines == (ARROW, PIN)
    assert area.history.redo() and area.handles.lines[0].target == (230.0, 100.0)


def test_paint_that_others_change_in_mid_stroke_stays_as_they_left_it() -> None:
    area = Area()
    area.gestures.tool = "paint"
    area.drag((50.0, 50.0), (90.0, 50.0))
    area.gestures.press(area.viewport.view.to_widget((50.0, 90.0)))
    area.strokes.clear()
    area.gestures.move(area.viewport.view.to_widget((90.0, 90.0)))
    area.gestures.cancel()
    assert area.strokes.empty
