"""What an edit leaves in a Krita document, what Ctrl+Z takes back, what shows for a while."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load
from tests.krita_scene import HEIGHT, WIDTH, Image, Scene, grey, rows

errors = load("draggan_wire.errors")
PREVIEW = load("preview").NAME


@pytest.fixture
def raw() -> Any:
    return fake_krita().open(WIDTH, HEIGHT)


@pytest.fixture
def scene(raw: Any) -> Scene:
    return Scene(raw)


# What is left in the document.


def test_a_whole_drag_is_one_step_of_undo(scene: Scene, raw: Any) -> None:
    before = raw.seen()
    scene.aim()
    for step in range(1, 8):
        scene.preview(step, 50 + step)
        scene.wait()
    scene.finish(8, 100, changed=rows(10))
    assert raw.steps == ["add"]
    raw.undo()
    assert raw.seen() == before and list(raw.tree()) == ["Background"]


def test_previews_are_seen_in_the_document_and_the_result_takes_over_their_layer(
    scene: Scene, raw: Any
) -> None:
    scene.aim()
    scene.preview(1, 50)
    assert raw.seen() == bytes(grey(50).data)
    layer = raw.named(PREVIEW)
    assert layer.locked()
    scene.preview(2, 60)
    assert raw.named(PREVIEW) is layer and raw.seen() == bytes(grey(60).data)
    scene.finish(3, 70)
    assert raw.named("Result 3") is layer and not layer.locked()
    assert raw.seen() == bytes(grey(70).data)


def test_a_drag_without_any_preview_adds_its_result(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.finish(1, 70)
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 1": {}}}
    assert raw.steps == ["add"] and not raw.named("Result 1").locked()


@pytest.mark.parametrize("previews", [0, 2])
def test_only_what_has_changed_covers_the_picture(scene: Scene, raw: Any, previews: int) -> None:
    before = raw.seen()
    scene.aim()
    for step in range(previews):
        scene.preview(step, 50)
    scene.finish(3, 70, changed=rows(10))
    border = 4 * WIDTH * 10
    assert raw.seen()[:border] == bytes(grey(70).data)[:border]
    assert raw.seen()[border:] == before[border:]


@pytest.mark.parametrize("previews", [0, 2])
def test_nothing_of_an_earlier_result_shows_beside_a_new_one(
    scene: Scene, raw: Any, previews: int
) -> None:
    """Where the picture is again as it was, the new result has not changed it."""
    scene.aim()
    scene.finish(3, 70, changed=rows(20))
    scene.aim()
    for step in range(previews):
        scene.preview(4 + step, 60)
    scene.finish(6, 90, changed=rows(10))
    assert raw.seen()[: 4 * WIDTH * 20] == bytes(grey(90).data)[: 4 * WIDTH * 20]


def test_an_earlier_result_without_its_mask_is_covered_altogether(raw: Any) -> None:
    scene = Scene(raw, source="layer", region="whole")
    scene.aim()
    scene.finish(3, 70, changed=rows(20))
    raw.named("Result 3").childNodes()[0].remove()
    scene.aim()
    scene.finish(6, 90, changed=rows(10))
    assert raw.seen() == bytes(grey(90).data)


def test_the_painters_own_layers_are_never_written_to(scene: Scene, raw: Any) -> None:
    own = bytes(raw.named("Background").pixelData(0, 0, WIDTH, HEIGHT))
    scene.aim()
    scene.drag_to(5, 70)
    scene.canvas.keep_step(grey(60), 3, None)
    assert bytes(raw.named("Background").pixelData(0, 0, WIDTH, HEIGHT)) == own


def test_results_go_into_one_group(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    scene.aim()
    scene.drag_to(9, 80)
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 5": {}, "Result 9": {}}}
    assert raw.steps == ["add", "add"]
    assert [step for _, step in scene.canvas.trace.results] == [5, 9]


def test_a_group_that_was_removed_is_made_anew(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    raw.named("DragGAN").remove()
    assert scene.aim() == 0
    scene.drag_to(9, 80)
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 9": {}}}


def test_kept_steps_are_hidden_layers_in_the_group(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.canvas.keep_step(grey(60), 3, rows(4))
    assert raw.tree() == {"Background": {}, "DragGAN": {"DragGAN, step 3": {}}}
    assert not raw.named("DragGAN, step 3").visible()
    scene.drag_to(5, 70)
    assert list(raw.tree()["DragGAN"]) == ["DragGAN, step 3", "Result 5"]
    assert raw.steps == ["add", "add"]


def test_a_step_that_is_kept_in_mid_drag_joins_the_group_of_the_preview(
    scene: Scene, raw: Any
) -> None:
    scene.aim()
    scene.preview(1, 50)
    scene.canvas.keep_step(grey(60), 3, None)
    scene.finish(5, 70)
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 5": {}, "DragGAN, step 3": {}}}
    assert len(raw.rootNode().childNodes()) == 2 and raw.steps == ["add", "add"]


def test_a_kept_step_does_not_change_what_the_document_shows(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    before = raw.seen()
    scene.canvas.keep_step(grey(60), 3, None)
    assert raw.seen() == before and scene.aim() == 5


def test_a_kept_step_that_is_made_visible_hides_all_that_did_not_change(
    scene: Scene, raw: Any
) -> None:
    before = raw.seen()
    scene.aim()
    scene.canvas.keep_step(grey(60), 3, rows(4))
    raw.named("DragGAN, step 3").setVisible(True)
    border = 4 * WIDTH * 4
    assert raw.seen() == bytes(grey(60).data)[:border] + before[border:]


def test_a_result_of_16_bits_stays_one_in_its_document() -> None:
    scene = Scene(fake_krita().open(WIDTH, HEIGHT, depth="U16"))
    scene.aim()
    scene.step = 4
    scene.canvas.add_result(grey(70, form="bgra16"), "Result 4", None)
    assert scene.raw.named("Result 4").colorDepth() == "U16"
    assert scene.raw.seen() == bytes(grey(70, form="bgra16").data)


def test_into_a_group_that_was_hidden_nothing_is_put(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    raw.named("DragGAN").setVisible(False)
    assert scene.aim() == 0
    scene.drag_to(9, 80)
    assert raw.seen() == bytes(grey(80).data)
    assert list(raw.tree(raw.rootNode().childNodes()[1])) == ["Result 5"]


# When things go otherwise.


def test_a_failure_takes_the_preview_away(scene: Scene, raw: Any) -> None:
    before, own = raw.seen(), raw.activeNode()
    scene.aim()
    scene.preview(1, 50)
    scene.wait()
    scene.canvas.clear_preview()
    scene.wait()
    assert raw.seen() == before and list(raw.tree()) == ["Background"]
    assert raw.activeNode() is own


def test_a_failure_leaves_the_results_of_before(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    scene.aim()
    scene.preview(6, 80)
    scene.canvas.clear_preview()
    scene.wait()
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 5": {}}}
    assert scene.aim() == 5


def test_a_preview_that_is_undone_in_mid_drag_does_not_come_back(scene: Scene, raw: Any) -> None:
    before = raw.seen()
    scene.aim()
    scene.preview(1, 50)
    raw.undo()
    scene.preview(2, 60)
    scene.preview(3, 61)
    assert raw.seen() == before and raw.steps == []
    assert scene.painted[-1] == grey(61)


def test_the_result_of_a_drag_whose_preview_was_undone_is_added(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.preview(1, 50)
    raw.undo()
    scene.preview(2, 60)
    scene.finish(3, 70)
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 3": {}}}
    assert raw.steps == ["add"] and scene.painted[-1] is None
    assert scene.aim() == 3


def test_the_result_is_added_also_where_the_preview_was_undone_just_before(
    scene: Scene, raw: Any
) -> None:
    scene.aim()
    scene.preview(1, 50)
    raw.undo()
    scene.finish(3, 70)
    assert raw.tree() == {"Background": {}, "DragGAN": {"Result 3": {}}}


def test_the_next_drag_tries_a_layer_again(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.preview(1, 50)
    raw.undo()
    scene.preview(2, 60)
    scene.finish(3, 70)
    scene.aim()
    scene.preview(4, 80)
    assert raw.seen() == bytes(grey(80).data)


def test_a_picture_of_another_size_than_was_sent_is_refused(scene: Scene, raw: Any) -> None:
    scene.aim()
    with pytest.raises(errors.BadInput, match="in place of"):
        scene.canvas.add_result(grey(70, width=WIDTH - 1), "Result 3", None)
    assert list(raw.tree()) == ["Background"]


def test_a_format_that_was_not_asked_for_is_refused(scene: Scene, raw: Any) -> None:
    scene.aim()
    rgb = Image("rgb8", WIDTH, HEIGHT, bytes(3 * WIDTH * HEIGHT))
    with pytest.raises(errors.BadInput, match="format that was not asked for"):
        scene.canvas.add_result(rgb, "Result 3", None)


# Looking back.


def test_a_step_that_is_looked_at_is_painted_over_the_canvas(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    before = raw.seen()
    scene.preview(2, 55)
    assert scene.painted[-1] == grey(55) and scene.canvas.looked_at == 2
    assert raw.seen() == before and raw.steps == ["add"]


def test_looking_at_what_the_document_shows_takes_the_painting_away(scene: Scene) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    scene.preview(2, 55)
    scene.preview(5, 70)
    assert scene.painted[-1] is None and scene.canvas.looked_at is None


def test_looking_at_a_result_that_is_hidden_paints_it(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(5, 70)
    raw.named("Result 5").setVisible(False)
    scene.preview(5, 70)
    assert scene.painted[-1] == grey(70)


def test_every_picture_is_told_with_its_step(scene: Scene) -> None:
    scene.aim()
    scene.preview(1, 50)
    scene.finish(2, 70)
    scene.preview(1, 50)
    assert scene.seen == [1, 2, 1]


# Another day.


def test_an_edit_of_another_day_goes_on_from_what_the_document_shows(
    scene: Scene, raw: Any
) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    opened, trace = scene.canvas.opened, scene.canvas.trace
    later = Scene(raw)
    later.canvas.await_reopening(opened.source, opened.terms, trace, None)
    assert later.canvas.opened == opened  # without the result that the document shows
    later.canvas.adopt(opened, trace, 12)
    assert later.aim() == 12
    later.drag_to(20, 120)
    assert list(raw.tree()["DragGAN"]) == ["Result 12", "Result 20"]


@pytest.mark.parametrize("name", ["Result 12", "DragGAN"])
def test_an_edit_of_another_day_whose_result_is_hidden_goes_on_from_the_opened_picture(
    scene: Scene, raw: Any, name: str
) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    raw.named(name).setVisible(False)
    later = Scene(raw)
    later.canvas.adopt(scene.canvas.opened, scene.canvas.trace, 12)
    assert later.aim() == 0


def test_an_edit_of_another_day_is_over_once_something_was_painted(scene: Scene, raw: Any) -> None:
    scene.aim()
    scene.drag_to(12, 100)
    later = Scene(raw)
    later.canvas.adopt(scene.canvas.opened, scene.canvas.trace, 12)
    raw.paint(raw.named("Result 12"), 3)
    assert later.aim() is None
