"""The handles follow the drags of a timeline, as long as the user leaves them where they are."""

from __future__ import annotations

import pytest
from draggan_wire.workbench.drags import Drags, PastDrag
from draggan_wire.workbench.handles import HandleLine, HandleSet

ARROW = HandleLine((10.0, 10.0), (20.0, 10.0))
PIN = HandleLine((5.0, 5.0), (5.0, 5.0))
SIDE = 400.0  # what is within two pixels of its target has arrived


@pytest.fixture
def handles() -> HandleSet:
    handles = HandleSet()
    handles.replace((ARROW, PIN), 0)
    return handles


@pytest.fixture
def drags(handles: HandleSet) -> Drags:
    """After one drag from step 0."""
    drags = Drags(handles)
    drags.begin(0, handles.lines)
    return drags


def test_arrows_begin_where_their_handles_have_come_to(drags: Drags, handles: HandleSet) -> None:
    drags.place(3, [(14.0, 10.0), PIN.start], (), side=SIDE)
    assert handles.lines == (HandleLine((14.0, 10.0), ARROW.target), PIN)
    assert handles.selected == 0


def test_before_its_first_step_a_drags_handles_are_where_they_were(
    drags: Drags, handles: HandleSet
) -> None:
    drags.place(3, [(14.0, 10.0), PIN.start], (), side=SIDE)
    drags.place(0, [], (), side=SIDE)
    assert handles.lines == (ARROW, PIN)


@pytest.mark.parametrize(
    ("point", "statuses", "arrived"),
    [
        ((18.5, 10.0), (), True),
        ((17.5, 10.0), (), False),
        ((17.5, 10.0), ("reached", "pinned"), True),
        ((18.5, 10.0), ("moving", "pinned"), False),
    ],
)
def test_the_daemon_says_who_has_arrived_or_else_the_way_that_is_left(
    drags: Drags, handles: HandleSet, point: tuple[float, float], statuses: tuple, arrived: bool
) -> None:
    drags.place(3, [point, PIN.start], statuses, side=SIDE)
    assert handles.lines[0].pinned == arrived
    assert drags.standings(3, ()) == ("reached" if arrived else "placed", "pinned")


def test_handles_that_the_user_has_moved_stay_there(drags: Drags, handles: HandleSet) -> None:
    handles.move_target(0, (30.0, 30.0))
    moved = handles.lines
    drags.place(3, [(14.0, 10.0), PIN.start], (), side=SIDE)
    assert handles.lines == moved
    assert drags.standings(3, ("moving", "pinned")) == ("placed", "pinned")


def test_a_drag_from_an_earlier_step_takes_the_later_ones_place(
    drags: Drags, handles: HandleSet
) -> None:
    drags.begin(4, handles.lines)
    drags.begin(9, handles.lines)
    drags.begin(4, (ARROW,))
    assert drags.past == (PastDrag(0, (ARROW, PIN)), PastDrag(4, (ARROW,)))


def test_a_forgotten_timeline_leaves_the_handles(drags: Drags, handles: HandleSet) -> None:
    drags.forget()
    drags.place(3, [(14.0, 10.0), PIN.start], (), side=SIDE)
    assert handles.lines == (ARROW, PIN)


def test_an_edit_that_is_opened_again_brings_its_handles(handles: HandleSet) -> None:
    drags = Drags(handles)
    drags.take_up((PastDrag(0, (PIN,)),), (PIN,))
    assert handles.lines == (PIN,)
    drags.place(0, [], (), side=SIDE)
    assert drags.standings(0, ("pinned",)) == ("pinned",)
