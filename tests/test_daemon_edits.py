"""The editors' edit flow on `draggand` with the real engine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from draggan_wire.edit import Edit, EditOptions
from draggan_wire.exchange import Exchange
from draggan_wire.messages import (
    DragSettings,
    Frame,
    Image,
)

from draggan.checkpoint import save_network
from draggan.stylegan2_generator import StyleGAN2Generator

from .draggand_process import PATIENCE, Draggand
from .edit_stage import FakeCanvas


class Desk:
    """One edit on a line of an exchange, and its document in memory."""

    def __init__(self, exchange: Exchange, picture: Image) -> None:
        self.canvas = FakeCanvas()
        self.canvas.image = picture
        self.canvas.handles = [((9.0, 9.0), (20.0, 12.0))]
        self.exchange = exchange
        self.edit = Edit(exchange.line(), self.canvas)

    def poll_until(self, reached: Callable[[], object], *, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, self.edit.status
            self.exchange.poll()
            self.edit.poll()
            time.sleep(0.005)

    def drag(self, *, at: int | None = None) -> None:
        self.edit.start(self.options, at=at)
        self.poll_until(lambda: not self.edit.busy)
        assert self.edit.status.state == "done", self.edit.status

    @property
    def options(self) -> EditOptions:
        settings = DragSettings(steps=4)
        return EditOptions(model="tiny", quality="fast", settings=settings, preview_every_ms=0)

    def result(self) -> Image:
        return self.canvas.results[-1][0]


@pytest.mark.slow
def test_the_steps_of_an_edit_are_looked_at_fetched_and_reopened(
    draggand: Draggand, tiny_generator: StyleGAN2Generator
) -> None:
    models = draggand.folder / "draggan" / "models"
    models.mkdir(parents=True)
    save_network(tiny_generator.network, models / "tiny.safetensors", metadata={})
    process = draggand.serve()
    client = draggand.client()
    exchange = Exchange(client)
    picture = Image("bgra8", 30, 40, bytes(range(240)) * 20)
    desk = Desk(exchange, picture)
    desk.drag()
    edit, last = desk.edit, desk.edit.last
    desk.poll_until(lambda: edit.saved_step == last)
    assert 0 < last <= 4 and desk.canvas.changed[-1] is not None

    edit.look(1)
    desk.poll_until(lambda: edit.status.message == f"Step 1 of {last}.")
    assert desk.canvas.preview is not None and len(edit.status.points) == 1

    frames: list[Frame] = []
    edit.fetch([0, last], frames.append)
    desk.poll_until(lambda: len(frames) == 2)
    assert bytes(frames[0].image.data) == bytes(picture.data)
    assert bytes(frames[1].image.data) == bytes(desk.result().data)

    # Another day, another document: the very same pixels come back.
    data = edit.saved
    assert data is not None
    again = Desk(exchange, picture)
    again.edit.restore(again.options, data)
    again.poll_until(lambda: not again.edit.busy)
    assert again.edit.status.message == "The edit is open again."
    assert (again.edit.status.step, again.edit.last) == (last, last)
    assert again.canvas.preview is not None
    assert bytes(again.canvas.preview.data) == bytes(desk.result().data)
    again.drag(at=1)
    assert again.edit.status.step > 1
    again.edit.close()

    # The daemon is killed and comes back: its journal has the edit.
    process.kill()
    process.wait()
    desk.poll_until(lambda: client.welcome is None)
    process = draggand.serve()
    desk.poll_until(lambda: client.welcome is not None)
    desk.drag(at=1)
    assert edit.status.step > 1 and len(desk.canvas.results) == 2

    # The journal is lost as well: the edit goes on from what was saved.
    desk.poll_until(lambda: edit.saved_step == edit.last)
    process.kill()
    process.wait()
    desk.poll_until(lambda: client.welcome is None)
    shutil.rmtree(draggand.folder / "draggand" / "journal")
    draggand.serve()
    desk.poll_until(lambda: client.welcome is not None and not edit.last)
    desk.drag(at=1)
    assert edit.status.step > 1 and len(desk.canvas.results) == 3
    client.close()


@pytest.mark.slow
def test_a_picture_is_opened_ahead_given_up_for_another_or_made_up(
    draggand: Draggand, tiny_generator: StyleGAN2Generator
) -> None:
    models = draggand.folder / "draggan" / "models"
    models.mkdir(parents=True)
    save_network(tiny_generator.network, models / "tiny.safetensors", metadata={})
    draggand.serve()
    client = draggand.client()
    desk = Desk(Exchange(client), Image("bgra8", 30, 40, bytes(range(240)) * 20))
    edit, read = desk.edit, "The model has read the picture."
    edit.prepare(desk.options)
    desk.poll_until(lambda: edit.status.message == read)
    assert edit.status.fit is not None and not edit.busy

    desk.drag()  # the same picture: nothing is opened
    assert edit.last > 0

    desk.canvas.image = Image("bgra8", 30, 40, bytes(reversed(range(240))) * 20)
    edit.prepare(desk.options)
    desk.poll_until(lambda: edit.status.message != "Sending the picture...")
    desk.canvas.image = Image("bgra8", 30, 40, b"\x80" * 4800)
    desk.drag()  # what is still being opened gives way
    assert len(desk.canvas.results) == 2

    desk.canvas.image = Image("rgb8", 32, 32, bytes(3 * 32 * 32))
    edit.start(replace(desk.options, seed=5))
    desk.poll_until(lambda: not edit.busy)
    assert edit.status.state == "done", edit.status
    assert (desk.result().width, desk.result().height) == (32, 32)
    client.close()
