"""The live layer: what it shows, what it leaves, what users do to it meanwhile."""

from draggan_studio.draggan_wire.crop import Crop
from draggan_studio.draggan_wire.messages import Image
from draggan_studio.host.document import GimpDocument
from gi.repository import Gimp
from made import add_layer, new_image, pixels, refused, result_of, run_all, visible

WHOLE = Crop(0, 0, 40, 30)
PART = Crop(10, 5, 20, 20)


def scene(parent=False):
    image = new_image()
    group = None
    if parent:
        group = Gimp.GroupLayer.new(image, "group")
        image.insert_layer(group, None, 0)
    layer = add_layer(image, parent=group)
    image.set_selected_layers([layer])
    image.clean_all()
    return image, layer, GimpDocument(image, layer)


def flat(level, crop=PART):
    pixel = bytes((level, 128, 255 - level, 255))
    return Image("rgba8", crop.width, crop.height, pixel * crop.width * crop.height)


def shown(image):
    return visible(image, "R'G'B'A u8")[(15 * 40 + 20) * 4 :][:4]


def it_shows_each_step_and_leaves_nothing():
    image, layer, document = scene()
    before = visible(image)
    for level in (10, 50, 200):
        document.show_live(flat(level), PART)
        assert shown(image) == bytes((level, 128, 255 - level, 255))
        assert len(image.get_layers()) == 2 and image.get_selected_layers() == [layer]
    document.show_live(flat(90, WHOLE), WHOLE)
    assert len(image.get_layers()) == 2 and shown(image)[0] == 90
    document.end_live()
    document.end_live()
    assert visible(image) == before and image.get_layers() == [layer]
    assert not image.is_dirty() and image.undo_is_enabled()


def what_is_read_is_not_what_it_shows():
    image, _, document = scene()
    read = document.read_visible(WHOLE)
    document.show_live(flat(77), PART)
    assert document.read_visible(WHOLE) == read
    assert document.read_screen("", WHOLE, 40, 30) == document.screen(read)
    assert shown(image)[0] == 77


def a_result_takes_its_place():
    image, layer, document = scene()
    result = result_of(document.read_layer(document.layer, WHOLE), WHOLE)
    document.show_live(flat(1), PART)
    added = document.insert([result], source=document.layer)
    assert image.get_layers() == [added.get_parent(), layer]


def locks_of_the_users_are_heeded():
    for owner in ("group", "layer"):
        image, layer, document = scene(parent=True)
        group = layer.get_parent()
        document.show_live(flat(10), PART)
        live = group.get_children()[0]
        (group if owner == "group" else live).set_lock_content(True)
        document.show_live(flat(99), PART)  # GIMP would end the plug-in for writing now
        assert shown(image)[0] == (10 if owner == "group" else 99)
        group.set_lock_content(False)
        document.show_live(flat(100), PART)
        assert shown(image)[0] == 100
        group.set_lock_content(True)
        document.end_live()
        assert live not in group.get_children()


def a_locked_group_gets_it_above_itself():
    image, layer, document = scene(parent=True)
    layer.get_parent().set_lock_content(True)
    document.show_live(flat(10), PART)
    document.show_live(flat(11), PART)
    assert shown(image)[0] == 11 and len(image.get_layers()) == 2
    document.end_live()


def one_that_was_removed_stays_away():
    image, layer, document = scene()
    document.show_live(flat(10), PART)
    image.remove_layer(image.get_layers()[0])
    document.show_live(flat(11), PART)
    assert image.get_layers() == [layer]
    document.end_live()
    document.show_live(flat(12), PART)
    assert shown(image)[0] == 12
    document.close()


def a_layer_or_an_image_that_is_gone_is_no_trouble():
    image, layer, document = scene()
    document.show_live(flat(10), PART)
    image.remove_layer(layer)
    document.show_live(flat(11), PART)
    document.end_live()
    assert image.get_layers() == []
    image, layer, document = scene()
    document.show_live(flat(10), PART)
    image.delete()
    document.show_live(flat(11), PART)
    document.end_live()


def a_picture_of_the_wrong_size_is_refused():
    image, layer, document = scene()
    assert "in place of" in refused(document.show_live, flat(10), WHOLE)
    assert image.get_layers() == [layer] and image.undo_is_enabled()


def screens_are_premultiplied_and_scaled():
    _, layer, document = scene()
    half = Image("rgba8", 2, 1, bytes((200, 100, 50, 128, 9, 9, 9, 0)))
    assert document.screen(half).data == bytes((25, 50, 100, 128, 0, 0, 0, 0))
    gray = Image("graya8", 1, 1, bytes((200, 255)))
    assert document.screen(gray).data == bytes((200, 200, 200, 255))
    wide = Image("rgb16", 1, 1, b"\xff\xff\0\0\0\x80")
    assert document.screen(wide).data == bytes((128, 0, 255, 255))
    small = document.small(flat(60, WHOLE), 20)
    assert (small.format, small.width, small.height) == ("rgba8", 20, 15)
    assert small.data[:4] == bytes((60, 128, 195, 255))
    layer.set_offsets(10, 10)
    scaled = document.read_screen(document.layer, Crop(10, 10, 30, 20), 15, 10)
    assert (scaled.width, scaled.height, len(scaled.data)) == (15, 10, 600)
    first = pixels(layer, "R'G'B'A u8")
    box = [first[at : at + 4] for at in (0, 4, 160, 164)]
    middle = [sum(pixel[channel] for pixel in box) / 4 for channel in (2, 1, 0)]
    assert all(abs(a - b) < 40 for a, b in zip(middle, scaled.data[:3], strict=True))


run_all(globals())
