"""While a drag shows twenty previews a second, the dialog never stands still for long."""

import time

from rig.dialog import Dialog


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.begin(gimp, "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE)[:2]")
    dialog.wait_for_connection()
    dialog.arrow(rig.given["nose"], rig.given["target"])
    dialog.press("Drag")
    dialog.wait_for_step(1)
    time.sleep(10)
    rig.screenshot("dragging")
    dialog.press("Stop")
    dialog.wait_until_idle()
    rig.put("dragging", rig.told.last("pace", lambda pace: pace["state"] == "dragging"))
    rig.screenshot("done")
    dialog.press("Cancel")
    rig.put("returned", gimp.end())
