"""Layers that something shines through: what moves takes its alpha along, and leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita
from tests.krita_scene import HEIGHT, WIDTH, Image, Scene, active_document, rows

LEFT, RIGHT = (50, "left"), (70, "right")
ROW = 4 * WIDTH
TOP, BOTTOM = slice(0, 10 * ROW), slice(10 * ROW, None)


def half(value: int, side: str) -> Any:
    """Grey on one side, transparent on the other."""
    grey, clear = bytes([value] * 3 + [255]) * (WIDTH // 2), bytes(4 * (WIDTH // 2))
    return Image(
        "bgra8", WIDTH, HEIGHT, (grey + clear if side == "left" else clear + grey) * HEIGHT
    )


class CutOut(Scene):
    """A document with a cut-out before a background; its head goes from left to right."""

    def __init__(self, *, source: str = "layer") -> None:
        raw = fake_krita().open(WIDTH, HEIGHT)
        self.cut = raw.createNode("Cut", "paintlayer")
        self.cut.setPixelData(half(*LEFT).data, 0, 0, WIDTH, HEIGHT)
        raw.rootNode().addChildNode(self.cut, None)
        if source == "visible":
            raw.named("Background").remove()
        raw.setActiveNode(self.cut)
        raw.refreshProjection()
        super().__init__(raw, source=source, region="whole")

    def turn(self, step: int = 3, *, changed: Any = None) -> None:
        self.aim()
        self.step = step - 1
        self.canvas.show_preview(half(*RIGHT))
        self.wait()
        self.step = step
        self.canvas.clear_preview()
        self.canvas.add_result(half(*RIGHT), f"Result {step}", changed)
        self.canvas.dragging = False
        self.wait()

    def animate(self, *frames: Any) -> None:
        """As `TimelineExport` does it."""
        export = self.canvas.export(frames)
        for _ in range(100):
            self.wait()
            if export.done:
                break
            export.advance()
        export.finish()
        self.wait()

    def at(self, time: int) -> bytes:
        """What is to be seen at a time of the animation."""
        self.raw.setCurrentTime(time)
        self.raw.refreshProjection()
        seen: bytes = self.raw.seen()
        return seen

    def behind(self, picture: Any) -> bytes:
        """The background with a picture before it."""
        back, front = self.background, bytes(picture.data)
        places = range(0, len(front), 4)
        return b"".join((front if front[k + 3] else back)[k : k + 4] for k in places)

    @property
    def background(self) -> bytes:
        layer = self.raw.named("Background")
        return bytes(layer.projectionPixelData(0, 0, WIDTH, HEIGHT))


@pytest.fixture
def scene() -> CutOut:
    return CutOut()


def test_nothing_of_the_layer_shines_through_where_it_has_moved_away(scene: CutOut) -> None:
    scene.turn(changed=rows(10))
    after = scene.raw.seen()
    assert after[TOP] == scene.behind(half(*RIGHT))[TOP]
    assert after[BOTTOM] == scene.behind(half(*LEFT))[BOTTOM]


def test_it_is_so_while_it_is_dragged_already(scene: CutOut) -> None:
    scene.aim()
    scene.step = 1
    scene.canvas.show_preview(half(*RIGHT))
    assert scene.raw.seen() == scene.behind(half(*RIGHT))


def test_the_group_holds_a_copy_and_the_painters_own_layer_is_not_touched(scene: CutOut) -> None:
    scene.turn()
    inside = {"Original": {}, "Result 3": {"Cleared": {}, "Moved": {}}}
    assert scene.raw.tree() == {"Background": {}, "Cut": {}, "DragGAN": inside}
    assert bytes(scene.cut.pixelData(0, 0, WIDTH, HEIGHT)) == bytes(half(*LEFT).data)
    assert not any(scene.raw.named(name).locked() for name in ("Result 3", "Cleared", "Moved"))


def test_undo_shows_the_layer_again_and_redo_the_result(scene: CutOut) -> None:
    before, steps = scene.raw.seen(), list(scene.raw.steps)
    scene.turn()
    after = scene.raw.seen()
    assert scene.raw.steps == [*steps, "add"] and not scene.cut.visible()
    scene.raw.undo()
    scene.wait()
    assert scene.cut.visible() and scene.raw.seen() == before
    scene.raw.redo()
    scene.wait()
    assert not scene.cut.visible() and scene.raw.seen() == after


def test_hiding_the_group_shows_the_layer_and_the_painter_may_show_both(scene: CutOut) -> None:
    before = scene.raw.seen()
    scene.turn()
    scene.raw.named("DragGAN").setVisible(False)
    scene.wait()
    assert scene.raw.seen() == before
    scene.raw.named("DragGAN").setVisible(True)
    scene.wait()
    scene.cut.setVisible(True)
    scene.wait()
    assert scene.cut.visible()


def test_a_hidden_result_leaves_nothing_cleared(scene: CutOut) -> None:
    before = scene.raw.seen()
    scene.turn()
    scene.raw.named("Result 3").setVisible(False)
    assert scene.raw.seen() == before


def test_the_next_drag_goes_on_from_the_result(scene: CutOut) -> None:
    scene.turn()
    assert scene.aim() == 3
    scene.turn(6)
    assert list(scene.raw.tree()["DragGAN"]) == ["Original", "Result 3", "Result 6"]


def test_a_drag_that_comes_to_nothing_leaves_the_layer_shown(scene: CutOut) -> None:
    before = scene.raw.seen()
    scene.aim()
    scene.step = 1
    scene.canvas.show_preview(half(*RIGHT))
    scene.canvas.clear_preview()
    scene.wait()
    assert scene.raw.tree() == {"Background": {}, "Cut": {}} and scene.raw.seen() == before


def test_the_group_takes_over_how_the_layer_blends(scene: CutOut) -> None:
    scene.cut.setBlendingMode("multiply")
    scene.cut.setOpacity(90)
    scene.turn()
    group, copy = scene.raw.named("DragGAN"), scene.raw.named("Original")
    assert (group.blendingMode(), group.opacity()) == ("multiply", 90)
    assert (copy.blendingMode(), copy.opacity()) == ("normal", 255)


def test_an_opaque_layer_that_blends_otherwise_has_its_stand_in_too(scene: CutOut) -> None:
    scene.raw.setActiveNode(scene.raw.named("Background"))
    scene.raw.named("Background").setOpacity(90)
    scene.turn()
    assert "Original" in scene.raw.tree()["DragGAN"]


def test_everything_visible_is_cleared_without_a_copy() -> None:
    scene = CutOut(source="visible")
    scene.turn(changed=rows(10))
    assert list(scene.raw.tree()["DragGAN"]) == ["Result 3"] and scene.cut.visible()
    assert scene.raw.seen()[TOP] == bytes(half(*RIGHT).data)[TOP]
    assert scene.raw.seen()[BOTTOM] == bytes(half(*LEFT).data)[BOTTOM]


def test_an_animation_shows_its_frames_and_nothing_of_the_layer(scene: CutOut) -> None:
    scene.turn()
    before = scene.raw.seen()
    scene.animate(half(*LEFT), half(60, "right"), half(*RIGHT))
    assert scene.at(0) == scene.behind(half(*LEFT))
    assert scene.at(1) == scene.behind(half(60, "right"))
    assert scene.at(2) == scene.behind(half(*RIGHT)) == before
    inside = {"Cleared": {}, "Moved": {}}
    assert scene.raw.tree()["DragGAN"]["DragGAN animation"] == inside
    assert sorted(scene.raw.named("DragGAN animation").childNodes()[-1].frames) == [0, 1, 2]
    assert bytes(scene.cut.pixelData(0, 0, WIDTH, HEIGHT)) == bytes(half(*LEFT).data)
    scene.raw.named("DragGAN animation").setVisible(False)
    assert [scene.at(time) for time in range(3)] == [before] * 3


def test_an_animation_in_a_group_of_its_own_stands_in_for_the_layer_too(scene: CutOut) -> None:
    before = scene.raw.seen()
    scene.turn()
    scene.raw.named("Result 3").remove()
    scene.raw.named("DragGAN").remove()
    scene.wait()
    assert scene.cut.visible() and scene.raw.seen() == before
    scene.animate(half(*LEFT), half(*RIGHT))
    assert list(scene.raw.tree()["DragGAN"]) == ["Original", "DragGAN animation"]
    assert not scene.cut.visible() and scene.at(1) == scene.behind(half(*RIGHT))
    scene.raw.named("DragGAN").setVisible(False)
    scene.wait()
    assert scene.raw.seen() == before


def test_an_edit_of_another_day_stands_in_for_its_layer_too(scene: CutOut) -> None:
    scene.turn()
    opened, trace = scene.canvas.opened, scene.canvas.trace
    later = Scene(scene.raw, source="layer", region="whole")
    later.canvas.await_reopening(opened.source, opened.terms, trace, None)
    assert later.canvas.read_image() == opened.image
    later.canvas.adopt(opened, trace, 3)
    scene.raw.named("DragGAN").setVisible(False)
    later.wait()
    assert scene.cut.visible()


def test_what_shines_through_is_known_by_alpha_opacity_and_mode(scene: CutOut) -> None:
    document = active_document()
    opaque = half(9, "left"), Image("bgra8", 1, 1, b"\1\2\3\xff")
    shown = [document.shines_through("", image) for image in opaque]
    assert shown == [True, False]
