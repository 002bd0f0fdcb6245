"""Presses, drags and releases on the canvas, as handles."""

from __future__ import annotations

from typing import Any

import pytest
from draggan_wire.messages import MAX_HANDLES
from draggan_wire.workbench import gestures, handles

HandleLine, HandleSet, Grip = handles.HandleLine, handles.HandleSet, handles.Grip

REACH = 10.0
ARROW = HandleLine((20.0, 20.0), (60.0, 20.0))
PIN = HandleLine((80.0, 80.0), (80.0, 80.0))


def placing_with(*lines: object, limits: tuple[int, int] = (200, 100), **options: Any) -> Any:
    found = HandleSet()
    found.replace(lines)
    return gestures.Placing(found, lambda: limits, **options)


def drag(
    placing: Any, *way: tuple[float, float], reach: float = REACH, whole: bool = False
) -> None:
    placing.press(way[0], reach, whole=whole)
    for point in way[1:]:
        placing.move(point)
    placing.release(way[-1])


def test_a_drag_on_nothing_draws_an_arrow_from_press_to_release() -> None:
    placing = placing_with()
    drag(placing, (10.0, 10.0), (15.0, 12.0), (90.5, 40.25))
    assert placing.handles.lines == (HandleLine((10.0, 10.0), (90.5, 40.25)),)
    assert placing.handles.selected == 0
    assert not placing.active


def test_a_click_on_nothing_puts_a_pin() -> None:
    placing = placing_with()
    drag(placing, (10.0, 10.0), (12.0, 12.0))
    assert placing.handles.lines == (HandleLine((10.0, 10.0), (10.0, 10.0)),)


@pytest.mark.parametrize("scale", [0.25, 1.0, 8.0])
def test_how_far_a_click_may_slip_is_the_same_on_the_screen_at_every_zoom(scale: float) -> None:
    for pixels, pinned in ((3.5, True), (4.5, False)):
        placing = placing_with()
        drag(placing, (50.0, 50.0), (50.0 + pixels / scale, 50.0), reach=REACH / scale)
        assert placing.handles.lines[0].pinned is pinned


def test_an_arrow_is_seen_growing_while_it_is_drawn() -> None:
    placing = placing_with()
    placing.press((10.0, 10.0), REACH)
    assert placing.active
    assert placing.handles.lines[0].pinned
    placing.move((40.0, 10.0))
    assert placing.handles.lines[0].target == (40.0, 10.0)


def test_going_back_to_where_it_began_makes_a_pin_of_an_arrow() -> None:
    placing = placing_with()
    drag(placing, (10.0, 10.0), (40.0, 10.0), (11.0, 10.0))
    assert placing.handles.lines == (HandleLine((10.0, 10.0), (10.0, 10.0)),)


def test_a_click_on_a_grip_selects_and_moves_nothing() -> None:
    placing = placing_with(ARROW, PIN)
    drag(placing, (63.0, 20.0), (64.0, 21.0))
    assert placing.handles.selected == 0
    assert placing.handles.lines == (ARROW, PIN)


def test_a_grip_is_moved_without_a_jump_to_the_pointer() -> None:
    placing = placing_with(ARROW)
    drag(placing, (63.0, 21.0), (93.0, 41.0))
    assert placing.handles.lines == (HandleLine((20.0, 20.0), (90.0, 40.0)),)
    drag(placing, (20.0, 20.0), (30.0, 50.0))
    assert placing.handles.lines == (HandleLine((30.0, 50.0), (90.0, 40.0)),)


def test_a_start_that_crosses_its_target_does_not_take_it_along() -> None:
    placing = placing_with(ARROW)
    drag(placing, (20.0, 20.0), (60.0, 20.0), (70.0, 30.0))
    assert placing.handles.lines == (HandleLine((70.0, 30.0), (60.0, 20.0)),)


def test_a_pins_target_is_pulled_out_of_it() -> None:
    placing = placing_with(PIN)
    drag(placing, (80.0, 80.0), (90.0, 60.0))
    assert placing.handles.lines == (HandleLine((80.0, 80.0), (90.0, 60.0)),)


def test_with_shift_a_pin_moves_as_a_whole() -> None:
    placing = placing_with(PIN)
    drag(placing, (80.0, 80.0), (90.0, 60.0), whole=True)
    assert placing.handles.lines == (HandleLine((90.0, 60.0), (90.0, 60.0)),)


def test_all_points_stay_inside_of_the_document() -> None:
    placing = placing_with()
    drag(placing, (-5.0, 50.0), (300.0, 150.0))
    assert placing.handles.lines == (HandleLine((0.0, 50.0), (200.0, 100.0)),)


def test_a_click_beside_the_picture_selects_nothing() -> None:
    placing = placing_with(ARROW)
    placing.handles.select(0)
    drag(placing, (250.0, 50.0), (150.0, 50.0))
    assert placing.handles.lines == (ARROW,)
    assert placing.handles.selected is None


def test_without_a_document_nothing_is_placed() -> None:
    placing = placing_with(limits=(0, 0))
    drag(placing, (0.0, 0.0), (0.0, 0.0))
    assert placing.handles.lines == ()


@pytest.mark.parametrize("way", [[(10.0, 90.0), (40.0, 90.0)], [(60.0, 20.0), (90.0, 50.0)]])
def test_a_gesture_that_is_cancelled_leaves_no_trace(way: list[tuple[float, float]]) -> None:
    placing = placing_with(ARROW, PIN)
    placing.handles.select(1)
    placing.press(way[0], REACH)
    placing.move(way[1])
    assert placing.cancel()
    placing.move((5.0, 5.0))
    placing.release((5.0, 5.0))
    assert placing.handles.lines == (ARROW, PIN)
    assert placing.handles.selected == 1
    assert not placing.cancel()


def test_handles_that_others_change_in_mid_gesture_end_it() -> None:
    placing = placing_with(ARROW)
    placing.press((60.0, 20.0), REACH)
    placing.handles.clear()
    placing.move((90.0, 50.0))
    assert not placing.active
    assert not placing.cancel()
    assert placing.handles.lines == ()


def test_one_handle_too_many_is_refused_in_a_sentence() -> None:
    heard: list[str] = []
    placing = placing_with(*[ARROW] * MAX_HANDLES, refuse=heard.append)
    drag(placing, (150.0, 90.0), (170.0, 90.0))
    assert len(placing.handles.lines) == MAX_HANDLES
    assert heard == [gestures.FULL]
    drag(placing, (60.0, 20.0), (90.0, 20.0))
    assert heard == [gestures.FULL], "those that are there still move"
    assert placing.handles.lines[-1].target == (90.0, 20.0)


def test_what_a_press_would_take_is_known_beforehand_and_kept_while_it_lasts() -> None:
    placing = placing_with(ARROW)
    assert placing.hover((62.0, 20.0), REACH) == Grip(0, "target")
    assert placing.hover((100.0, 90.0), REACH) is None
    placing.press((60.0, 20.0), REACH)
    placing.move((100.0, 90.0))
    assert placing.hover((150.0, 10.0), REACH) == Grip(0, "target")
