"""A pen whose presses come as mouse presses too, in whatever order, acts once."""

from __future__ import annotations

from typing import Any

from tests.krita_plugin import load

pointer = load("pointer")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def with_clock() -> tuple[Any, Clock]:
    clock = Clock()
    return pointer.Pointer(clock), clock


def test_a_mouse_alone_acts() -> None:
    found, _ = with_clock()
    assert found.press("mouse")
    assert found.moves("mouse") and found.holds("mouse") and found.down
    assert found.release("mouse")
    assert not found.down


def test_the_mouse_press_that_follows_a_pens_does_nothing() -> None:
    found, _ = with_clock()
    assert found.press("pen")
    assert not found.press("mouse")
    assert found.holds("mouse") and not found.moves("mouse")
    assert found.moves("pen")
    assert found.release("pen")
    assert found.holds("mouse"), "its release is still to come, and is an echo too"
    assert not found.release("mouse")
    assert not found.down


def test_a_mouse_press_that_came_before_its_pens_is_handed_over() -> None:
    found, _ = with_clock()
    assert found.press("mouse")
    assert not found.press("pen"), "the gesture has begun already"
    assert found.moves("pen") and not found.moves("mouse")
    assert not found.release("mouse")
    assert found.release("pen")
    assert not found.down


def test_a_mouse_click_right_after_the_pen_was_lifted_is_its_echo() -> None:
    found, clock = with_clock()
    found.press("pen")
    found.release("pen")
    clock.now += pointer.ECHO_SECONDS / 2
    assert not found.press("mouse")
    assert found.down
    assert not found.release("mouse")
    clock.now += pointer.ECHO_SECONDS
    assert found.press("mouse")


def test_a_lost_release_does_not_hold_the_mouse_for_ever() -> None:
    found, clock = with_clock()
    found.press("pen")
    found.press("mouse")
    found.release("pen")
    clock.now += 1.0
    assert found.press("mouse")
    assert found.release("mouse")
    assert not found.down
    found.press("pen")
    found.forget()
    assert not found.down
