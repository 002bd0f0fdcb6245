"""Paths and the selection, as a user makes them, read as handles and as a mask."""

from draggan_studio.draggan_wire.crop import Crop
from draggan_studio.host.document import GimpDocument
from gi.repository import Gimp
from made import add_layer, new_image, refused, run_all


def scene(size=(50, 50)):
    image = new_image(size=(200, 150))
    return image, GimpDocument(image, add_layer(image, size=size, at=(20, 30)))


def add_path(image, *strokes, name="path", closed=False):
    path = Gimp.Path.new(image, name)
    image.insert_path(path, None, 0)
    for anchors in strokes:
        points = [value for anchor in anchors for value in (*anchor, *anchor, *anchor)]
        path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, points, closed)
    return path


def ends(lines):
    return [(line.start, line.target) for line in lines]


def a_stroke_goes_from_its_first_anchor_to_its_last():
    image, document = scene()
    add_path(image, [(10.5, 20.25), (30, 40), (50, 60.75)], [(5, 5)])
    assert ends(document.path_lines()) == [((10.5, 20.25), (50, 60.75)), ((5, 5), (5, 5))]
    assert document.path_lines()[1].pinned


def the_selected_paths_count_or_the_one_that_is_named():
    image, document = scene()
    first = add_path(image, [(1, 1), (2, 2)], name="first")
    second = add_path(image, [(3, 3), (4, 4)], name="second")
    image.set_selected_paths([first, second])
    assert len(document.path_lines()) == 2
    image.set_selected_paths([first])
    assert ends(document.path_lines()) == [((1, 1), (2, 2))]
    assert ends(document.path_lines("first")) == [((1, 1), (2, 2))]


def what_is_no_handle_is_refused():
    image, document = scene()
    assert "no path in this image" in refused(document.path_lines)
    assert "no path called 'x'" in refused(document.path_lines, "x")
    add_path(image, name="empty")
    assert "nothing on the path" in refused(document.path_lines)
    add_path(image, [(1, 1), (9, 9), (5, 2)], closed=True)
    assert "closed" in refused(document.path_lines)
    add_path(image, *([(k, 1), (k, 2)] for k in range(65)), name="many")
    assert "more than 64" in refused(document.path_lines)
    add_path(image, *([(k, 1), (k, 2)] for k in range(64)), name="just")
    assert len(document.path_lines("just")) == 64


def a_selection_keeps_its_feathering():
    image, document = scene()
    assert document.selection_box() is None
    assert document.read_selection(Crop(0, 0, 10, 10)) is None
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 50, 60, 30)
    assert document.selection_box() == (40, 50, 100, 80)
    mask = document.read_selection(Crop(35, 45, 20, 20))
    assert mask.data[:25].strip(b"\0") == b"" and mask.data[10 * 20 + 10] == 255
    Gimp.Selection.feather(image, 10)
    mask = document.read_selection(Crop(20, 60, 60, 1))
    ramp = list(mask.data)
    assert ramp == sorted(ramp) and len(set(ramp)) > 8, ramp
    # At the edge of a feathered selection, half of it is selected: no gamma has been at work.
    assert 115 < (ramp[19] + ramp[20]) / 2 < 140, ramp


def a_selection_outside_of_the_image_is_none():
    image, document = scene()
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 180, 140, 60, 30)
    assert document.selection_box() == (180, 140, 200, 150)


run_all(globals())
