"""The timeline as an animated layer, made frame by frame while Krita takes its time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load

fake_krita()
animation = load("host.animation")
errors = load("draggan_wire.errors")
active_document = load("host.document").active_document
Crop = load("draggan_wire.crop").Crop
Image = load("draggan_wire.messages").Image

CROP = Crop(2, 3, 8, 6)
AREA = (2, 3, 8, 6)


def grey(value: int) -> Any:
    return Image("bgra8", 8, 6, bytes([value] * 3 + [255]) * 48)


class Scene:
    """An export into a document; each round is one look of ours and Krita's time between two."""

    def __init__(self, frames: int = 3) -> None:
        self.krita = fake_krita()
        self.raw = self.krita.open()
        self.own = self.raw.activeNode()
        pictures = [grey(10 * k + 10) for k in range(frames)]
        self.export = active_document().export(pictures, CROP, group="", above="")
        self.raw.settle()

    def rounds(self, count: int) -> None:
        for _ in range(count):
            if self.export.done:
                return
            self.export.advance()
            self.raw.settle()

    def finish(self) -> None:
        self.rounds(200)
        assert self.export.done
        self.export.finish()
        self.raw.settle()

    @property
    def layer(self) -> Any:
        return self.raw.named(animation.NAME)

    def shown_at(self, time: int) -> bytes:
        self.raw.setCurrentTime(time)
        self.raw.refreshProjection()
        return self.raw.seen(AREA)


def test_each_step_becomes_one_frame() -> None:
    scene = Scene(frames=4)
    scene.finish()
    for time in range(4):
        assert scene.layer.hasKeyframeAtTime(time)
        assert scene.shown_at(time) == bytes(grey(10 * time + 10).data)


def test_afterwards_the_last_step_is_on_show_and_the_range_holds_all() -> None:
    scene = Scene(frames=4)
    scene.finish()
    assert scene.raw.time == 3 and scene.raw.fullClipRangeEndTime() == 3
    assert scene.raw.seen(AREA) == bytes(grey(40).data)


def test_a_longer_range_stays_as_it_is() -> None:
    scene = Scene(frames=2)
    scene.raw.setFullClipRangeEndTime(100)
    scene.finish()
    assert scene.raw.fullClipRangeEndTime() == 100


def test_the_layer_stands_in_a_group_and_the_active_layer_is_given_back() -> None:
    scene = Scene()
    scene.finish()
    assert scene.raw.tree()["DragGAN"] == {animation.NAME: {}}
    assert scene.raw.named("DragGAN").uniqueId().toString() == scene.export.group
    assert scene.raw.activeNode() is scene.own


def test_krita_is_given_time_to_take_notice_of_the_layer() -> None:
    scene = Scene()
    scene.rounds(animation.SETTLING)
    assert scene.layer.frames == {}
    scene.rounds(2)
    assert list(scene.layer.frames) == [0]


@pytest.mark.parametrize("rounds", [0, 1, animation.SETTLING - 1, animation.SETTLING])
def test_krita_that_turns_to_the_group_is_turned_back_to_the_layer(rounds: int) -> None:
    scene = Scene()
    scene.rounds(rounds)
    scene.raw.setActiveNode(scene.raw.named("DragGAN"))
    scene.rounds(2)
    assert scene.raw.activeNode() is scene.layer
    scene.finish()
    assert sorted(scene.layer.frames) == [0, 1, 2]


def test_krita_that_turns_to_the_group_between_frames_is_turned_back_too() -> None:
    scene = Scene(frames=4)
    while not scene.export.done:
        scene.raw.setActiveNode(scene.raw.named("DragGAN"))
        scene.rounds(2)
    assert [scene.shown_at(time) for time in range(4)] == [
        bytes(grey(10 * time + 10).data) for time in range(4)
    ]


def test_an_active_layer_that_never_becomes_the_new_one_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    monkeypatch.setattr(scene.raw, "setActiveNode", lambda node: None)
    scene.raw._active = scene.own
    with pytest.raises(errors.BadInput, match="the animation ends there"):
        scene.rounds(3 * animation.PATIENCE)
    assert scene.layer.frames == {}


def test_how_far_it_is_stands_in_a_sentence() -> None:
    scene = Scene()
    assert scene.export.progress == "Making the animation: 0 of 3 frames."
    scene.finish()
    assert scene.export.progress == "Making the animation: 3 of 3 frames."


def test_while_another_document_is_active_it_waits() -> None:
    scene = Scene()
    scene.rounds(animation.SETTLING + 3)
    other = scene.krita.open()
    scene.rounds(2 * animation.PATIENCE)
    assert list(other.tree()) == ["Background"] and not scene.export.done
    scene.krita.turn_to(None)
    scene.rounds(3)
    assert not scene.export.done
    scene.krita.turn_to(scene.raw)
    scene.finish()


def test_a_layer_that_was_removed_ends_it() -> None:
    scene = Scene()
    scene.rounds(animation.SETTLING + 3)
    scene.layer.remove()
    with pytest.raises(errors.BadInput, match="layer was removed"):
        scene.rounds(5)


def test_a_frame_that_never_comes_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.rounds(animation.SETTLING + 2)
    monkeypatch.setattr(scene.layer, "add_frame", lambda time: None)
    with pytest.raises(errors.BadInput, match="Krita added no frame 1") as refusal:
        scene.rounds(2 * animation.PATIENCE)
    assert "export again" in refusal.value.hint


def test_of_few_steps_all_are_taken() -> None:
    assert animation.thinned(4, 240) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("steps", [239, 240, 241, 1000, 99_999])
def test_of_many_steps_evenly_so_many_with_both_ends(steps: int) -> None:
    taken = animation.thinned(steps, 240)
    assert len(taken) == 240 and taken[0] == 0 and taken[-1] == steps
    gaps = {b - a for a, b in pairwise(taken)}
    assert max(gaps) - min(gaps) <= 1
