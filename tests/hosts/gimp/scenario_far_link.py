"""A drag over a far network that is silent for five seconds: previews, waiting, and the result."""

import time

from rig.dialog import Dialog

UNDER_WAY = 1  # seconds in which what had passed the cut already is shown


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.begin_slow_drag(rig.given["nose"], rig.given["target"])
    dialog.wait_for_step(1)
    rig.put("size", gimp.do("write_visible(image, 'shown.raw')"))
    rig.screenshot("dragging")
    rig.ask("cut")
    time.sleep(UNDER_WAY)
    rig.put("step when cut", dialog.step)
    time.sleep(5)
    rig.put("step while cut", dialog.step)
    rig.screenshot("cut")
    rig.ask("restore")
    dialog.wait_until_idle(60)
    rig.put("message", dialog.message)
    rig.put("read", dialog.read())
    rig.screenshot("done")
    dialog.ok()
    rig.put("tree", gimp.do("tree(image)"))
    gimp.do("write_pixels(image.get_layers()[0].get_children()[0], 'result.raw')")
