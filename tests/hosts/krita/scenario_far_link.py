"""A drag over a far network that is silent for five seconds: previews, waiting, and the result."""

from draggan_rig.canvas import layers
from draggan_rig.painter import SLOW, begin_and_place, slow_down
from draggan_rig.pictures import write_result, write_shown_step

UNDER_WAY = 1000  # ms in which what had passed the cut already is shown


def main(rig):
    document, _, docker = yield from begin_and_place(rig)
    yield from slow_down(docker, SLOW)
    yield from docker.click("Drag")
    yield from docker.wait_for_step(1)
    rig.put("shown", write_shown_step(rig, document))
    yield from rig.screenshot("dragging")
    yield from rig.ask("cut")
    read = yield from docker.listen(UNDER_WAY)
    rig.put("step when cut", docker.step())
    read += yield from docker.listen(5000)
    yield from rig.screenshot("cut")
    rig.put("step while cut", docker.step())
    yield from rig.ask("restore")
    read += yield from docker.listen_until_idle()
    rig.put("read", read)
    rig.put("message", docker.message())
    rig.put("result", write_result(rig, document))
    rig.put("layers", layers(document.rootNode()))
    rig.put("dialogs", rig.dialogs())
    yield from rig.screenshot("done")
