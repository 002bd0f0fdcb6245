"""`draggand` with the real engine and the embedded model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from draggan_wire.client import Connected
from draggan_wire.messages import (
    Closed,
    Credit,
    Done,
    Drag,
    DragSettings,
    Frame,
    Image,
    Open,
    Opened,
    Ping,
    Pong,
    Progress,
    Ready,
    Seek,
    State,
    Stop,
)

from draggan.checkpoint import save_network
from draggan.stylegan2_generator import StyleGAN2Generator

from .draggand_process import PATIENCE, Draggand, Talk, hear


@pytest.mark.slow
def test_a_seed_is_dragged_through_the_real_engine(draggand: Draggand) -> None:
    draggand.serve()
    talk = Talk(draggand.client())
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    assert isinstance(opened, Opened) and opened.width == opened.height
    talk.until(Ready)
    talk.send(Credit(opened.session, 8))
    side = opened.width
    drag = Drag(
        opened.session,
        ((side * 0.5, side * 0.6),),
        ((side * 0.6, side * 0.6),),
        settings=DragSettings(steps=6),
        preview_every_ms=0,
        preview_max_side=64,
        keep_every=3,
    )
    request = talk.send(drag)
    done = talk.until(Done, re=request)
    assert isinstance(done, Done) and 0 < done.steps <= 6
    assert talk.frames("preview", request)[0].image.width == 64
    assert [frame.step for frame in talk.frames("kept", request)][:1] == [3]
    assert talk.frames("result", request)[0].image.width == side

    # A long drag: ping and stop are answered while a step computes.
    request = talk.send(replace(drag, settings=DragSettings(steps=10_000), targets=((0, 0),)))
    talk.until(State, re=request)
    talk.until(Pong, re=talk.send(Ping()))
    talk.until(State, re=talk.send(Stop(opened.session)))
    done = talk.until(Done, re=request)
    assert isinstance(done, Done) and done.reason == "stopped"
    talk.client.close()


@pytest.mark.slow
def test_an_opening_of_the_default_model_can_be_stopped(draggand: Draggand) -> None:
    draggand.serve()
    talk = Talk(draggand.client())
    picture = Image("rgb8", 40, 30, bytes(range(240)) * 15)
    request = talk.send(Open("critters", image=picture))
    opened = talk.until(Opened, re=request)
    assert isinstance(opened, Opened) and (opened.width, opened.height) == (40, 30)
    talk.until(Progress, re=request)
    talk.send(Stop(opened.session))
    closed = talk.until(Closed, re=request)
    assert isinstance(closed, Closed) and closed.reason == "stopped"
    talk.client.close()


@pytest.mark.slow
def test_a_picture_is_opened_and_the_end_delivers_its_drag(
    draggand: Draggand, tiny_generator: StyleGAN2Generator
) -> None:
    models = draggand.folder / "draggan" / "models"
    models.mkdir(parents=True)
    save_network(tiny_generator.network, models / "tiny.safetensors", metadata={})
    process = draggand.serve("--set", "journal.enabled=false")
    talk = Talk(draggand.client())
    picture = Image("bgra8", 30, 40, bytes(range(240)) * 20)
    opened = talk.until(Opened, re=talk.send(Open("tiny", image=picture, quality="fast")))
    ready = talk.until(Ready)
    assert isinstance(ready, Ready) and ready.psnr is not None and ready.verdict
    assert isinstance(opened, Opened)
    drag = Drag(opened.session, ((9, 9),), ((29, 39),), settings=DragSettings(steps=10_000))
    request = talk.send(drag)
    talk.until(State, re=request)
    # SIGTERM in the middle: the step is finished, the result delivered, the session closed.
    process.terminate()
    talk.until(Done, re=request)
    (result,) = talk.frames("result", request)
    assert (result.image.format, result.image.width, result.image.height) == ("bgra8", 30, 40)
    closed = talk.until(Closed)
    assert isinstance(closed, Closed) and closed.reason == "shutdown"
    assert process.wait(PATIENCE) == 0
    talk.client.close()


@pytest.mark.slow
def test_a_session_outlives_its_daemon(draggand: Draggand) -> None:
    process = draggand.serve()
    talk = Talk(draggand.client())
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    assert isinstance(opened, Opened)
    drag = Drag(opened.session, ((60, 60),), ((90, 60),), settings=DragSettings(steps=3))
    request = talk.send(drag)
    talk.until(Done, re=request)
    (result,) = talk.frames("result", request)
    process.terminate()
    assert process.wait(PATIENCE) == 0
    draggand.serve()
    again = hear(talk.client, lambda event: isinstance(event, Connected))
    assert isinstance(again, Connected) and again.welcome.resumed == (opened.session,)
    for step, same in ((1, False), (3, True)):
        request = talk.send(Seek(opened.session, step))
        talk.until(Frame, re=request)
        (frame,) = talk.frames("result", request)
        assert (bytes(frame.image.data) == bytes(result.image.data)) is same
    talk.client.close()
