"""Where results go: group, offsets, masks, alpha, modes, locks, earlier edits, a saved file."""

import contextlib
import os
from dataclasses import replace

from draggan_studio.canvas import NewLayer
from draggan_studio.draggan_wire.crop import Crop
from draggan_studio.draggan_wire.messages import Image
from draggan_studio.host import notes
from draggan_studio.host.document import GimpDocument
from gi.repository import Gimp, Gio
from made import (
    GRAY,
    add_layer,
    fill,
    new_image,
    pixels,
    refused,
    result_of,
    run_all,
    visible,
)

WHOLE = Crop(0, 0, 40, 30)
RGBA = "R'G'B'A u8"


def names(items):
    return [item.get_name().split(" #")[0] for item in items]


def expected(layer_rgba, below_rgba):
    """One 8-bit colour over another, in GIMP's linear light."""
    alpha = layer_rgba[3] / 255

    def linear(v):
        v /= 255
        return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4

    def coded(v):
        return 255 * (v * 12.92 if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)

    mixed = (
        alpha * linear(a) + (1 - alpha) * linear(b)
        for a, b in zip(layer_rgba, below_rgba, strict=True)
    )
    return [coded(v) for v in mixed][:3]


def close(a, b, most=1.01):
    return all(abs(p - q) <= most for p, q in zip(a, b, strict=False))


def save_and_load(image):
    file = Gio.File.new_for_path(os.path.join(os.environ["RIG_OUT"], "layers.xcf"))
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)


def an_opaque_layer_gets_an_ordinary_group_right_above_it():
    image = new_image()
    add_layer(image, seed=3, name="below")
    layer = add_layer(image, name="mine")
    add_layer(image, alpha=True, seed=4, name="above", size=(5, 5))
    document = GimpDocument(image, layer)
    image.set_selected_layers([layer])
    read = document.read_layer(document.layer, WHOLE)
    kept = replace(result_of(read, WHOLE, name="step 3", seed=1), visible=False)
    result = result_of(read, WHOLE, name="result")
    added = document.insert([kept, result], source=document.layer)
    group = added.get_parent()
    assert names(image.get_layers()) == ["above", "DragGAN", "mine", "below"]
    assert names(group.get_children()) == ["result", "step 3"]
    assert [each.get_visible() for each in group.get_children()] == [True, False]
    assert added.get_mode() == Gimp.LayerMode.NORMAL == group.get_mode()
    assert image.get_selected_layers() == [layer] and layer.get_visible()
    assert visible(image, RGBA)[5 * 4 : 20 * 4] == result.image.data[5 * 4 : 20 * 4]


def a_crop_goes_where_it_was_read_from_a_layer_partly_outside():
    image = new_image()
    add_layer(image, seed=3)
    outer = Gimp.GroupLayer.new(image, "outer")
    image.insert_layer(outer, None, 0)
    layer = add_layer(image, size=(30, 25), at=(-7, 12), parent=outer)
    document = GimpDocument(image, layer)
    frame = document.frame(document.layer)
    assert frame == Crop(0, 12, 23, 18)
    crop = Crop(4, 14, 12, 10)
    read = document.read_layer(document.layer, crop)
    assert read.data == pixels(layer, RGBA, Crop(11, 2, 12, 10))
    before = visible(image, RGBA)
    result = result_of(read, crop)
    added = document.insert([result], source=document.layer)
    assert added.get_parent().get_parent() == outer
    assert added.get_offsets()[1:] == (4, 14)
    after = visible(image, RGBA)
    for index in range(40 * 30):
        x, y = index % 40, index // 40
        wanted = before[4 * index :][:4]
        if 4 <= x < 10 and 14 <= y < 24:
            wanted = result.image.data[((y - 14) * 12 + x - 4) * 4 :][:4]
        assert after[4 * index :][:4] == wanted, (x, y)


def outside_of_a_layer_it_is_transparent():
    image = new_image()
    layer = add_layer(image, size=(10, 10), at=(5, 5))
    document = GimpDocument(image, layer)
    read = document.read_layer(document.layer, WHOLE)
    assert read.data[:4] == b"\0\0\0\0" and read.data[(5 * 40 + 5) * 4 + 3] == 255


def a_layer_that_shines_through_is_replaced_not_covered():
    image = new_image()
    below = add_layer(image, seed=3)
    layer = add_layer(image, alpha=True)
    below_look = pixels(below, RGBA)
    document = GimpDocument(image, layer)
    read = document.read_layer(document.layer, WHOLE)
    before = visible(image, RGBA)
    result = result_of(read, WHOLE)
    added = document.insert([result], source=document.layer)
    group = added.get_parent()
    assert names(group.get_children()) == [result.name, "Original"]
    assert not layer.get_visible() and image.get_selected_layers() == [added]
    after = visible(image, RGBA)
    for k in range(0, 40 * 30 * 4, 4):
        wanted = expected(result.image.data[k : k + 4], below_look[k : k + 4])
        assert close(after[k : k + 3], wanted), (k, list(after[k : k + 3]), wanted)
        if k // 4 % 40 >= 20:
            assert after[k : k + 4] == before[k : k + 4]
    loaded = save_and_load(image)
    assert visible(loaded) == visible(image)


def what_moves_takes_its_alpha_along():
    for precision in ("u8-non-linear", "u16-non-linear", "float-linear"):
        image = new_image(precision)
        below = add_layer(image, seed=3)
        layer = add_layer(image, alpha=True)
        below_look, before = pixels(below, RGBA), visible(image)
        document = GimpDocument(image, layer)
        read = document.read_layer(document.layer, WHOLE)
        result = result_of(read, WHOLE, alpha=True)
        added = document.insert([result], source=document.layer)
        look = pixels(added.get_children()[0], RGBA)
        after = visible(image, RGBA)
        assert [look[k + 3] for k in range(0, 80, 4)] == [0, 128, 255, 128] * 5
        for k in range(0, 40 * 30 * 4, 4):
            if k // 4 % 40 < 20:
                wanted = expected(look[k : k + 4], below_look[k : k + 4])
                assert close(after[k : k + 3], wanted), (k, list(after[k : k + 3]), wanted)
        assert half(before, image) == half(visible(image), image), "the right half stays as it was"
        image.remove_layer(below)
        shown = visible(image, RGBA)
        assert shown[3:80:4] == look[3:80:4], "transparent where nothing is any more"
        assert visible(save_and_load(image)) == visible(image)


def half(data, image):
    """The right one of what is visible."""
    row = len(data) // image.get_height()
    return [data[k + row // 2 : k + row] for k in range(0, len(data), row)]


def a_mode_an_opacity_and_a_mask_hold_for_the_result_too():
    for mode in (Gimp.LayerMode.MULTIPLY, Gimp.LayerMode.NORMAL):
        image = new_image("u8-perceptual")
        add_layer(image, seed=3)
        layer = add_layer(image)
        layer.set_mode(mode)
        layer.set_opacity(60)
        mask = layer.create_mask(Gimp.AddMaskType.WHITE)
        layer.add_mask(mask)
        fill(mask, "Y u8", bytes((x * 7) % 256 for _ in range(30) for x in range(40)))
        document = GimpDocument(image, layer)
        read = document.read_layer(document.layer, WHOLE)
        before = visible(image, RGBA)
        result = result_of(read, WHOLE)
        document.insert([result], source=document.layer)
        after = visible(image, RGBA)
        for row in range(0, len(after), 160):
            assert after[row + 80 : row + 160] == before[row + 80 : row + 160]
        # The same pixels in the user's own layer must look just so.
        image.remove_layer(image.get_layers()[0])
        layer.set_visible(True)
        fill(layer, RGBA, result.image.data)
        assert close(visible(image, RGBA), after), mode


def a_hidden_layer_is_seen_whole_in_its_result():
    image = new_image("u8-perceptual")
    layer = add_layer(image)
    shown = visible(image, RGBA)
    layer.set_visible(False)
    document = GimpDocument(image, layer)
    result = result_of(document.read_layer(document.layer, WHOLE), WHOLE)
    document.insert([result], source=document.layer)
    after = visible(image, RGBA)
    for row in range(0, len(after), 160):  # the right half has not changed
        assert after[row + 80 : row + 160] == shown[row + 80 : row + 160]


def everything_visible_is_replaced_where_it_shines_through():
    for alpha in (False, True):
        image = new_image()
        add_layer(image, alpha=alpha, seed=3)
        layer = add_layer(image, alpha=True, size=(20, 20), at=(3, 3))
        document = GimpDocument(image, layer)
        read = document.read_visible(WHOLE)
        result = result_of(read, WHOLE)
        added = document.insert([result], source="")
        assert image.get_layers()[0] == added.get_parent()
        assert visible(image, RGBA) == result.image.data, alpha
        assert visible(save_and_load(image), RGBA) == result.image.data
        assert notes.read_origin(added.get_parent()).layer == ""


def gray_stays_gray():
    image = new_image(base=GRAY)
    layer = add_layer(image)
    document = GimpDocument(image, layer)
    result = result_of(document.read_layer(document.layer, WHOLE), WHOLE)
    added = document.insert([result], source=document.layer)
    assert added.is_gray() and visible(image, "Y'A u8") == result.image.data


def effects_are_dragged_along():
    image = new_image()
    layer = add_layer(image)
    plain = pixels(layer, RGBA)
    layer.append_filter(Gimp.DrawableFilter.new(layer, "gegl:invert-gamma", "inverted"))
    document = GimpDocument(image, layer)
    read = document.read_layer(document.layer, WHOLE)
    assert read.data != plain and read.data == visible(image, RGBA)
    result = result_of(read, WHOLE)
    document.insert([result], source=document.layer)
    assert visible(image, RGBA) == result.image.data


def a_group_and_a_text_can_be_dragged():
    image = new_image()
    group = Gimp.GroupLayer.new(image, "g")
    image.insert_layer(group, None, 0)
    inner = add_layer(image, parent=group)
    document = GimpDocument(image, group)
    read = document.read_layer(document.layer, WHOLE)
    assert read.data == pixels(inner, RGBA)
    document.insert([result_of(read, WHOLE)], source=document.layer)
    assert names(image.get_layers()) == ["DragGAN", "g"]
    text = Gimp.TextLayer.new(image, "hello", Gimp.context_get_font(), 20.0, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    document = GimpDocument(image, text)
    frame = document.frame(document.layer)
    read = document.read_layer(document.layer, frame)
    assert (read.width, read.height) == (frame.width, frame.height)
    if any(read.data):
        document.insert([result_of(read, frame)], source=document.layer)
        assert text.is_text_layer()


def a_locked_group_is_left_alone():
    image = new_image()
    outer, inner = (Gimp.GroupLayer.new(image, name) for name in ("outer", "inner"))
    image.insert_layer(outer, None, 0)
    image.insert_layer(inner, outer, 0)
    for alpha in (False, True):
        layer = add_layer(image, parent=inner, alpha=alpha, seed=5)
        layer.set_lock_content(True)
        outer.set_lock_content(True)
        document = GimpDocument(image, layer)
        read = document.read_layer(document.layer, WHOLE)
        added = document.insert([result_of(read, WHOLE)], source=document.layer)
        assert added.get_parent().get_parent() is None and layer.get_visible()
        outer.set_lock_content(False)
        inner.set_lock_content(True)
        document.insert([result_of(read, WHOLE)], source=document.layer)
        assert names(outer.get_children()) == ["DragGAN", "inner"]
        inner.set_lock_content(False)
        image.remove_layer(outer.get_children()[0])


def what_supersedes_goes_to_the_same_group():
    for alpha in (False, True):
        image = new_image()
        layer = add_layer(image, alpha=alpha)
        image.set_selected_layers([layer])
        document = GimpDocument(image, layer)
        read = document.read_layer(document.layer, WHOLE)
        given = []

        def note(group, layers, given=given):
            given.append((group, layers))
            return b"one" * len(given)

        first = document.insert([result_of(read, WHOLE)], source=document.layer, note=note)
        old = str(first.get_tattoo())
        again = result_of(read, WHOLE, share=0.2, seed=8)
        second = document.insert([again], source=document.layer, hidden=[old], note=note)
        assert second.get_parent() == first.get_parent() and not first.get_visible()
        assert image.get_selected_layers() == [second if alpha else layer]
        assert second.get_parent().get_children()[0] == second
        assert [group for group, _ in given] == [str(first.get_parent().get_tattoo())] * 2
        assert given[1][1] == (str(second.get_tattoo()),)
        assert visible(image, RGBA) == again.image.data
        for each in (layer, first, second, first.get_parent()):
            assert GimpDocument(image, each).read_note() == b"oneone", each.get_name()
        second.get_parent().set_visible(False)
        third = document.insert([again], source=document.layer, hidden=[old], note=note)
        assert third.get_parent() not in (first.get_parent(), None)
        position = image.get_item_position
        assert position(third.get_parent()) < position(first.get_parent()), "would be covered"


def what_fails_leaves_nothing_behind():
    def broken(group, layers):
        raise OSError("no")

    for alpha in (False, True):
        image = new_image()
        layer = add_layer(image, alpha=alpha)
        image.clean_all()
        document = GimpDocument(image, layer)
        read = document.read_layer(document.layer, WHOLE)
        with contextlib.suppress(OSError):
            document.insert([result_of(read, WHOLE)], source=document.layer, note=broken)
        assert image.get_layers() == [layer] and layer.get_visible()
        assert image.get_selected_layers() == [layer]
        small = Image("rgba8", 4, 4, bytes(64))
        wrong = NewLayer("wrong", small, WHOLE, Image("gray8", 4, 4, bytes(16)))
        assert "in place of 40 x 30" in refused(document.insert, [wrong], source=document.layer)
        assert image.get_layers() == [layer]


def what_cannot_be_worked_on_is_refused():
    image = new_image()
    layer = add_layer(image)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    for other in (mask, image.get_selection()):
        assert "a mask or a channel" in refused(GimpDocument, image, other)
    indexed = image.duplicate()
    indexed.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 8, False, False, ""
    )
    assert "indexed" in refused(GimpDocument, indexed, indexed.get_layers()[0])
    document = GimpDocument(image, layer)
    layer.set_offsets(100, 100)
    assert "lies outside" in refused(document.frame, document.layer)
    assert "deleted" in refused(document.frame, "4711")
    assert "deleted" in refused(document.frame, "no number")
    assert "too large" in refused(document.read_visible, Crop(0, 0, 40000, 40000))
    image.remove_layer(layer)
    assert not document.alive and document.read_layer(document.layer, WHOLE) is None
    assert "deleted" in refused(document.insert, [1], source=document.layer)
    image.delete()
    assert not document.alive and document.description == "closed"
    for call in (lambda: document.size, document.selection_box, document.path_lines):
        assert "closed" in refused(call)
    assert "closed" in refused(document.read_visible, WHOLE)
    document.close()


run_all(globals())
