"""Drag after drag of one document: which step each goes on from, with which handles, and what a
drag that fails or is refused leaves as it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_daemon import done, frame, messages
from tests.krita_edit_stage import Stage
from tests.krita_plugin import fake_krita
from tests.krita_scene import LINE, HandleLine, Settings, grey

M = messages
WAY = (12.0, 6.0)
LEFT = HandleLine(WAY, LINE.target)  # what is left of the first drag's way


@pytest.fixture
def stage() -> Stage:
    return Stage()


def second_drag(stage: Stage) -> Any:
    """From step 3 on, with another arrow."""
    other = HandleLine((10.0, 20.0), (30.0, 20.0))
    stage.place(other)
    stage.press()
    return other


def test_a_second_drag_goes_on_from_the_result(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    second_drag(stage)
    assert len(stage.daemon.said(M.Open)) == 1 and len(stage.daemon.said(M.Drag)) == 2
    assert stage.daemon.said(M.Seek) == []
    stage.finish(6, 90, (20.0, 20.0))
    assert list(stage.raw.tree()["DragGAN"]) == [
        "DragGAN critters, step 3",
        "DragGAN critters, step 6",
    ]


def test_of_several_drags_each_step_has_its_own_handles(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    other = second_drag(stage)
    stage.finish(6, 90, (20.0, 20.0))
    stage.save(6)
    assert stage.lines == (HandleLine((20.0, 20.0), other.target),)
    stage.edit.look(2)
    stage.sought(2, 60, (9.0, 5.0))
    assert stage.lines == (HandleLine((9.0, 5.0), LINE.target),)
    stage.edit.look(5)
    stage.sought(5, 80, (15.0, 20.0))
    assert stage.lines == (HandleLine((15.0, 20.0), other.target),)


def test_after_undoing_a_result_the_next_drag_starts_at_the_step_before(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    second_drag(stage)
    stage.finish(6, 90, (20.0, 20.0))
    stage.save(6)
    stage.raw.undo()
    stage.press()
    assert stage.last(M.Seek) == M.Seek("s", 3)


def test_a_drag_from_a_step_that_is_looked_at_drops_what_came_later(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    for step in (1, 2):
        stage.edit.look(step)
        stage.sought(step, 50 + step, (5.0 + step, 5.0))
    assert stage.edit.timeline.seen == (1, 2, 3)
    stage.edit.look(1)
    stage.sought(1, 51, (6.0, 5.0))
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 1 and stage.edit.timeline.seen == (1,)
    assert stage.last(M.Drag).handles == ((6.0, 5.0),)
    stage.finish(4, 90, WAY)
    assert stage.view.last == 4 and stage.raw.seen() == bytes(grey(90).data)


def test_painting_between_two_drags_begins_a_new_edit(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.raw.paint(stage.raw.named("Background"), 9)
    stage.raw.named("DragGAN").setVisible(False)
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 2
    assert bytes(stage.last(M.Open).image.data) == stage.raw.seen()
    assert stage.edit.timeline.seen == ()


def test_stepping_back_over_two_drags_gives_each_its_own_targets(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    other = second_drag(stage)
    stage.finish(6, 90, (20.0, 20.0))
    stage.save(6)
    walked = {}
    for step, points in ((4, ((12.0, 20.0),)), (3, (WAY,)), (2, ((9.0, 5.0),)), (0, ())):
        stage.edit.look(step)
        stage.sought(step, 40 + step, *points)
        walked[step] = stage.lines
    assert walked == {
        4: (HandleLine((12.0, 20.0), other.target),),
        3: (other,),  # where that drag began
        2: (HandleLine((9.0, 5.0), LINE.target),),
        0: (LINE,),
    }


# With other settings.


@pytest.mark.parametrize("other", [{"quality": "best"}, {"model": "lions"}])
def test_with_another_quality_or_model_an_edit_of_what_is_shown_begins(
    stage: Stage, other: dict[str, str]
) -> None:
    stage.drag(3, 70, WAY)
    shown = stage.raw.seen()
    stage.settings = Settings(**other)
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 2 and stage.last(M.Close) == M.Close("s")
    opening = stage.last(M.Open)
    assert bytes(opening.image.data) == shown == bytes(grey(70).data)
    for name, value in other.items():
        assert getattr(opening, name) == value
    assert stage.edit.timeline.seen == () and stage.lines == (LEFT,)


def test_the_result_of_an_edit_with_another_quality_goes_into_a_group_of_its_own(
    stage: Stage,
) -> None:
    stage.drag(3, 70, WAY)
    stage.settings = Settings(quality="best")
    stage.begin(LEFT)
    stage.finish(2, 90, (15.0, 6.0))
    groups = stage.raw.rootNode().childNodes()[1:]
    assert [list(stage.raw.tree(group)) for group in groups] == [
        ["DragGAN critters, step 3"],
        ["DragGAN critters, step 2"],
    ]


def test_settings_that_only_say_how_to_drag_go_on_with_the_edit(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.settings = Settings(steps=7)
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 1 and stage.last(M.Drag).settings.steps == 7


# Failed or refused.


def test_after_a_first_drag_that_fails_the_handles_are_as_they_were_drawn(stage: Stage) -> None:
    stage.begin()
    stage.preview(2, 50, WAY)
    stage.answer(M.Error("engine_failed", "It went wrong.", "Try less."), to=M.Drag)
    assert stage.view.state == "failed" and stage.lines == (LINE,)


def test_after_a_second_drag_that_fails_the_handles_are_where_it_began(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    assert stage.lines == (LEFT,)
    stage.press()
    stage.preview(5, 90, (16.0, 5.0))
    stage.answer(M.Error("engine_failed", "It went wrong.", "Try less."), to=M.Drag)
    stage.poll()
    assert stage.view.state == "failed" and stage.lines == (LEFT,)
    assert stage.raw.seen() == bytes(grey(70).data)
    stage.rest()
    stage.press()
    assert stage.last(M.Seek) == M.Seek("s", 3)
    stage.sought(3, 70, WAY)
    assert stage.last(M.Drag).handles == (WAY,) and len(stage.daemon.said(M.Open)) == 1


def test_after_a_drag_from_a_step_in_between_that_fails_the_handles_are_those_of_the_step(
    stage: Stage,
) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.look(1)
    stage.sought(1, 51, (6.0, 5.0))
    stage.press()
    stage.preview(2, 90, (16.0, 5.0))
    stage.answer(M.Error("engine_failed", "It went wrong.", "Try less."), to=M.Drag)
    assert stage.lines == (HandleLine((6.0, 5.0), LINE.target),)


def test_handles_that_were_moved_before_the_drag_failed_are_left_alone(stage: Stage) -> None:
    stage.begin()
    moved = HandleLine((1.0, 1.0), (9.0, 9.0))
    stage.place(moved)
    stage.answer(M.Error("engine_failed", "It went wrong.", "Try less."), to=M.Drag)
    assert stage.lines == (moved,)


def test_a_drag_that_is_refused_for_its_selection_leaves_the_open_edit_as_it_was() -> None:
    stage = Stage(fake_krita().open(900, 600), region="auto")
    stage.begin(HandleLine((300.0, 300.0), (320.0, 300.0)))
    side = stage.edit.canvas.crop.width
    result = frame("result", 3, grey(70, side, side), (100.0, 90.0))
    stage.answer(result, done(3), to=M.Drag)
    stage.rest()
    stage.save(3)
    far = HandleLine((700.0, 500.0), (720.0, 500.0))
    stage.place(far)
    stage.raw.select(10, 10, 20, 20)
    before = remembered(stage)
    stage.press()
    assert stage.view.state == "failed" and "outside the selection" in stage.view.message
    assert remembered(stage) == before
    stage.raw.setSelection(None)
    stage.place(HandleLine((310.0, 300.0), (320.0, 300.0)))
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 1 and len(stage.daemon.said(M.Drag)) == 2


def remembered(stage: Stage) -> Any:
    canvas = stage.edit.canvas
    drawn = stage.edit.drawing(show_box=True)
    seen, last = stage.edit.timeline.seen, stage.view.last
    return canvas.opened, canvas.trace, canvas.crop, drawn, stage.lines, seen, last
