"""The picture area in real Gtk on a real display: handles, paint, zoom, keys; sharp at scale 2."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import traceback
from math import dist

from area_stage import Stage  # first: it chooses the versions of Gtk

from draggan_studio.draggan_wire.crop import Crop  # isort: skip
from draggan_studio.draggan_wire.workbench.drawing import Drawing
from draggan_studio.draggan_wire.workbench.handles import HandleLine
from draggan_studio.screen import Screen
from draggan_studio.window.brush import rasterise
from draggan_studio.window.scene import Scene
from gi.repository import Gdk

ORANGE, BLUE = (200, 120, 60), (60, 120, 200)
PIN = HandleLine((200.0, 150.0), (200.0, 150.0))
ARROW = HandleLine((100.0, 100.0), (300.0, 100.0))
NEAR = 1.5  # document pixels: the pointer stands on whole pixels of the screen


@contextlib.contextmanager
def staged(*lines, **options):
    stage = Stage(**options)
    try:
        stage.handles.replace(lines)
        stage.area.show_drawing(Drawing(stage.handles.lines))
        yield stage
    finally:
        stage.close()


def near(line, start, target):
    return dist(line.start, start) < NEAR and dist(line.target, target) < NEAR


# Handles.


def test_a_drag_draws_an_arrow_and_a_click_puts_a_pin():
    with staged() as stage:
        stage.drag((50, 60), (200, 180))
        stage.click((300, 250))
        arrow, pin = stage.handles.lines
        assert near(arrow, (50, 60), (200, 180)) and pin.pinned
        assert near(pin, (300, 250), (300, 250))
        assert stage.heard and not any(stage.heard)


def test_both_ends_of_an_arrow_are_moved_and_a_pin_with_shift():
    with staged(ARROW, PIN) as stage:
        stage.drag((300, 100), (320, 40))
        stage.drag((100, 100), (60, 200))
        assert near(stage.handles.lines[0], (60, 200), (320, 40))
        stage.drag((200, 150), (250, 250), shift=True)
        assert near(stage.handles.lines[1], (250, 250), (250, 250))
        stage.drag((250, 250), (300, 250))
        assert near(stage.handles.lines[1], (250, 250), (300, 250)), stage.handles.lines


def test_handles_stay_inside_of_a_layer_that_lies_anywhere():
    with staged(box=Crop(100, 50, 200, 100)) as stage:
        stage.drag((150, 100), (20, 10))
        assert near(stage.handles.lines[0], (150, 100), (100, 50))
        stage.click((150, 30))
        assert len(stage.handles.lines) == 1 and stage.handles.selected is None


def test_delete_removes_and_undo_brings_back():
    with staged() as stage:
        stage.drag((50, 60), (200, 180))
        stage.click((300, 250))
        lines = stage.handles.lines
        stage.keys("Delete")
        assert stage.handles.lines == lines[:1]
        stage.keys("ctrl+z")
        assert stage.handles.lines == lines
        stage.keys("ctrl+z", "ctrl+z", "ctrl+z")
        assert stage.handles.lines == ()
        stage.keys("ctrl+shift+z")
        assert stage.handles.lines == lines[:1]


def test_arrow_keys_nudge_what_is_selected():
    with staged(ARROW, PIN) as stage:
        stage.click((300, 100))
        stage.keys("Right", "shift+Down")
        assert stage.handles.lines[0] == HandleLine((100.0, 100.0), (301.0, 110.0))
        stage.click((200, 150))
        stage.keys("Left", "Up")
        assert stage.handles.lines[1] == HandleLine((199.0, 149.0), (199.0, 149.0))


def test_escape_ends_a_gesture_then_unselects_then_is_the_dialogs():
    with staged(PIN) as stage:
        stage.drag((50, 60), (150, 60), let_go=False)
        assert len(stage.handles.lines) == 2
        stage.keys("Escape")
        assert stage.handles.lines == (PIN,)
        stage.do("mouseup", 1)
        stage.click((200, 150))
        assert stage.handles.selected == 0
        stage.keys("Escape")
        assert stage.handles.selected is None and not stage.unused
        stage.keys("Escape", "Return", "Tab")
        assert stage.unused == [Gdk.KEY_Escape, Gdk.KEY_Return, Gdk.KEY_Tab]


def test_nothing_is_placed_while_the_edit_is_busy():
    with staged(PIN) as stage:
        stage.area.busy = True
        stage.drag((50, 60), (200, 180))
        stage.drag((200, 150), (250, 250))
        stage.area.tool = "paint"
        stage.drag((50, 60), (200, 180))
        assert stage.handles.lines == (PIN,) and stage.strokes.empty


def test_a_double_click_on_nothing_fits_and_leaves_no_pin():
    with staged() as stage:
        fitted = stage.area.percent
        stage.scroll((100, 100), 3)
        assert stage.area.percent > fitted * 1.9
        stage.click((120, 120), times=2)
        assert abs(stage.area.percent - fitted) < 0.01 and stage.handles.lines == ()


# Looking.


def test_the_wheel_zooms_at_the_pointer():
    with staged() as stage:
        for aimed, clicks in (((37, 41), 6), ((48, 50), 2), ((42, 45), -9)):
            at, zoom = stage.at(aimed), stage.area.percent / 100
            exactly = stage.area.to_root(aimed)
            point = [aimed[i] + (at[i] - exactly[i]) / zoom for i in (0, 1)]
            assert dist(stage.area.to_root(point), at) < 0.01
            stage.scroll(aimed, clicks)
            assert abs(stage.area.percent / 100 / zoom - 2 ** (clicks / 3)) < 0.01
            assert dist(stage.area.to_root(point), at) < 0.5, (aimed, stage.area.to_root(point), at)
        assert stage.handles.lines == ()


def test_the_middle_button_and_space_pan_but_never_out_of_sight():
    with staged() as stage:
        stage.keys("1")
        assert abs(stage.area.percent - 100) < 0.01
        before = stage.area.to_root((0, 0))
        stage.drag((200, 150), (230, 130), button=2)
        moved = stage.area.to_root((0, 0))
        assert dist(moved, (before[0] + 30, before[1] - 20)) < NEAR
        stage.do("keydown", "space")
        stage.drag((200, 150), (150, 170))
        stage.do("keyup", "space")
        panned = stage.area.to_root((0, 0))
        assert dist(panned, (moved[0] - 50, moved[1] + 20)) < NEAR
        assert stage.handles.lines == ()
        for _ in range(4):
            stage.drag((380, 150), (-100, 150), button=2)
        left = stage.area.to_root((400, 0))[0] - stage.area.to_root((0, 0))[0]
        stage.picture("panned")
        window = stage.area.widget.get_window().get_origin()
        scale = stage.area.widget.get_scale_factor()
        assert stage.area.to_root((400, 0))[0] - window[1] * scale >= min(left, 48 * scale) - 1


def test_keys_zoom_and_fit():
    with staged() as stage:
        fitted = stage.area.percent
        stage.keys("plus", "plus")
        assert stage.area.percent > fitted * 1.5
        stage.keys("f")
        stage.keys("minus")
        assert stage.area.percent < fitted * 0.9
        stage.keys("0")
        assert abs(stage.area.percent - fitted) < 0.01


def test_each_pixel_is_where_it_belongs():
    with staged() as stage:
        stage.keys("1")
        assert stage.colours((18.5, 10.5), (21.5, 10.5), (21.5, 21.5)) == [ORANGE, BLUE, ORANGE]
        stage.scroll((20, 10), 9)
        assert stage.area.percent > 790
        assert stage.colours((19.9, 10.5), (20.1, 10.5)) == [ORANGE, BLUE]
        stage.picture("magnified")


def test_a_step_covers_its_part_and_goes_again():
    with staged() as stage:
        step = Screen(2, 2, bytes((0, 0, 255, 255)) * 4)
        stage.area.show_step(step, Crop(100, 100, 100, 100))
        assert stage.colours((105, 105), (195, 195), (205, 195)) == [(255, 0, 0)] * 2 + [BLUE]
        stage.area.show_step(None, Crop(0, 0, 1, 1))
        assert stage.colours((105, 105)) == [ORANGE]


def test_what_is_not_selected_is_dimmed():
    with staged() as stage:
        mask = (b"\xff" * 200 + bytes(200)) * 300
        stage.area.show_selection(mask, Crop(0, 0, 400, 300))
        left, right = stage.colours((10, 10), (370, 10))
        assert left == ORANGE and sum(right) < sum(ORANGE) * 0.75
        stage.area.show_selection(None, Crop(0, 0, 400, 300))
        assert stage.colours((370, 10)) == [ORANGE]


# Painting.


def test_what_is_painted_and_erased_becomes_a_mask():
    with staged() as stage:
        stage.keys("b")
        assert stage.area.tool == "paint"
        stage.area.brush = 15.0
        stage.drag((100, 100), (300, 100), (300, 200))
        stage.move((50, 250))
        tinted, plain = stage.colours((290, 110), (250, 210))
        assert tinted not in (ORANGE, BLUE) and plain in (ORANGE, BLUE)
        stage.keys("e")
        stage.drag((200, 80), (200, 120))
        stage.picture("painted")
        crop = Crop(50, 50, 300, 200)
        mask = rasterise(stage.strokes, crop)

        def value(x, y):
            return mask.data[(y - 50) * mask.width + x - 50]

        assert (mask.format, mask.width, mask.height) == ("gray8", 300, 200)
        assert value(100, 100) == value(300, 190) == 255
        assert value(200, 100) == value(150, 200) == value(100, 130) == 0
        stage.keys("ctrl+z")
        assert rasterise(stage.strokes, crop).data[50 * 300 + 150] == 255
        stage.keys("ctrl+z")
        assert stage.strokes.empty and rasterise(stage.strokes, crop) is None


def test_when_all_paint_is_erased_nothing_counts_as_painted():
    with staged() as stage:
        stage.area.tool, stage.area.brush = "paint", 10.0
        stage.click((100, 100))
        stage.area.tool, stage.area.brush = "erase", 40.0
        stage.click((105, 105))
        assert stage.strokes.empty
        stage.area.undo()
        assert len(stage.strokes.strokes) == 1


def test_the_brush_grows_and_shrinks_by_keys():
    with staged() as stage:
        stage.area.tool, stage.area.brush = "paint", 10.0
        stage.keys("bracketright", "bracketright", "bracketleft")
        assert abs(stage.area.brush - 12.0) < 0.01 and stage.heard == [""] * 3


# Never in the way.


def test_a_drawing_that_fails_is_said_once_and_kills_nothing():
    paint = Scene.paint
    try:
        Scene.paint = lambda *_: 1 / 0
        with staged() as stage:
            for _ in range(3):
                stage.area.widget.queue_draw()
                stage.settle()
            assert stage.heard == ["The picture cannot be drawn."]
            Scene.paint = paint
            stage.area.widget.queue_draw()
            assert stage.colours((10, 10)) == [ORANGE]
    finally:
        Scene.paint = paint


def test_steps_of_a_large_picture_are_shown_thirty_times_a_second():
    with staged(size=(900, 700)) as stage:
        box = Crop(0, 0, 6000, 4000)
        stage.area.show_base(Screen(6000, 4000, bytes((90, 120, 60, 255)) * (6000 * 4000)), box)
        lines = [HandleLine((500.0 * i, 500.0), (500.0 * i, 3000.0)) for i in range(1, 11)]
        stage.handles.replace(lines)
        stage.area.show_drawing(Drawing(tuple(lines)))
        stage.settle(0.5)
        screens = [Screen(512, 512, bytes((i, 90, 90, 255)) * 512 * 512) for i in range(10)]
        taken, paint = [], Scene.paint

        def timed(*given):
            began = time.perf_counter()
            paint(*given)
            taken.append((time.perf_counter() - began) * 1000)

        Scene.paint = timed
        try:
            for screen in screens * 2:
                stage.area.show_step(screen, Crop(1000, 0, 4000, 4000))
                stage.settle(0.03)
        finally:
            Scene.paint = paint
        print(f"a step is drawn within {sorted(taken)[len(taken) // 2]:.1f} ms")
        assert len(taken) >= 15 and sorted(taken)[len(taken) // 2] < 33


def test_all_marks_can_be_looked_at():
    with staged() as stage:
        ways = [HandleLine((60.0 * i, 200.0), (60.0 * i + 30, 100.0)) for i in range(1, 6)]
        lines = (*ways, HandleLine((360.0, 200.0), (360.0, 200.0)))
        now = (*(((a.start[0] + a.target[0]) / 2, 150.0) for a in ways), (360.0, 200.0))
        trails = tuple((line.start, (line.start[0], 170.0)) for line in lines)
        statuses = ("placed", "moving", "reached", "stuck", "lost", "pinned")
        stage.area.busy = True
        for name, clicks in (("marks", 0), ("marks-in", 5), ("marks-out", -9)):
            stage.scroll((200, 150), clicks) if clicks else None
            stage.area.show_drawing(
                Drawing(lines, 1, None, now, trails, statuses, (20.0, 20.0, 380.0, 280.0))
            )
            stage.settle(0.2)
            stage.picture(f"{name}-{stage.area.widget.get_scale_factor()}")


def run():
    failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test()
            print("ok  ", name, flush=True)
        except Exception:
            failed += 1
            print("FAIL", name, traceback.format_exc(), flush=True)
    return 1 if failed else 0


def main():
    """At scale 1, then at scale 2 in a process of its own, as Gtk asks but once."""
    status = run()
    if "GDK_SCALE" not in os.environ:
        print("At scale 2:", flush=True)
        code = f"import runpy, sys; sys.exit(runpy.run_path({__file__!r})['main']())"
        environment = {**os.environ, "GDK_SCALE": "2"}
        status = subprocess.call([sys.executable, "-c", code], env=environment) or status
    return status


if __name__ == "__main__":
    sys.exit(main())
