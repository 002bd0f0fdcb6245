"""The daemon dies in mid-drag, the painter does not wait: Stop, and Drag once it is back."""

from draggan_rig.canvas import layers, pixels
from draggan_rig.painter import begin_and_place, slow_down


def main(rig):
    document, _, docker = yield from begin_and_place(rig)
    before = pixels(document)
    yield from slow_down(docker)
    yield from docker.click("Drag")
    yield from docker.wait_for_step(3)
    yield from rig.screenshot("dragging")
    yield from rig.ask("kill_daemon")
    yield from docker.listen(2500)
    rig.put("message while it may come back", docker.message())
    yield from rig.screenshot("waiting")
    yield from docker.click("Stop")
    yield from docker.wait_until_idle(5)
    rig.put("message without daemon", docker.message())
    rig.put("connection without daemon", docker.connection())
    rig.put("dialogs", rig.dialogs())
    rig.put("layers without daemon", layers(document.rootNode()))
    assert docker.button("Start local daemon").isVisible()
    yield from rig.screenshot("without_daemon")

    yield from rig.ask("start_daemon")
    yield from docker.wait_for_connection()
    yield from docker.enter("Speed", "0")  # Auto
    yield from docker.drag()
    rig.put("message", docker.message())
    rig.put("step", docker.step())
    rig.put("changed", pixels(document) != before)
    rig.put("layers", layers(document.rootNode()))
    yield from rig.screenshot("done")
