"""What is tidied up after an insertion: the painter's active layer, and hidden documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, WIDTH, Scene, grey

layers = load("host.layers")
scratch = load("host.scratch")
PREVIEW = load("preview").NAME


@pytest.fixture
def raw() -> Any:
    return fake_krita().open(WIDTH, HEIGHT)


@pytest.fixture
def scene(raw: Any) -> Scene:
    return Scene(raw)


@pytest.fixture
def other(raw: Any) -> Any:
    """Another layer of the painter's, which is not the active one."""
    layer = raw.createNode("Other", "paintlayer")
    raw.rootNode().addChildNode(layer, None)
    raw.settle()
    raw.setActiveNode(raw.named("Background"))
    return layer


# The active layer.


def test_the_active_layer_is_given_back(scene: Scene, raw: Any) -> None:
    own = raw.activeNode()
    scene.aim()
    scene.preview(1, 50)
    scene.canvas.settle(at_work=False)
    raw.settle()
    assert raw.activeNode() is not own
    scene.canvas.settle(at_work=False)
    assert raw.activeNode() is own


def test_two_layers_at_once_still_give_the_active_layer_back(scene: Scene, raw: Any) -> None:
    own = raw.activeNode()
    scene.aim()
    scene.preview(1, 50)
    raw.settle()
    scene.canvas.keep_step(grey(60), 3, None)
    scene.wait(2)
    assert raw.activeNode() is own


def test_a_layer_that_the_painter_has_chosen_meanwhile_stays_chosen(
    scene: Scene, raw: Any, other: Any
) -> None:
    scene.aim()
    scene.preview(1, 50)
    raw.settle()
    raw.setActiveNode(other)
    scene.canvas.settle(at_work=False)
    assert raw.activeNode() is other


def test_of_two_insertions_the_layer_that_was_chosen_before_the_second_is_given_back(
    scene: Scene, raw: Any, other: Any
) -> None:
    scene.aim()
    scene.preview(1, 50)
    raw.setActiveNode(other)  # before Krita has turned to the preview
    scene.canvas.keep_step(grey(60), 3, None)
    scene.wait(2)
    assert raw.activeNode() is other


@pytest.mark.parametrize("name", ["DragGAN", PREVIEW])
def test_of_two_insertions_krita_may_have_turned_to_the_first(
    scene: Scene, raw: Any, name: str
) -> None:
    own = raw.activeNode()
    scene.aim()
    scene.preview(1, 50)
    raw.settle()
    raw.setActiveNode(raw.named(name))
    scene.canvas.keep_step(grey(60), 3, None)
    scene.wait(2)
    assert raw.activeNode() is own


def test_a_layer_that_was_chosen_after_both_stays_chosen(
    scene: Scene, raw: Any, other: Any
) -> None:
    scene.aim()
    scene.preview(1, 50)
    scene.canvas.keep_step(grey(60), 3, None)
    raw.settle()
    raw.setActiveNode(other)
    scene.wait(2)
    assert raw.activeNode() is other


def test_long_after_an_insertion_the_painter_may_choose_the_result(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    for _ in range(layers.PATIENCE + 1):
        scene.canvas.settle(at_work=False)
    raw.setActiveNode(raw.named("Result 5"))
    scene.canvas.settle(at_work=False)
    assert raw.activeNode() is raw.named("Result 5")


# The hidden document.


def test_after_a_while_nothing_hidden_is_left_open(scene: Scene, raw: Any) -> None:
    scene.aim()
    assert len(scene.program.documents()) == 2  # layers are built in a hidden one
    scene.drag_to(5, 70)
    scene.wait(scratch.IDLE + 1)
    assert scene.program.documents() == [raw]


def test_while_an_edit_is_at_work_its_hidden_document_stays_open(scene: Scene, raw: Any) -> None:
    scene.aim()
    hidden = scene.program.documents()
    scene.wait(10 * scratch.IDLE, at_work=True)
    assert scene.program.documents() == hidden and len(hidden) == 2
    scene.drag_to(5, 70)
    assert scene.program.documents() == hidden
    scene.wait(scratch.IDLE + 1)
    assert scene.program.documents() == [raw]


def test_a_long_pause_in_mid_drag_does_no_harm(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.wait(scratch.IDLE + 1)
    scene.preview(1, 50)
    scene.wait(scratch.IDLE + 1)
    scene.finish(5, 70)
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 5": {}}}
