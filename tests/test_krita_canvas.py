"""What a canvas reads of a Krita document, and which step it finds there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, LINE, WIDTH, HandleLine, Scene, Settings

errors = load("draggan_wire.errors")
layers = load("host.layers")
Crop = load("draggan_wire.crop").Crop


@pytest.fixture
def raw() -> Any:
    return fake_krita().open(WIDTH, HEIGHT)


@pytest.fixture
def scene(raw: Any) -> Scene:
    return Scene(raw)


@pytest.fixture
def on_layer(raw: Any) -> Scene:
    return Scene(raw, source="layer")


# What is read.


def test_a_first_drag_opens_what_is_visible(scene: Scene, raw: Any) -> None:
    assert scene.aim() is None
    image = scene.canvas.read_image()
    assert (image.format, image.width, image.height) == ("bgra8", WIDTH, HEIGHT)
    assert bytes(image.data) == raw.seen()


def test_handles_are_told_in_the_crops_own_pixels() -> None:
    scene = Scene(fake_krita().open(600, 400), region="auto")
    scene.aim(HandleLine((290.0, 200.0), (310.0, 200.0)))
    assert scene.canvas.crop == Crop(172, 72, 256, 256)
    assert scene.canvas.read_handles() == [((118.0, 128.0), (138.0, 128.0))]
    expected = scene.raw.seen((172, 72, 256, 256))
    assert bytes(scene.canvas.read_image().data) == expected


def test_nothing_can_be_read_before_something_was_chosen(scene: Scene) -> None:
    with pytest.raises(errors.BadInput, match="Nothing has been chosen"):
        scene.canvas.read_image()


def test_one_layer_is_read_without_what_lies_over_it(on_layer: Scene, raw: Any) -> None:
    base = raw.named("Background")
    alone = bytes(base.pixelData(0, 0, WIDTH, HEIGHT))
    above = raw.createNode("Above", "paintlayer")
    raw.rootNode().addChildNode(above, None)
    raw.paint(above, 9, (0, 0, WIDTH, HEIGHT))
    raw.setActiveNode(base)
    on_layer.aim()
    assert bytes(on_layer.canvas.read_image().data) == alone != raw.seen()


@pytest.mark.parametrize(("depth", "form"), [("U8", "bgra8"), ("U16", "bgra16")])
def test_a_document_is_read_in_its_own_depth(depth: str, form: str) -> None:
    scene = Scene(fake_krita().open(WIDTH, HEIGHT, depth=depth))
    scene.aim()
    image = scene.canvas.read_image()
    assert image.format == form and bytes(image.data) == scene.raw.seen()


def test_a_grey_document_is_read_in_colour() -> None:
    scene = Scene(fake_krita().open(WIDTH, HEIGHT, model="GRAYA", profile="grey"))
    scene.aim()
    data = bytes(scene.canvas.read_image().data)
    assert data[0::4] == data[1::4] == data[2::4] == scene.raw.seen()[0::2]


def test_where_nothing_is_painted_nothing_can_be_dragged(scene: Scene, raw: Any) -> None:
    raw.named("Background").setVisible(False)
    with pytest.raises(errors.BadInput, match="nothing to see where the handles are"):
        scene.aim()


def test_a_layer_with_a_speck_of_paint_is_not_blank(on_layer: Scene, raw: Any) -> None:
    layer = raw.createNode("Speck", "paintlayer")
    raw.rootNode().addChildNode(layer, None)
    raw.setActiveNode(layer)
    with pytest.raises(errors.BadInput, match="nothing to see"):
        on_layer.aim()
    raw.paint(layer, 0, (WIDTH - 1, HEIGHT - 1, 1, 1))
    assert on_layer.aim() is None


def test_without_a_selection_everything_may_move(scene: Scene) -> None:
    scene.aim()
    assert scene.canvas.read_mask() is None


def test_the_selection_says_what_may_move_with_its_feathering(scene: Scene, raw: Any) -> None:
    raw.select(2, 2, 10, 10, value=128)
    scene.aim()
    mask = scene.canvas.read_mask()
    assert (mask.format, mask.width, mask.height) == ("gray8", WIDTH, HEIGHT)
    assert mask.data[5 * WIDTH + 5] == 128 and mask.data[20 * WIDTH + 20] == 0


def test_handles_outside_the_selection_are_refused(scene: Scene, raw: Any) -> None:
    raw.select(25, 20, 10, 8)
    with pytest.raises(errors.BadInput, match="outside the selection"):
        scene.aim()
    scene.aim(LINE, HandleLine((30.0, 25.0), (33.0, 25.0)))  # one inside is enough
    assert scene.canvas.read_mask() is not None


def test_pins_may_lie_outside_the_selection_but_need_not_lie_inside(scene: Scene, raw: Any) -> None:
    raw.select(25, 20, 10, 8)
    with pytest.raises(errors.BadInput, match="outside the selection"):
        scene.aim(LINE, HandleLine((30.0, 25.0), (30.0, 25.0)))


def test_a_handle_on_the_far_edge_is_looked_up_in_the_last_pixel(scene: Scene, raw: Any) -> None:
    raw.select(0, 0, WIDTH, HEIGHT)
    corner = HandleLine((float(WIDTH), float(HEIGHT)), (5.0, 5.0))
    assert scene.aim(corner) is None


# Which step the document shows.


def test_after_a_drag_the_document_shows_its_step(scene: Scene) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    assert scene.aim() == 12


def test_a_second_drag_still_works_on_the_pixels_that_were_opened(scene: Scene, raw: Any) -> None:
    opened = raw.seen()
    scene.aim()
    scene.drag_to(12, 100)
    scene.aim()
    assert bytes(scene.canvas.read_image().data) == opened != raw.seen()


def test_undoing_results_goes_back_step_by_step(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    scene.aim()
    scene.drag_to(30, 160)
    assert scene.aim() == 30
    raw.undo()
    assert scene.aim() == 12
    raw.undo()
    assert scene.aim() == 0
    raw.redo()
    assert scene.aim() == 12


def test_hiding_a_result_shows_the_step_before_it(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    raw.named("Result 12").setVisible(False)
    assert scene.aim() == 0


def test_after_painting_a_new_edit_begins_with_what_is_there(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    raw.paint(raw.named("Background"), 9)
    raw.named("DragGAN").setVisible(False)
    assert scene.aim() is None
    assert bytes(scene.canvas.read_image().data) == raw.seen()


def test_a_new_edit_gets_a_group_of_its_own(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    raw.paint(raw.named("Result 12"), 9)
    assert scene.aim() is None
    scene.drag_to(5, 50)
    assert [list(raw.tree(node)) for node in raw.rootNode().childNodes()[1:]] == [
        ["Result 12"],
        ["Result 5"],
    ]


@pytest.mark.parametrize("region", ["whole", "selection"])
def test_another_region_is_another_edit(region: str) -> None:
    scene = Scene(fake_krita().open(300, 300), region="auto")
    scene.raw.select(0, 0, 200, 200)
    scene.aim()
    assert scene.aim() == 0
    scene.settings = Settings(region=region)
    assert scene.aim() is None


def test_a_selection_elsewhere_is_another_edit() -> None:
    scene = Scene(fake_krita().open(300, 300), region="selection")
    scene.raw.select(0, 0, 100, 100)
    scene.aim()
    assert scene.aim() == 0
    scene.raw.select(0, 0, 120, 100)
    assert scene.aim() is None
    assert scene.canvas.crop.width >= 120


def test_handles_that_stay_in_the_square_go_on_with_the_edit() -> None:
    scene = Scene(fake_krita().open(900, 600), region="auto")
    scene.aim(HandleLine((300.0, 300.0), (320.0, 300.0)))
    crop = scene.canvas.crop
    assert scene.aim(HandleLine((310.0, 310.0), (340.0, 300.0))) == 0
    assert scene.canvas.crop == crop
    assert scene.aim(HandleLine((310.0, 310.0), (800.0, 300.0))) is None
    assert scene.canvas.crop != crop


def test_changing_from_everything_visible_to_one_layer_is_another_edit(scene: Scene) -> None:
    scene.aim()
    scene.settings = Settings(source="layer")
    assert scene.aim() is None


# One layer as the source.


def test_of_a_layer_the_results_say_which_step_is_on_show(on_layer: Scene, raw: Any) -> None:
    assert on_layer.aim() is None
    on_layer.drag_to(12, 100)
    assert on_layer.aim() == 12
    on_layer.drag_to(30, 160)
    assert on_layer.aim() == 30
    raw.named("Result 30").setVisible(False)
    assert on_layer.aim() == 12
    raw.named("DragGAN").setVisible(False)
    assert on_layer.aim() == 0


def test_a_result_that_is_active_stands_for_the_layer_it_came_from(
    on_layer: Scene, raw: Any
) -> None:
    on_layer.aim()
    on_layer.drag_to(12, 100)
    raw.setActiveNode(raw.named("Result 12"))
    assert on_layer.aim() == 12
    assert on_layer.canvas.opened.source.layer == layers.id_of(raw.named("Background"))


def test_another_layer_is_another_edit(on_layer: Scene, raw: Any) -> None:
    on_layer.aim()
    other = raw.createNode("Other", "paintlayer")
    raw.rootNode().addChildNode(other, None)
    raw.paint(other, 77)
    raw.setActiveNode(other)
    assert on_layer.aim() is None


def test_painting_on_the_layer_begins_a_new_edit(on_layer: Scene, raw: Any) -> None:
    on_layer.aim()
    on_layer.drag_to(12, 100)
    raw.paint(raw.named("Background"), 9)
    assert on_layer.aim() is None


def test_painting_on_another_layer_does_not(on_layer: Scene, raw: Any) -> None:
    other = raw.createNode("Other", "paintlayer")
    raw.rootNode().addChildNode(other, None)
    on_layer.aim()
    on_layer.drag_to(12, 100)
    raw.paint(other, 9)
    assert on_layer.aim() == 12


def test_the_group_goes_right_above_the_layer(on_layer: Scene, raw: Any) -> None:
    other = raw.createNode("Other", "paintlayer")
    raw.rootNode().addChildNode(other, None)
    raw.setActiveNode(raw.named("Background"))
    on_layer.aim()
    on_layer.drag_to(12, 100)
    assert list(raw.tree()) == ["Background", "DragGAN", "Other"]


def test_a_layer_that_was_removed_ends_the_edit_on_it(on_layer: Scene, raw: Any) -> None:
    other = raw.createNode("Other", "paintlayer")
    raw.rootNode().addChildNode(other, None)
    raw.paint(other, 77)
    raw.setActiveNode(raw.named("Background"))
    on_layer.aim()
    on_layer.drag_to(12, 100)
    raw.named("Background").remove()
    raw.setActiveNode(raw.named("Result 12"))
    assert on_layer.aim() is None
    assert on_layer.canvas.opened.source.layer == layers.id_of(raw.named("Result 12"))
