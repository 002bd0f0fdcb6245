"""GIMP's canvas of an edit: what is dragged on, what is kept, what becomes layers; no GIMP."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import Any

import pytest

from tests.fake_gimp_document import LAYER, OTHER, Crop, FakeDocument, Image
from tests.gimp_plugin import load
from tests.gimp_stage import (
    FURTHER,
    GONE,
    HEIGHT,
    LINE,
    WIDTH,
    M,
    Stage,
    changed_rows,
    frame,
    picture,
)

canvas_module = load("canvas")
Stroke = load("draggan_wire.workbench.strokes").Stroke
BadInput = load("draggan_wire.errors").BadInput
AT_3, AT_5, AT_2 = picture((10, 30)), picture((10, 50), (11, 50)), picture((10, 20))
PAINT = Stroke(((5.0, 5.0),), 9.0)


@pytest.fixture
def stage() -> Stage:
    return Stage()


# Between drags.


def test_a_result_becomes_a_layer_where_it_differs_from_the_opened_picture(stage: Stage) -> None:
    stage.drag(3, AT_3)
    (layer,) = stage.layers
    assert layer.name == "DragGAN critters, step 3" and layer.visible
    assert layer.image == AT_3 and layer.crop == Crop(0, 0, WIDTH, HEIGHT)
    assert changed_rows(layer.changed) == [10]


def test_where_it_differs_is_taken_from_the_daemon_if_it_says_so(stage: Stage) -> None:
    stage.begin()
    said = picture((20, 255)).data[::4]
    marks = M.Image("gray8", WIDTH, HEIGHT, bytes(255 if b == 255 else 0 for b in said))
    stage.answer(frame("result", 3, AT_3, changed=marks), to=M.Drag)
    assert changed_rows(stage.layers[0].changed) == [20]


def test_a_drag_goes_on_from_where_the_last_one_ended(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.drag_on(5, AT_5)
    assert len(stage.daemon.said(M.Open)) == 1 and stage.daemon.said(M.Seek) == []
    assert stage.names == ["DragGAN critters, step 5"]


def test_a_drag_goes_on_from_the_step_that_is_looked_at(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.drag_on(5, AT_5)
    stage.look(2, AT_2)
    stage.edit.look(3)
    stage.poll()
    stage.sought(3, AT_3)
    stage.press()
    assert stage.edit.timeline.seen == (2, 3)
    stage.end_drag(4, picture((12, 1)))
    assert len(stage.daemon.said(M.Open)) == 1 and stage.names == ["DragGAN critters, step 4"]


def test_a_step_that_is_looked_at_is_what_becomes_a_layer(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.look(2, AT_2)
    (layer,) = stage.layers
    assert (layer.name, layer.image) == ("DragGAN, step 2", AT_2)
    assert changed_rows(layer.changed) == [10] and stage.canvas.step == 2
    stage.look(0, picture())
    assert stage.layers == () and stage.canvas.looked_at == 0


def test_previews_are_shown_and_leave_nothing_behind(stage: Stage) -> None:
    stage.begin()
    small = picture(size=(16, 12))
    stage.answer(frame("preview", 1, small), to=M.Drag)
    assert stage.shown[-1] == (small, Crop(0, 0, WIDTH, HEIGHT))
    assert stage.layers == () and stage.canvas.step == 0
    stage.end_drag(3, AT_3)
    assert stage.shown[-1][0] == AT_3


def test_a_drag_that_fails_leaves_what_was_on_show(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.press()
    stage.answer(frame("preview", 4, picture(size=(16, 12))), to=M.Drag)
    stage.refuse("No more memory.", to=M.Drag)
    assert stage.view.message == "No more memory." and stage.view.step == 3
    assert stage.shown[-1][0] == AT_3 and stage.names == ["DragGAN critters, step 3"]


def test_where_a_result_differs_is_found_out_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.drag(3, AT_3)
    first = stage.layers[0].changed
    monkeypatch.setattr(canvas_module, "changed_between", None)
    assert stage.layers[0].changed is first


# Another edit begins with what is seen.


@pytest.mark.parametrize("change", [{"model": "faces"}, {"quality": "best"}])
def test_other_settings_begin_with_what_is_seen(stage: Stage, change: Any) -> None:
    stage.drag(3, AT_3)
    stage.settings = replace(stage.settings, **change)
    stage.press()
    assert stage.opened_pictures()[1] == AT_3
    stage.open()
    stage.end_drag(2, picture((10, 30), (20, 9)))
    old, new = stage.layers
    assert old.image == AT_3 and old.visible and changed_rows(old.changed) == [10]
    assert changed_rows(new.changed) == [20] and new.visible
    assert stage.canvas.beneath == (old,)


def test_a_changed_layer_begins_with_what_is_seen(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.document.paint((0, 9, WIDTH, 12), 7)
    stage.press()
    assert stage.opened_pictures()[1] == picture((9, 7), (10, 30), (11, 7))


@pytest.mark.parametrize("change", [{"source": "visible"}, {"region": "auto"}])
def test_the_same_pixels_by_another_name_need_no_opening(stage: Stage, change: Any) -> None:
    stage.drag(3, AT_3)
    stage.settings = replace(stage.settings, **change)
    stage.press()
    assert stage.canvas.read_image() == AT_3
    assert len(stage.opened_pictures()) == 1 and len(stage.daemon.said(M.Drag)) == 2
    stage.end_drag(5, AT_5)
    stage.save(5)
    assert [changed_rows(layer.changed) for layer in stage.layers] == [[10], [10, 11]]
    stage.look(0, picture())  # the picture that the first edit was opened with
    assert [layer.image for layer in stage.layers] == [AT_3, picture()]
    stage.look(3, AT_3)
    assert [changed_rows(layer.changed) for layer in stage.layers] == [[10], []]


def test_what_was_looked_at_is_what_the_next_edit_begins_with(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.look(2, AT_2)
    stage.settings = replace(stage.settings, model="faces")
    stage.press()
    assert stage.opened_pictures()[1] == AT_2


def test_results_of_many_edits_lie_one_over_the_other(stage: Stage) -> None:
    stage.drag(3, AT_3)
    for step, model in ((20, "a"), (30, "b")):
        stage.settings = replace(stage.settings, model=model)
        stage.press()
        stage.open()
        base = stage.opened_pictures()[-1]
        rows = bytearray(base.data)
        rows[step * WIDTH * 4 : (step + 1) * WIDTH * 4] = bytes([step] * 3 + [255]) * WIDTH
        stage.end_drag(1, M.Image("rgba8", WIDTH, HEIGHT, bytes(rows)))
        stage.save(1)
    assert [changed_rows(layer.changed) for layer in stage.layers] == [[10], [20], [30]]
    assert stage.opened_pictures()[-1] == picture((10, 30), (20, 20))


def test_a_region_around_handles_goes_on_as_long_as_it_holds_them() -> None:
    stage = Stage(FakeDocument(1000, 300), region="auto")
    stage.begin()
    crop = stage.canvas.crop
    size = (crop.width, crop.height)
    assert crop.width < 1000
    stage.end_drag(3, picture((10, 30), size=size))
    stage.place(FURTHER)
    assert stage.canvas.aim(stage.settings, (FURTHER,)) == 3
    far = type(LINE)((900.0, 100.0), (950.0, 100.0))
    assert stage.canvas.aim(stage.settings, (far,)) is None
    (old,) = stage.layers
    assert old.crop == crop and stage.canvas.crop != crop


def test_a_refused_beginning_changes_nothing(stage: Stage) -> None:
    stage.drag(3, AT_3)
    before = (stage.layers, stage.canvas.opened)
    stage.document.selected_box = (40, 40, 50, 45)
    stage.settings = replace(stage.settings, model="faces")
    stage.press()
    assert "selection" in stage.view.message
    assert (stage.layers, stage.canvas.opened) == before


def test_nothing_to_see_is_no_picture(stage: Stage) -> None:
    stage.document.pictures[LAYER][...] = 0
    stage.place()
    stage.press()
    assert stage.view.message == "There is nothing to see where the handles are."
    assert stage.daemon.said(M.Open) == []


def test_a_layer_of_a_few_pixels_is_refused_before_anything_is_sent() -> None:
    stage = Stage(FakeDocument(64, 7))
    stage.place()
    stage.press()
    assert stage.view.message == "What is to be dragged has only 64 x 7 pixels."
    assert stage.daemon.said(M.Open) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_pixels_that_are_no_numbers_are_no_picture(value: float) -> None:
    nothing, black = (value,) * 3 + (1.0,), (0.0, 0.0, 0.0, 1.0)
    for first, refused in ((nothing, True), (black, False)):
        stage = Stage()
        floats = array("f", first + nothing * (WIDTH * HEIGHT - 1)).tobytes()
        read = Image("rgbaf32", WIDTH, HEIGHT, floats)
        stage.document.read_layer = lambda layer, crop, read=read: read
        stage.place()
        stage.press()
        assert (stage.view.message == "The layer's pixels there are no numbers.") == refused
        assert bool(stage.daemon.said(M.Open)) != refused


def test_another_daemon_keeps_what_has_been_seen(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.reconnect()
    assert stage.names == ["DragGAN critters, step 3"] and stage.canvas.beneath == stage.layers
    stage.press()
    assert stage.opened_pictures() == [AT_3]


@pytest.mark.parametrize("saved", [True, False])
def test_a_daemon_that_was_restarted_goes_on_with_what_is_seen(stage: Stage, saved: bool) -> None:
    stage.begin()
    stage.end_drag(3, AT_3)
    if saved:
        stage.save(3)
    stage.daemon.lose(GONE)
    stage.poll()
    stage.daemon.connect()
    stage.poll()
    stage.press()
    again = stage.last(M.Open)
    if saved:
        assert again.saved.data == b"saved at 3" and stage.canvas.beneath == ()
    else:  # all that there is of it is its picture
        assert again.image == AT_3 and stage.canvas.beneath == stage.layers != ()


def test_pixels_of_another_depth_than_before_are_refused_in_words(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.document.form, stage.document.bytes_per_pixel = "rgba16", 8
    stage.press()
    assert stage.view.state == "failed" and stage.view.hint
    assert stage.names == ["DragGAN critters, step 3"]


# Kept steps.


def test_a_kept_step_is_a_hidden_layer_below_the_result(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.look(2, AT_2)
    stage.keep(2, AT_2)
    stage.look(5, AT_5)
    assert [(layer.name, layer.visible) for layer in stage.layers] == [
        ("DragGAN, step 2", False),
        ("DragGAN, step 5", True),
    ]
    assert stage.canvas.kept == (2,) and changed_rows(stage.layers[0].changed) == [10]
    assert stage.view.message == "Step 5 of 5."


def test_keeping_says_what_becomes_of_it_and_a_second_press_lets_it_go(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.keep(5, AT_5)
    assert stage.view.message == "Step 5 becomes a hidden layer when you press OK."
    stage.keep(5, AT_5)
    assert stage.canvas.kept == () and stage.names == ["DragGAN critters, step 5"]
    assert stage.view.message == "Step 5 is not kept any more."


def test_kept_steps_lie_in_the_order_of_their_steps(stage: Stage) -> None:
    stage.drag(5, AT_5)
    for step in (4, 1, 3):
        stage.look(step, AT_2)
        stage.keep(step, AT_2)
    assert stage.canvas.kept == (1, 3, 4)
    assert [layer.name[-1] for layer in stage.layers[:3]] == ["1", "3", "4"]


def test_each_nth_step_is_kept_while_dragging(stage: Stage) -> None:
    stage.begin()
    for step in (2, 4):
        stage.answer(frame("kept", step, AT_2), to=M.Drag)
    stage.end_drag(5, AT_5)
    assert stage.canvas.kept == (2, 4)


def test_kept_steps_of_a_dropped_timeline_stay_layers_and_are_no_marks(stage: Stage) -> None:
    stage.drag(5, AT_5)
    for step in (4, 2):
        stage.look(step, AT_2)
        stage.keep(step, AT_2)
    stage.drag_on(3, AT_3)  # from step 2
    assert stage.canvas.kept == (2,)
    assert [layer.name[-1] for layer in stage.layers] == ["2", "4", "3"]


def test_kept_steps_of_an_edit_that_is_over_stay_layers_and_are_no_marks(stage: Stage) -> None:
    stage.drag(5, AT_5)
    stage.keep(5, AT_5)
    stage.settings = replace(stage.settings, model="faces")
    stage.press()
    stage.open()
    stage.end_drag(1, picture((20, 1)))
    assert stage.canvas.kept == ()
    assert [layer.visible for layer in stage.layers] == [True, False, True]


def test_what_is_kept_has_a_limit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas_module, "MOST_KEPT", 2 * WIDTH * HEIGHT * 5)
    stage.begin()
    for step in (1, 2, 3):
        stage.answer(frame("kept", step, AT_2), to=M.Drag)
    stage.end_drag(5, AT_5)
    stage.save(5)
    assert stage.view.state == "done" and stage.canvas.kept == (1, 2)
    stage.keep(5, AT_5)
    assert stage.canvas.kept == (1, 2) and "memory" in stage.view.message and stage.view.hint


# What may move.


def test_the_selection_says_what_may_move(stage: Stage) -> None:
    stage.document.selected_box = (0, 0, 30, 10)
    stage.begin()
    mask = stage.last(M.Drag).mask
    assert mask.format == "gray8" and sum(mask.data) == 255 * 300


def test_paint_comes_before_the_selection(stage: Stage) -> None:
    stage.document.selected_box = (0, 0, 30, 10)
    stage.strokes.replace((PAINT,))
    stage.begin()
    assert sum(stage.last(M.Drag).mask.data) == 255 * WIDTH * HEIGHT


def test_the_selection_can_be_left_out_of_it(stage: Stage) -> None:
    stage.document.selected_box = (40, 40, 50, 45)
    stage.settings = replace(stage.settings, mask="none")
    stage.begin()
    assert stage.last(M.Drag).mask is None


def test_without_selection_and_paint_all_may_move(stage: Stage) -> None:
    stage.begin()
    assert stage.last(M.Drag).mask is None


def test_each_drag_reads_anew_what_may_move(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.document.selected_box = (0, 0, 30, 10)
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 1
    assert sum(stage.last(M.Drag).mask.data) == 255 * 300


def test_handles_outside_the_selection_are_refused(stage: Stage) -> None:
    stage.document.selected_box = (40, 40, 50, 45)
    stage.place()
    stage.press()
    assert stage.view.message == "The handles lie outside the selection, so nothing there may move."


def test_handles_outside_the_paint_are_refused_in_words_of_their_own(stage: Stage) -> None:
    stage.strokes.replace((replace(PAINT, erase=True),))
    stage.place()
    stage.press()
    assert "outside what is painted" in stage.view.message and "paint" in stage.view.hint


def test_handles_outside_the_layer_are_refused() -> None:
    stage = Stage(FakeDocument(frame=Crop(10, 20, 30, 20)))
    stage.place()
    stage.press()
    assert stage.view.message == "A handle lies outside the layer."


def test_handles_go_with_the_crop() -> None:
    stage = Stage(FakeDocument(frame=Crop(4, 2, 40, 30)))
    stage.begin()
    assert stage.last(M.Drag).handles == ((1.0, 3.0),)
    assert stage.last(M.Drag).targets == ((16.0, 3.0),)


# What happens to the image meanwhile.


def test_a_layer_that_is_deleted_meanwhile_is_said_and_nothing_is_lost(stage: Stage) -> None:
    stage.drag(3, AT_3)
    del stage.document.pictures[LAYER]
    stage.press()
    assert stage.view.message == "The layer has been deleted." and stage.view.hint
    assert stage.names == ["DragGAN critters, step 3"]
    stage.settings = replace(stage.settings, model="faces")
    stage.press()
    assert stage.view.message == "The layer has been deleted."
    assert stage.names == ["DragGAN critters, step 3"]


def test_an_image_that_is_closed_meanwhile_is_said_and_nothing_is_lost(stage: Stage) -> None:
    stage.drag(3, AT_3)
    stage.document.closed = True
    stage.press()
    assert stage.view.message == "The image has been closed."
    stage.look(2, AT_2)
    assert stage.names == ["DragGAN, step 2"]


def test_another_layer_that_changes_does_not_matter(stage: Stage) -> None:
    stage.document.add(OTHER, 9)
    stage.drag(3, AT_3)
    stage.document.paint((0, 0, 64, 48), 1, OTHER)
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 1


# Opening ahead.


def test_what_is_opened_ahead_is_dragged_without_opening_again(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    stage.poll()
    stage.open()
    stage.place()
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 1 and len(stage.daemon.said(M.Drag)) == 1


def test_a_layer_that_changes_after_it_was_opened_ahead_is_opened_again(stage: Stage) -> None:
    stage.edit.warm(stage.settings)
    stage.poll()
    stage.open()
    stage.document.paint((0, 0, 9, 9), 1)
    stage.place()
    stage.press()
    assert len(stage.daemon.said(M.Open)) == 2


def test_before_anything_is_chosen_there_is_no_picture(stage: Stage) -> None:
    with pytest.raises(BadInput):
        stage.canvas.read_image()
    assert stage.canvas.crop == Crop(0, 0, 1, 1) and stage.layers == ()
    assert stage.canvas.result_step is None
