"""How steps are shown while a drag is under way: on a layer, or painted over the canvas."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load

fake_krita()
preview_module = load("preview")
document_module = load("host.document")
Crop = load("draggan_wire.crop").Crop
Image = load("draggan_wire.messages").Image

CROP = Crop(4, 6, 10, 8)
AREA = (4, 6, 10, 8)


def grey(value: int, width: int = 10, height: int = 8) -> Any:
    return Image("bgra8", width, height, bytes([value] * 3 + [255]) * (width * height))


class Scene:
    """A preview on a document; each reading of the clock takes `cost` seconds."""

    def __init__(self, width: int = 40, height: int = 30) -> None:
        self.raw = fake_krita().open(width, height)
        self.painted: list[tuple[Any, Any]] = []
        self.cost = self._now = 0.0
        document = document_module.active_document()
        self.preview = preview_module.Preview(document, self._paint, clock=self._clock)

    def _paint(self, image: Any, crop: Any) -> None:
        self.painted.append((image, crop))

    def _clock(self) -> float:
        self._now += self.cost
        return self._now

    def show(self, image: Any, *, on_layer: bool = True) -> None:
        new = preview_module.layers.NewLayer(preview_module.NAME, image, CROP, locked=True)
        self.preview.show(new, on_layer=on_layer, group="", above="")

    @property
    def on_layer(self) -> bool:
        return "DragGAN" in self.raw.tree()

    @property
    def pictures(self) -> list[Any]:
        """What was painted over the canvas, but for what ended it."""
        return [image for image, _ in self.painted if image is not None]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_step_is_shown_on_a_layer_where_it_belongs(scene: Scene) -> None:
    scene.show(grey(50))
    assert scene.raw.seen(AREA) == bytes(grey(50).data)
    assert scene.pictures == []


def test_the_next_step_takes_its_place_without_a_step_of_undo(scene: Scene) -> None:
    for value in (50, 60, 70):
        scene.show(grey(value))
    assert scene.raw.seen(AREA) == bytes(grey(70).data)
    assert scene.raw.steps == ["add"]


def test_what_the_painting_showed_before_is_taken_away_for_the_layer(scene: Scene) -> None:
    scene.show(grey(50), on_layer=False)
    scene.show(grey(60))
    assert scene.painted == [(grey(50), CROP), (None, None)]


def test_a_step_that_is_only_looked_at_is_painted(scene: Scene) -> None:
    scene.show(grey(50), on_layer=False)
    assert scene.painted == [(grey(50), CROP)] and not scene.on_layer


def test_a_step_smaller_than_the_crop_is_painted(scene: Scene) -> None:
    scene.show(grey(50, 5, 4))
    assert scene.painted == [(grey(50, 5, 4), CROP)] and not scene.on_layer


def test_where_the_layer_takes_too_long_again_and_again_the_steps_are_painted(
    scene: Scene,
) -> None:
    scene.cost = 2 * preview_module.AFFORDABLE
    scene.show(grey(50))  # makes the layer
    for value in (60, 61, 62):
        scene.show(grey(value))
    assert scene.pictures == []
    scene.show(grey(70))
    assert scene.pictures == [grey(70)]
    assert scene.raw.seen(AREA) == bytes(grey(62).data)


def test_one_slow_step_is_forgiven(scene: Scene) -> None:
    scene.show(grey(50))
    for value in range(60, 70):
        scene.cost = 2 * preview_module.AFFORDABLE if value % 3 else 0.0
        scene.show(grey(value))
    assert scene.pictures == []


def test_making_the_layer_may_take_its_time(scene: Scene) -> None:
    scene.cost = 2 * preview_module.AFFORDABLE
    scene.show(grey(50))
    scene.cost = 0.0
    scene.show(grey(60))
    scene.show(grey(70))
    assert scene.pictures == []


def test_in_a_huge_document_no_layer_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_module, "LARGEST", 40 * 30 - 1)
    scene = Scene()
    scene.show(grey(50))
    assert scene.pictures == [grey(50)] and not scene.on_layer


def test_a_layer_that_the_painter_removes_is_not_put_back(scene: Scene) -> None:
    scene.show(grey(50))
    scene.raw.undo()
    scene.show(grey(60))
    scene.show(grey(70))
    assert not scene.on_layer and scene.pictures == [grey(60), grey(70)]


def test_a_new_drag_begins_without_that_memory(scene: Scene) -> None:
    scene.show(grey(50))
    scene.raw.undo()
    scene.show(grey(60))
    scene.preview.begin()
    scene.show(grey(70))
    assert scene.on_layer


def test_the_end_takes_layer_and_painting_away(scene: Scene) -> None:
    before = scene.raw.seen()
    scene.show(grey(50))
    scene.preview.clear()
    assert scene.painted[-1] == (None, None)
    assert not scene.on_layer and scene.raw.seen() == before


def test_the_end_leaves_what_else_is_in_the_group(scene: Scene) -> None:
    scene.show(grey(50))
    group = scene.raw.named("DragGAN")
    group.addChildNode(scene.raw.createNode("Mine", "paintlayer"), None)
    scene.preview.clear()
    assert scene.raw.tree()["DragGAN"] == {"Mine": {}}


def test_the_end_comes_also_to_a_document_that_is_closed(scene: Scene) -> None:
    scene.show(grey(50))
    scene.raw.close()
    scene.preview.clear()
    assert scene.painted[-1] == (None, None)


def test_the_layer_becomes_the_result_with_what_has_changed(scene: Scene) -> None:
    before = scene.raw.seen(AREA)
    scene.show(grey(50))
    mask = Image("gray8", 10, 8, b"\xff" * 40 + bytes(40))
    added = scene.preview.become("Done", grey(90), CROP, mask)
    assert scene.raw.named("Done").uniqueId().toString() == added.layer
    assert scene.raw.seen(AREA) == bytes(grey(90).data)[:160] + before[160:]
    assert scene.raw.steps == ["add"]


def test_where_nothing_is_known_of_changes_all_of_the_result_is_shown(scene: Scene) -> None:
    scene.show(grey(50))
    scene.preview.become("Done", grey(90), CROP, None)
    assert scene.raw.seen(AREA) == bytes(grey(90).data)


def test_without_a_layer_there_is_nothing_to_become_the_result(scene: Scene) -> None:
    assert scene.preview.become("Done", grey(90), CROP, None) is None
    scene.show(grey(50), on_layer=False)
    assert scene.preview.become("Done", grey(90), CROP, None) is None
    assert scene.painted[-1] == (None, None)


def test_a_result_is_left_alone_by_the_next_drag(scene: Scene) -> None:
    scene.show(grey(50))
    scene.preview.become("Done", grey(90), CROP, None)
    scene.preview.clear()
    assert scene.raw.tree()["DragGAN"] == {"Done": {}}
