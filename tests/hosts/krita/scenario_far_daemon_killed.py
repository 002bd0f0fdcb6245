"""The far daemon is killed in mid-drag and started again: the drag goes on by itself."""

from draggan_rig.canvas import layers
from draggan_rig.painter import SLOW, begin_and_place, slow_down
from draggan_rig.pictures import write_result


def main(rig):
    document, _, docker = yield from begin_and_place(rig)
    yield from slow_down(docker, SLOW)
    yield from docker.click("Drag")
    yield from docker.wait_for_step(5)
    yield from rig.ask("kill_daemon")
    read = yield from docker.listen(3000)
    yield from rig.screenshot("without_daemon")
    rig.put("buttons without daemon", docker.buttons())
    yield from rig.ask("start_daemon")
    read += yield from docker.listen_until_idle()
    rig.put("read", read)
    rig.put("message", docker.message())
    rig.put("connection", docker.connection())
    rig.put("result", write_result(rig, document))
    rig.put("layers", layers(document.rootNode()))
    rig.put("dialogs", rig.dialogs())
    yield from rig.screenshot("done")
