"""What GIMP's picture area paints with cairo, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.gimp_plugin import load

cairo = load("window.cairo")
WireError = load("draggan_wire.errors").WireError
try:
    cairo.load()
except WireError:
    pytest.skip("libcairo is not installed", allow_module_level=True)

brush = load("window.brush")
scenes = load("window.scene")
marks = load("window.marks")
View = load("window.view").View
Crop = load("draggan_wire.crop").Crop
Screen = load("screen").Screen
Drawing = load("draggan_wire.workbench.drawing").Drawing
HandleLine = load("draggan_wire.workbench.handles").HandleLine
Strokes = load("draggan_wire.workbench.strokes").Strokes

WHOLE = Crop(0, 0, 200, 100)
SIZE = 200, 100
LIGHT, DARK = (153, 153, 153), (102, 102, 102)


def screen(*colours: tuple[int, int, int, int], width: int = 2) -> Any:
    """Red, green, blue, alpha of each pixel, premultiplied."""
    pixels = np.array(colours, np.uint8)[:, [2, 1, 0, 3]]
    return Screen(width, len(colours) // width, pixels.tobytes())


def painted(scene: Any, view: Any = None, scale: float = 1, size: Any = SIZE) -> Any:
    """What a scene shows, as (row, column, red green blue)."""
    width, height = size
    target = cairo.Surface(round(width * scale), round(height * scale), cairo.RGB24)
    target.scale_device(scale)
    scene.paint(target.context(), view or View(), width, height, scale)
    pixels = np.frombuffer(target.to_bytes(), np.uint8)
    return pixels.reshape(target.height, target.width, 4)[:, :, 2::-1].astype(int)


def strokes_of(*ways: Any) -> Any:
    strokes = Strokes()
    for radius, erase, *points in ways:
        strokes.begin(points[0], radius, erase)
        for point in points[1:]:
            strokes.extend(point)
    return strokes


# Surfaces.


@pytest.mark.parametrize("width", [1, 3, 4, 7])
def test_pixels_come_out_of_a_surface_as_they_went_in(width: int) -> None:
    data = bytes(range(width * 5))
    assert cairo.Surface.from_bytes(data, width, 5, cairo.A8).to_bytes() == data


def test_bytes_of_another_size_are_refused() -> None:
    with pytest.raises(WireError, match="3 x 2 pixels came with 5 bytes"):
        cairo.Surface.from_bytes(bytes(5), 3, 2, cairo.A8)


def test_a_surface_that_cairo_refuses_is_an_error_in_words() -> None:
    with pytest.raises(WireError, match="cannot be drawn"):
        cairo.Surface(cairo.MAX_SIDE + 1, 1)


def test_what_cairo_complains_of_is_an_error_in_words() -> None:
    context = cairo.Surface(4, 4).context()
    context.scale(0.0, 0.0)
    with pytest.raises(WireError, match="matrix"):
        context.check()


def test_a_missing_library_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(WireError) as raised:
        load("window.libraries").load(("libnowhere.so.9",), "nowhere")
    assert "nowhere" in raised.value.sentence and "Install" in raised.value.hint


# The picture.


def test_a_smaller_screen_is_stretched_over_its_part_of_the_document() -> None:
    scene = scenes.Scene(Strokes())
    red, blue = (255, 0, 0, 255), (0, 0, 255, 255)
    scene.show_base(screen(red, blue), Crop(50, 20, 100, 60))
    pixels = painted(scene)
    assert tuple(pixels[50, 51]) == red[:3] and tuple(pixels[21, 149]) == blue[:3]
    ground = (55, 55, 55)
    assert tuple(pixels[50, 48]) == tuple(pixels[18, 100]) == tuple(pixels[82, 151]) == ground


def test_pixels_stay_squares_when_they_are_magnified() -> None:
    scene = scenes.Scene(Strokes())
    scene.show_base(screen((255, 0, 0, 255), (0, 0, 255, 255)), Crop(0, 0, 2, 1))
    row = painted(scene, View(40.0))[20]
    assert tuple(row[39]) == (255, 0, 0) and tuple(row[40]) == (0, 0, 255)


def test_a_fine_pattern_becomes_grey_when_it_is_reduced() -> None:
    rows = np.indices((256, 256)).sum(0) % 2 * 255
    pixels = np.repeat(rows[:, :, None], 4, 2).astype(np.uint8)
    pixels[:, :, 3] = 255
    scene = scenes.Scene(Strokes())
    scene.show_base(Screen(256, 256, pixels.tobytes()), Crop(0, 0, 256, 256))
    for zoom in (0.5, 0.3, 0.1):
        inside = painted(scene, View(zoom))[4:20, 4:20]
        assert abs(inside.mean() - 127.5) < 3 and inside.std() < 30


def test_checks_show_through_what_is_transparent() -> None:
    scene = scenes.Scene(Strokes())
    scene.show_base(screen((0, 0, 0, 0), (128, 0, 0, 128)), WHOLE)
    pixels = painted(scene)
    assert {tuple(pixels[4, 4]), tuple(pixels[4, 12])} == {LIGHT, DARK}
    assert pixels[4, 150, 0] > 170 > pixels[4, 150, 1]


def test_a_step_lies_over_the_base_until_it_is_taken_away() -> None:
    scene = scenes.Scene(Strokes())
    scene.show_base(screen((255, 0, 0, 255), (255, 0, 0, 255)), WHOLE)
    scene.show_step(screen((0, 255, 0, 255), (0, 255, 0, 255)), Crop(100, 0, 100, 100))
    pixels = painted(scene)
    assert tuple(pixels[50, 98]) == (255, 0, 0) and tuple(pixels[50, 102]) == (0, 255, 0)
    scene.show_step(None, WHOLE)
    assert tuple(painted(scene)[50, 102]) == (255, 0, 0)


def test_what_may_not_move_is_dimmed() -> None:
    scene = scenes.Scene(Strokes())
    scene.show_base(screen((200, 200, 200, 255), (200, 200, 200, 255)), WHOLE)
    scene.show_selection(bytes([255] * 50 + [0] * 50) * 100, Crop(50, 0, 100, 100))
    row = painted(scene)[50, :, 0]
    assert row[60] == 200 > 130 > row[120]
    assert row[20] == row[180] == row[120], "outside of the mask nothing moves either"
    scene.show_selection(None, WHOLE)
    assert painted(scene)[50, 120, 0] == 200


def test_twice_as_many_pixels_show_the_same_twice_as_fine() -> None:
    scene = scenes.Scene(Strokes())
    scene.drawing = Drawing((HandleLine((50.0, 50.0), (50.0, 50.0)),))
    coarse, fine = painted(scene), painted(scene, scale=2)
    assert fine.shape == (200, 400, 3)
    halved = fine.reshape(100, 2, 200, 2, 3).mean((1, 3))
    assert abs(halved - coarse).mean() < 0.5


# Marks.


def test_every_mark_stands_out_on_any_ground() -> None:
    ways = [HandleLine((20.0 + 60 * i, 80.0), (40.0 + 60 * i, 30.0)) for i in range(3)]
    for ground in ((0, 0, 0, 255), (255, 255, 255, 255), (86, 180, 233, 255)):
        scene = scenes.Scene(Strokes())
        scene.show_base(screen(ground, ground), WHOLE)
        before = painted(scene)
        scene.drawing = Drawing(tuple(ways))
        far = abs(painted(scene) - before).max(2)
        for way in ways:
            x, y = (round((a + b) / 2) for a, b in zip(way.start, way.target, strict=True))
            assert far[y - 4 : y + 5, x - 4 : x + 5].max() > 200
            x, y = map(round, way.target)
            assert far[y - 9 : y + 10, x - 9 : x + 10].max() > 200


@pytest.mark.parametrize("status", ["placed", "moving", "reached", "stuck", "lost"])
def test_every_status_looks_different(status: str) -> None:
    def look(status: str) -> Any:
        scene = scenes.Scene(Strokes())
        line = HandleLine((60.0, 60.0), (160.0, 60.0))
        scene.drawing = Drawing((line,), None, None, ((100.0, 60.0),), ((),), (status,))
        return painted(scene)

    for other in {"placed", "moving", "reached", "stuck", "lost"} - {status}:
        assert abs(look(status) - look(other)).max() > 50


def test_nothing_is_drawn_beyond_the_bounds() -> None:
    lines = (
        HandleLine((60.0, 60.0), (90.0, 40.0)),
        HandleLine((130.0, 50.0), (130.0, 50.0)),
    )
    drawing = Drawing(lines, 0, None, ((70.0, 55.0), (130.0, 50.0)), ((), ()), ("lost", "pinned"))
    scene = scenes.Scene(Strokes())
    before = painted(scene)
    scene.drawing = drawing
    rows, columns = np.nonzero(abs(painted(scene) - before).max(2))
    left, top, width, height = marks.bounds(View(), drawing)
    assert left <= columns.min() and columns.max() < left + width
    assert top <= rows.min() and rows.max() < top + height
    assert marks.bounds(View(), Drawing()) is None


# Paint.


def test_strokes_become_a_mask_of_the_crop() -> None:
    strokes = strokes_of((5.0, False, (60.0, 50.0), (140.0, 50.0)), (3.0, True, (100.0, 50.0)))
    mask = brush.rasterise(strokes, Crop(50, 40, 99, 20))
    assert (mask.format, mask.width, mask.height) == ("gray8", 99, 20)
    pixels = np.frombuffer(mask.data, np.uint8).reshape(20, 99)
    assert pixels[10, 10] == pixels[6, 40] == pixels[10, 93] == 255
    assert pixels[10, 50] == pixels[3, 40] == pixels[10, 3] == 0
    area = 80 * 10 + np.pi * 25 - np.pi * 9
    assert abs(pixels.sum() / 255 - area) < 4


def test_a_click_of_the_brush_is_a_dot() -> None:
    mask = brush.rasterise(strokes_of((10.0, False, (50.0, 50.0))), Crop(0, 0, 100, 100))
    assert abs(sum(mask.data) / 255 - np.pi * 100) < 4


def test_without_strokes_there_is_no_mask() -> None:
    assert brush.rasterise(Strokes(), WHOLE) is None


def test_it_is_known_whether_any_paint_is_left() -> None:
    way = (60.0, 50.0), (140.0, 50.0)
    assert not brush.nothing_left(strokes_of((5.0, False, *way)), WHOLE)
    assert not brush.nothing_left(strokes_of((5.0, False, *way), (9.0, True, way[0])), WHOLE)
    assert brush.nothing_left(strokes_of((5.0, False, *way), (9.0, True, *way)), WHOLE)


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_paint_is_a_veil_with_an_edge_and_what_is_erased_is_bare(ground: int) -> None:
    strokes = strokes_of((20.0, False, (50.0, 50.0), (150.0, 50.0)), (8.0, True, (100.0, 50.0)))
    scene = scenes.Scene(strokes)
    scene.veiled = True
    grey = (ground, ground, ground, 255)
    scene.show_base(screen(grey, grey), WHOLE)
    pixels = painted(scene)
    red, green, blue = pixels[50, 60]
    assert min(red, blue) - green > 50
    assert tuple(pixels[50, 100]) == tuple(pixels[5, 5]) == grey[:3]
    assert pixels[29, 60].min() > max(ground, 150) - 1 or ground == 255


def test_a_stroke_under_way_looks_as_it_will_when_it_is_done() -> None:
    strokes = strokes_of((10.0, False, (20.0, 20.0), (180.0, 20.0)))
    scene = scenes.Scene(strokes)
    scene.veiled = True
    strokes.begin((20.0, 60.0), 10.0)
    for x in range(30, 180, 10):
        strokes.extend((float(x), 60.0))
        grown = painted(scene)
    assert scene.stale is False
    again = scenes.Scene(strokes)
    again.veiled = True
    assert (grown == painted(again)).all()


def test_the_brush_is_shown_where_the_pointer_is() -> None:
    scene = scenes.Scene(Strokes())
    before = painted(scene)
    scene.brush = (100.0, 50.0), 30.0
    changed = abs(painted(scene) - before).max(2) > 20
    assert changed[50, 69:72].any() and changed[19:22, 100].any()
    assert not changed[40:60, 80:120].any()


def test_without_the_veil_only_the_edge_of_the_paint_lies_over_the_picture() -> None:
    strokes = strokes_of((20.0, False, (50.0, 50.0), (150.0, 50.0)))
    scene, plain = scenes.Scene(strokes), scenes.Scene(Strokes())
    for each in (scene, plain):
        each.show_base(screen((128, 128, 128, 255), (128, 128, 128, 255)), WHOLE)
    edged, bare = painted(scene), painted(plain)
    assert (edged[45:55, 50:150] == bare[45:55, 50:150]).all()
    assert (edged != bare).any()
    scene.veiled = True
    assert (painted(scene)[45:55, 50:150] != bare[45:55, 50:150]).any(axis=2).all()


def test_what_may_not_move_is_dimmed_until_there_is_a_step_to_be_judged() -> None:
    scene, grey = scenes.Scene(Strokes()), screen((200, 200, 200, 255), (200, 200, 200, 255))
    scene.show_base(grey, WHOLE)
    bright = painted(scene)
    scene.show_selection(bytes(WHOLE.width * WHOLE.height), WHOLE)
    assert painted(scene).mean() < bright.mean() - 20
    scene.show_step(grey, WHOLE)
    assert (painted(scene) == bright).all()
