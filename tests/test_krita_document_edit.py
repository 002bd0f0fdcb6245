"""One document's edit: handles that follow, drag after drag, steps kept, notes in the document."""

from __future__ import annotations

import sys

import pytest

from tests.krita_daemon import GONE, frame, messages
from tests.krita_edit_stage import Stage
from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, LINE, WIDTH, HandleLine, grey

M = messages
PIN = HandleLine((30.0, 20.0), (30.0, 20.0))
WAY = (12.0, 6.0)


@pytest.fixture
def stage() -> Stage:
    return Stage()


# A drag.


def test_from_the_button_to_the_layer(stage: Stage) -> None:
    opened = stage.raw.seen()
    stage.place(LINE, PIN)
    assert (stage.view.state, stage.view.handles) == ("idle", ("placed", "pinned"))
    stage.press()
    assert bytes(stage.last(M.Open).image.data) == opened
    stage.answer(M.Opened("s", "t", WIDTH, HEIGHT), M.Ready("s", 31.04, "Good."), to=M.Open)
    stage.rest()
    stage.save(0)
    drag = stage.last(M.Drag)
    assert (drag.handles, drag.targets) == (
        (LINE.start, PIN.start),
        (LINE.target, PIN.target),
    )
    assert stage.view.state == "dragging" and stage.view.fit == "Good."
    stage.preview(2, 50, WAY, PIN.start, statuses=("moving", "pinned"))
    assert stage.raw.seen() == bytes(grey(50).data)
    assert stage.view.handles == ("moving", "pinned")
    stage.finish(3, 70, LINE.target, PIN.start, statuses=("reached", "pinned"))
    view = stage.view
    assert (view.state, view.step, view.last, view.ms_per_step) == ("done", 3, 3, 12.5)
    assert view.handles == ("reached", "pinned")
    assert stage.raw.tree()["DragGAN"] == {"DragGAN critters, step 3": {}}
    assert stage.raw.steps == ["add"]


def test_the_settings_of_the_docker_travel() -> None:
    stage = Stage(quality="fast", preview_ms=77, keep_every=5, steps=9)
    stage.begin()
    assert stage.last(M.Open).quality == "fast"
    drag = stage.last(M.Drag)
    assert (drag.preview_every_ms, drag.keep_every, drag.settings.steps) == (77, 5, 9)
    assert drag.preview_max_side is None


def test_of_a_large_picture_the_previews_are_smaller(stage: Stage) -> None:
    size = load("draggan_wire.workbench.edit_options").PREVIEW_SIDE
    options = load("draggan_wire.workbench.edit_options").options_of
    crop = load("draggan_wire.crop").Crop
    assert options(stage.settings, *2 * [crop(0, 0, 10, size)]).preview_max_side is None
    assert options(stage.settings, *2 * [crop(0, 0, 10, size + 1)]).preview_max_side == size


def test_pressing_again_stops_the_drag(stage: Stage) -> None:
    stage.begin()
    stage.press()
    assert stage.view.state == "stopping" and stage.daemon.said(M.Stop)


# Handles follow.


def test_handles_stay_as_they_were_drawn_while_they_are_dragged(stage: Stage) -> None:
    stage.begin()
    stage.preview(2, 50, WAY)
    assert stage.lines == (LINE,)
    drawing = stage.edit.drawing(show_box=False)
    assert (drawing.points, drawing.statuses) == ((WAY,), ("moving",))
    assert drawing.trails == ((LINE.start, WAY),)


def test_what_is_drawn_is_in_the_documents_points() -> None:
    stage = Stage(fake_krita().open(900, 600), region="auto")
    stage.begin(HandleLine((300.0, 300.0), (320.0, 300.0)))
    left, top = stage.edit.canvas.crop.left, stage.edit.canvas.crop.top
    assert left and top
    side = stage.edit.canvas.crop.width
    stage.answer(frame("preview", 1, grey(50, side, side), (310.0 - left, 305.0 - top)), to=M.Drag)
    drawing = stage.edit.drawing(show_box=True)
    assert drawing.points == ((310.0, 305.0),)
    assert drawing.box == (left, top, left + side, top + side)


def test_afterwards_arrows_begin_where_the_handles_are_now(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    assert stage.lines == (HandleLine(WAY, LINE.target),)


def test_a_handle_that_has_arrived_is_a_pin_where_it_should_be(stage: Stage) -> None:
    stage.drag(3, 70, (19.9, 5.1), statuses=("reached",))
    assert stage.lines == (HandleLine(LINE.target, LINE.target),)


def test_a_handle_that_has_not_quite_arrived_has_the_rest_of_its_way_to_go(stage: Stage) -> None:
    stage.drag(3, 70, (19.7, 5.0))
    assert stage.lines == (HandleLine((19.7, 5.0), LINE.target),)


def test_pins_stay_where_they_were_put(stage: Stage) -> None:
    stage.begin(LINE, PIN)
    stage.finish(3, 70, WAY, (30.4, 20.2), statuses=("moving", "pinned"))
    assert stage.lines == (HandleLine(WAY, LINE.target), PIN)


def test_handles_that_were_moved_in_mid_drag_are_left_alone(stage: Stage) -> None:
    stage.begin()
    moved = HandleLine((1.0, 1.0), (9.0, 9.0))
    stage.place(moved)
    stage.finish(3, 70, WAY)
    assert stage.lines == (moved,)
    assert stage.view.handles == ("placed",)


def test_the_handle_that_is_selected_stays_selected(stage: Stage) -> None:
    stage.begin(LINE, PIN)
    stage.edit.handles.select(1)
    stage.finish(3, 70, WAY, PIN.start, statuses=("moving", "pinned"))
    assert stage.edit.handles.selected == 1 and stage.view.selected == 1


def test_handles_follow_the_step_that_is_looked_at(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.look(1)
    stage.sought(1, 50, (7.0, 5.0))
    assert stage.lines == (HandleLine((7.0, 5.0), LINE.target),)
    stage.edit.look(0)
    stage.sought(0, 40)
    assert stage.lines == (LINE,)
    stage.edit.look(3)
    stage.sought(3, 70, WAY)
    assert stage.lines == (HandleLine(WAY, LINE.target),)


# Looking back and keeping.


def test_a_handle_that_has_arrived_still_has_when_one_comes_back_to_its_step(stage: Stage) -> None:
    stage.begin(LINE, PIN)
    stage.finish(9, 90, LINE.target, PIN.start, statuses=("reached", "pinned"))
    stage.save(9)
    assert stage.view.handles == ("reached", "pinned")
    stage.edit.look(4)
    stage.sought(4, 60, WAY, PIN.start)
    assert stage.view.handles == ("placed", "pinned")
    stage.edit.look(9)
    stage.sought(9, 90, LINE.target, PIN.start)
    assert stage.view.handles == ("reached", "pinned")


def test_looking_back_shows_a_step_over_the_canvas_and_its_picture_in_small(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    before = stage.raw.seen()
    stage.edit.step_by(-1)
    assert stage.last(M.Seek) == M.Seek("s", 2)
    stage.sought(2, 60, (9.0, 5.0))
    assert stage.painted[-1] == grey(60) and stage.raw.seen() == before
    assert stage.view.step == 2 and stage.edit.timeline.seen == (2, 3)
    assert stage.edit.timeline.thumbnail(2).pixelColor(5, 5).red() == 60


@pytest.mark.parametrize(("wish", "sent"), [(-7, 0), (99, 3)])
def test_looking_beyond_the_ends_looks_at_the_ends(stage: Stage, wish: int, sent: int) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.look(wish)
    assert stage.last(M.Seek).step == sent


def test_without_a_timeline_there_is_nothing_to_look_at_or_keep(stage: Stage) -> None:
    stage.edit.look(2)
    stage.edit.keep_step()
    stage.poll()
    assert stage.daemon.sent == [] and stage.view.state == "idle"


def test_while_dragging_nobody_looks_back(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.press()
    stage.edit.look(1)
    stage.poll()
    assert stage.daemon.said(M.Seek) == []


def test_a_step_is_kept_as_a_hidden_layer(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.look(2)
    stage.sought(2, 60, (9.0, 5.0))
    stage.edit.keep_step()
    stage.sought(2, 60, (9.0, 5.0))
    assert list(stage.raw.tree()["DragGAN"]) == ["DragGAN critters, step 3", "DragGAN, step 2"]
    assert not stage.raw.named("DragGAN, step 2").visible()
    assert stage.view.message == "Step 2 is kept as a hidden layer in the group 'DragGAN'."


def test_a_step_that_is_kept_in_mid_drag_is_fetched_when_the_drag_is_over(stage: Stage) -> None:
    stage.begin()
    stage.preview(2, 50, WAY)
    stage.edit.keep_step()
    stage.poll()
    assert stage.daemon.said(M.Seek) == []
    stage.finish(3, 70, WAY)
    stage.save(3)
    assert stage.last(M.Seek) == M.Seek("s", 2)
    stage.sought(2, 50, WAY)
    assert "DragGAN, step 2" in stage.raw.tree()["DragGAN"]


# Refused.


def test_without_handles_there_is_a_sentence_and_nothing_is_sent(stage: Stage) -> None:
    stage.press()
    view = stage.view
    assert (view.state, view.message) == ("failed", "There are no handles.")
    assert "Draw an arrow" in view.hint and stage.daemon.sent == []


def test_a_refusal_is_over_once_a_handle_is_placed(stage: Stage) -> None:
    stage.press()
    stage.place(LINE)
    assert (stage.view.state, stage.view.message) == ("idle", "")


def test_pins_alone_are_refused(stage: Stage) -> None:
    stage.place(PIN)
    stage.press()
    assert stage.view.state == "failed" and "pins" in stage.view.message
    assert stage.daemon.sent == [] and list(stage.raw.tree()) == ["Background"]


def test_what_the_daemon_refuses_takes_the_preview_away(stage: Stage) -> None:
    before = stage.raw.seen()
    stage.begin()
    stage.preview(2, 50, WAY)
    stage.answer(M.Error("engine_failed", "It went wrong.", "Try less."), to=M.Drag)
    view = stage.view
    assert (view.state, view.message, view.hint) == ("failed", "It went wrong.", "Try less.")
    assert stage.raw.seen() == before and list(stage.raw.tree()) == ["Background"]


def test_a_refusal_between_drags_leaves_the_edit_as_it_is(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.place()
    stage.press()
    assert stage.view.message == "There are no handles."
    stage.place(LINE)
    assert stage.view.state == "done" and stage.view.last == 3


def test_a_notice_stays_until_the_next_thing_is_asked_for(stage: Stage) -> None:
    stage.edit.tell("Handles taken.")
    assert stage.view.message == "Handles taken."
    stage.press()
    assert stage.view.message == "There are no handles."


def test_a_connection_that_breaks_in_mid_drag_is_waited_for(stage: Stage) -> None:
    stage.begin()
    stage.daemon.lose(GONE)
    stage.poll()
    assert stage.view.state == "dragging" and "as soon as it is back" in stage.view.message


# The end.


def test_the_hidden_document_is_open_while_there_is_work_and_closed_some_time_after(
    stage: Stage,
) -> None:
    program = sys.modules["krita"].Krita.instance()

    def wait() -> int:
        for _ in range(load("host.scratch").IDLE + 1):
            stage.poll()
        return len(program.documents())

    stage.begin()
    assert wait() == 2
    stage.preview(2, 50, WAY)
    assert wait() == 2
    stage.finish(3, 70, WAY)
    stage.save(3)
    assert wait() == 1


def test_closing_gives_the_session_back(stage: Stage) -> None:
    stage.drag(3, 70, WAY)
    stage.edit.close()
    assert stage.last(M.Close) == M.Close("s")
