"""The whole timeline as an animated layer, from the docker: one at a time, each in its document."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_daemon import Daemon, frame
from tests.krita_plugin import load
from tests.krita_scene import HEIGHT, LINE, WIDTH, grey
from tests.krita_studio_scene import WAY, Desk, M, Scene

studio_module = load("studio")
DONE = "The animation is a layer in the group 'DragGAN'."
LAYER = load("host.animation").NAME


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(studio_module, "Desk", Desk)
    monkeypatch.setattr(load("draggan_wire.workbench.connection"), "Client", Daemon)
    scene = Scene()
    scene.wake()
    return scene


def send(scene: Scene, *steps: int) -> None:
    """The daemon's frames, one after the other."""
    for step in steps:
        scene.answer(frame("sought", step, grey(40 + step)), to=M.Seek)
        scene.tick()


def wait(scene: Scene) -> None:
    """Long enough for Krita to make all frames of a short timeline."""
    for _ in range(60):
        scene.tick()


def names(scene: Scene) -> list[str]:
    return [layer.name() for layer in scene.raw.named("DragGAN").childNodes()]


@pytest.fixture
def exporting(scene: Scene) -> Scene:
    """A drag has ended at step 3, and the export has been asked for."""
    scene.drag()
    scene.studio.export_animation()
    return scene


def test_the_timeline_becomes_an_animated_layer(exporting: Scene) -> None:
    send(exporting, 0, 1)
    assert exporting.studio.edit.message == "Fetching the animation: 2 of 4 frames."
    send(exporting, 2, 3)
    assert exporting.studio.edit.message.startswith("Making the animation")
    wait(exporting)
    assert exporting.studio.edit.message == DONE
    assert sorted(exporting.raw.named(LAYER).frames) == [0, 1, 2, 3]


def test_without_a_timeline_nothing_is_exported(scene: Scene) -> None:
    scene.studio.export_animation()
    assert scene.daemon.sent == []


def test_during_a_drag_nothing_is_exported(scene: Scene) -> None:
    scene.begin()
    scene.studio.export_animation()
    assert scene.daemon.said(M.Seek) == [] and scene.studio._export is None


@pytest.mark.parametrize("fetched", [0, 1, 4])
def test_pressing_twice_makes_one_layer(exporting: Scene, fetched: int) -> None:
    send(exporting, *range(fetched))
    exporting.studio.export_animation()
    send(exporting, *range(fetched, 4))
    exporting.studio.export_animation()
    wait(exporting)
    assert [message.step for message in exporting.daemon.said(M.Seek)] == [0, 1, 2, 3]
    assert names(exporting).count(LAYER) == 1


def test_once_it_is_over_another_one_can_be_made(exporting: Scene) -> None:
    for _ in range(2):
        exporting.studio.export_animation()
        send(exporting, 0, 1, 2, 3)
        wait(exporting)
        assert exporting.studio.edit.message == DONE
    assert names(exporting).count(LAYER) == 2


def test_it_looks_often_until_the_layer_is_made(exporting: Scene) -> None:
    timer = exporting.studio._timer
    send(exporting, 0, 1, 2, 3)
    assert timer.interval() == studio_module.QUICK
    wait(exporting)
    assert timer.interval() == studio_module.LAZY


def test_afterwards_a_drag_goes_on_from_the_result(exporting: Scene) -> None:
    send(exporting, 0, 1, 2)
    exporting.answer(frame("sought", 3, grey(70), WAY), to=M.Seek)
    wait(exporting)
    assert exporting.studio.edit.message == DONE
    exporting.studio.drag_or_stop()
    exporting.tick()
    assert len(exporting.daemon.said(M.Open)) == 1 and len(exporting.daemon.said(M.Drag)) == 2


@pytest.mark.parametrize("ticks", [1, 14, 16])
def test_a_drag_that_is_asked_for_meanwhile_does_not_go_on_from_a_frame(
    exporting: Scene, ticks: int
) -> None:
    send(exporting, 0, 1, 2)
    exporting.answer(frame("sought", 3, grey(70), WAY), to=M.Seek)
    for _ in range(ticks):
        exporting.tick()
    assert exporting.studio._export is not None
    exporting.studio.drag_or_stop()
    exporting.tick()
    assert len(exporting.daemon.said(M.Open)) == 1
    assert exporting.daemon.said(M.Seek)[-1].step == 3


# In its own document.


def test_its_words_go_to_its_own_document(exporting: Scene) -> None:
    other = exporting.krita.open(WIDTH, HEIGHT)
    exporting.studio.tick()
    words = exporting.studio.edit.message
    send(exporting, 0, 1, 2, 3)
    wait(exporting)
    assert exporting.studio.edit.message == words
    assert list(other.tree()) == ["Background"]
    exporting.krita.turn_to(exporting.raw)
    exporting.tick()
    assert exporting.studio.edit.message.startswith("Making the animation")
    wait(exporting)
    assert exporting.studio.edit.message == DONE


def test_what_goes_wrong_is_said_in_its_own_document(exporting: Scene) -> None:
    send(exporting, 0, 1, 2, 3)
    exporting.raw.named(LAYER).remove()
    exporting.tick()
    assert exporting.studio.edit.message == "The animated layer was removed."
    exporting.krita.open(WIDTH, HEIGHT)
    exporting.studio.tick()
    assert exporting.studio.edit.state == "idle" and exporting.studio.edit.message == ""


@pytest.mark.parametrize("fetched", [0, 2, 4])
def test_closing_its_document_ends_it(exporting: Scene, fetched: int) -> None:
    send(exporting, *range(fetched))
    exporting.raw.close()
    exporting.studio.tick()
    assert exporting.studio._export is None and exporting.studio.edit.state == "none"
    exporting.studio.tick()
    assert exporting.studio._timer.interval() == studio_module.LAZY


def test_after_its_document_was_closed_another_one_can_be_exported(exporting: Scene) -> None:
    exporting.raw.close()
    exporting.studio.tick()
    exporting.raw = exporting.krita.open(WIDTH, HEIGHT)
    exporting.tick()
    exporting.drag()
    exporting.studio.export_animation()
    send(exporting, 0, 1, 2, 3)
    wait(exporting)
    assert exporting.studio.edit.message == DONE


def test_closing_another_document_does_it_no_harm(exporting: Scene) -> None:
    other = exporting.krita.open(WIDTH, HEIGHT)
    exporting.studio.tick()
    send(exporting, 0, 1)
    other.close()
    exporting.krita.turn_to(exporting.raw)
    send(exporting, 2, 3)
    wait(exporting)
    assert exporting.studio.edit.message == DONE


# What goes wrong.


def test_what_the_daemon_refuses_ends_it_with_its_words(exporting: Scene) -> None:
    send(exporting, 0)
    exporting.answer(M.Error("engine_failed", "It went wrong.", "Try less."), to=M.Seek)
    exporting.tick()
    assert exporting.studio._export is None and LAYER not in names(exporting)
    assert exporting.studio.edit.message == "It went wrong."
    assert exporting.studio.edit.hint == "Try less."


def test_another_connection_ends_the_fetching(exporting: Scene) -> None:
    send(exporting, 0)
    exporting.studio.reconnect()
    exporting.daemon.connect()
    exporting.tick()
    assert exporting.studio._export is None and LAYER not in names(exporting)


def test_krita_that_turns_to_the_group_in_between_does_not_hold_it_up(exporting: Scene) -> None:
    send(exporting, 0, 1, 2, 3)
    exporting.raw.setActiveNode(exporting.raw.named("DragGAN"))
    wait(exporting)
    assert exporting.studio.edit.message == DONE


def test_an_exception_ends_it_too(exporting: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(node: Any, time: int) -> bool:
        raise RuntimeError("wrapped C/C++ object has been deleted")

    send(exporting, 0, 1, 2, 3)
    with monkeypatch.context() as patch:
        patch.setattr(type(exporting.raw.named(LAYER)), "hasKeyframeAtTime", fail)
        wait(exporting)
    assert "RuntimeError" in exporting.studio.edit.message
    assert exporting.studio._export is None
    exporting.place(LINE)
    assert exporting.desk.drawn.lines == (LINE,)
