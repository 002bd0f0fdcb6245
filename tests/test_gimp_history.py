"""Undo and redo of handles and paint in GIMP's dialog."""

from __future__ import annotations

from typing import Any

from tests.gimp_plugin import load

history = load("window.history")
handles = load("draggan_wire.workbench.handles")
strokes = load("draggan_wire.workbench.strokes")

ARROW = handles.HandleLine((1.0, 2.0), (30.0, 40.0))
PIN = handles.HandleLine((5.0, 5.0), (5.0, 5.0))


class Desk:
    """Handles, paint and their history; `do` is one gesture of the user's."""

    def __init__(self) -> None:
        self.handles, self.strokes = handles.HandleSet(), strokes.Strokes()
        self.history = history.History(self.handles, self.strokes)

    def do(self, action: Any, *given: Any) -> None:
        self.history.note()
        action(*given)
        self.history.note()

    @property
    def state(self) -> Any:
        return self.handles.lines, len(self.strokes.strokes)


def test_handles_and_paint_are_taken_back_in_the_order_they_came() -> None:
    desk = Desk()
    desk.do(desk.handles.add, ARROW)
    desk.do(desk.strokes.begin, (1.0, 1.0), 5.0)
    desk.do(desk.handles.add, PIN)
    seen = []
    while desk.history.undo():
        seen.append(desk.state)
    assert seen == [((ARROW,), 1), ((ARROW,), 0), ((), 0)]
    while desk.history.redo():
        seen.append(desk.state)
    assert seen[3:] == [((ARROW,), 0), ((ARROW,), 1), ((ARROW, PIN), 1)]


def test_something_new_ends_what_could_be_brought_back() -> None:
    desk = Desk()
    desk.do(desk.handles.add, ARROW)
    desk.history.undo()
    desk.do(desk.handles.add, PIN)
    assert not desk.history.redo()
    assert desk.state == ((PIN,), 0)


def test_selecting_is_nothing_to_undo() -> None:
    desk = Desk()
    desk.do(desk.handles.add, ARROW)
    desk.do(desk.handles.select, None)
    desk.do(desk.handles.select, 0)
    assert desk.history.undo() and not desk.history.undo()


def test_what_a_drag_does_to_the_handles_is_a_step_of_its_own() -> None:
    desk = Desk()
    desk.do(desk.handles.add, ARROW)
    moved = handles.HandleLine((20.0, 20.0), (30.0, 40.0))
    for start in ((10.0, 10.0), (15.0, 15.0), (20.0, 20.0)):
        desk.handles.move_start(0, start)
    desk.do(desk.handles.add, PIN)
    states = []
    while desk.history.undo():
        states.append(desk.handles.lines)
    assert states == [(moved,), (ARROW,), ()]


def test_a_drag_after_the_last_gesture_can_be_undone_and_redone() -> None:
    desk = Desk()
    desk.do(desk.handles.add, ARROW)
    moved = handles.HandleLine((20.0, 20.0), (30.0, 40.0))
    desk.handles.replace([moved])
    assert desk.history.undo() and desk.handles.lines == (ARROW,)
    assert desk.history.redo() and desk.handles.lines == (moved,)


def test_the_selection_lives_on_where_its_handle_does() -> None:
    desk = Desk()
    desk.do(desk.handles.add, ARROW)
    desk.do(desk.handles.add, PIN)
    desk.history.undo()
    assert desk.handles.selected is None
    desk.handles.select(0)
    desk.history.redo()
    assert desk.handles.selected == 0


def test_only_so_many_steps_are_kept() -> None:
    desk = Desk()
    for x in range(history.MAX_STEPS + 20):
        desk.do(desk.strokes.replace, [strokes.Stroke(((float(x), 0.0),), 5.0)])
    count = 0
    while desk.history.undo():
        count += 1
    assert count == history.MAX_STEPS
