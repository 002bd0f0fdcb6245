"""The handles that a painter has put on a document."""

from __future__ import annotations

import pytest
from draggan_wire.messages import MAX_HANDLES
from draggan_wire.workbench import handles

HandleLine, HandleSet, Grip = handles.HandleLine, handles.HandleSet, handles.Grip

ARROW = HandleLine((10.0, 20.0), (50.0, 20.0))
PIN = HandleLine((80.0, 20.0), (80.0, 20.0))


def with_lines(*lines: object) -> HandleSet:
    found = HandleSet()
    found.replace(lines)
    return found


def test_a_line_without_length_is_a_pin() -> None:
    assert PIN.pinned
    assert not ARROW.pinned


def test_a_new_handle_is_the_selected_one() -> None:
    found = with_lines(ARROW)
    assert found.add(PIN) == 1
    assert found.selected == 1
    assert found.lines == (ARROW, PIN)


def test_every_change_counts_and_nothing_else_does() -> None:
    found = HandleSet()
    seen = [found.revision]
    for change in (
        lambda: found.add(ARROW),
        lambda: found.move_start(0, (1.0, 2.0)),
        lambda: found.move_target(0, (3.0, 4.0)),
        lambda: found.move(0, (5.0, 6.0)),
        lambda: found.select(None),
        lambda: found.replace([ARROW, PIN]),
        lambda: found.remove(0),
        lambda: found.clear(),
    ):
        change()
        seen.append(found.revision)
    assert seen == sorted(set(seen))
    found.clear()
    found.select(None)
    assert found.revision == seen[-1]


def test_both_ends_move_apart_and_a_pin_moves_as_one() -> None:
    found = with_lines(ARROW, PIN)
    found.move_start(0, (1.0, 2.0))
    found.move_target(0, (3.0, 4.0))
    found.move(1, (5.0, 6.0))
    assert found.lines == (
        HandleLine((1.0, 2.0), (3.0, 4.0)),
        HandleLine((5.0, 6.0), (5.0, 6.0)),
    )


def test_the_selection_stays_on_its_handle_when_another_one_goes() -> None:
    found = with_lines(ARROW, PIN, ARROW)
    found.select(1)
    found.remove(0)
    assert found.selected == 0
    found.remove(1)
    assert found.selected == 0
    assert found.remove_selected()
    assert found.selected is None
    assert found.lines == ()
    assert not found.remove_selected()


def test_only_a_handle_that_is_there_can_be_selected() -> None:
    with pytest.raises(IndexError):
        with_lines(ARROW).select(1)


def test_no_more_handles_fit_than_the_daemon_takes() -> None:
    found = with_lines(*[ARROW] * MAX_HANDLES)
    assert found.full
    with pytest.raises(ValueError):
        found.add(PIN)
    with pytest.raises(ValueError):
        found.replace([ARROW] * (MAX_HANDLES + 1))
    assert found.lines == (ARROW,) * MAX_HANDLES


def test_the_nearest_end_within_reach_is_found() -> None:
    found = with_lines(ARROW, PIN)
    assert found.grip_at((13.0, 20.0), 5) == Grip(0, "start")
    assert found.grip_at((47.0, 20.0), 5) == Grip(0, "target")
    assert found.grip_at((83.0, 20.0), 5) == Grip(1, "start")
    assert found.grip_at((30.0, 20.0), 5) is None
    assert found.grip_at((22.0, 20.0), 100) == Grip(0, "start")


def test_where_ends_lie_upon_each_other_targets_win_then_what_is_drawn_last() -> None:
    found = with_lines(ARROW, HandleLine((50.0, 20.0), (90.0, 90.0)))
    assert found.grip_at((50.0, 20.0), 5) == Grip(0, "target")
    assert with_lines(PIN, PIN).grip_at((80.0, 20.0), 5) == Grip(1, "start")
