"""The far daemon is killed in mid-drag and started again: the drag goes on by itself."""

import time

from rig.dialog import Dialog


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.begin_slow_drag(rig.given["nose"], rig.given["target"])
    dialog.wait_for_step(5)
    rig.ask("kill_daemon")
    dialog.wait_for_message("gone")
    time.sleep(2)
    rig.put("can start one", dialog.has("Start local daemon"))
    rig.screenshot("without_daemon")
    rig.ask("start_daemon")
    dialog.wait_until_idle(60)
    rig.put("message", dialog.message)
    rig.put("read", dialog.read())
    rig.screenshot("done")
    dialog.ok()
    rig.put("tree", gimp.do("tree(image)"))
    gimp.do("write_pixels(image.get_layers()[0].get_children()[0], 'result.raw')")
