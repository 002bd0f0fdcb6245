"""A picture of 24 megapixels, as cameras make them: from the drag to its layer, and back again."""

import time

from rig.dialog import Dialog

MAKE = """
image = load('animal.png')
image.scale(4000, 4000)
image.resize(6000, 4000, 1000, 0)
layer = image.get_layers()[0]
layer.resize_to_image_size()
screen = Gimp.Display.new(image)
"""
NOTE = "len(image.get_layers()[0].get_parasite('draggan-edit').get_data())"
ASK = "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE, quality='fast', iterations=10)[:2]"


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    dialog, ends = Dialog(rig), (rig.given["nose"], rig.given["target"])
    gimp.do(MAKE)
    dialog.begin(gimp, ASK)
    dialog.wait_for_connection()
    dialog.arrow(*[[1000 + x * 4000 / 512, y * 4000 / 512] for x, y in ends])
    dialog.drag(240)
    rig.put("message", dialog.message)
    rig.screenshot("dragged")
    start = time.monotonic()
    dialog.press("OK")
    rig.told.wait("closed", 120)
    rig.put("seconds to the layer", time.monotonic() - start)
    rig.put("returned", gimp.end())
    rig.put("note", gimp.do(NOTE))
    dialog.begin(gimp, ASK)
    dialog.wait_for_connection()
    rig.wait_for(lambda: dialog.state["can_reopen"], 10, "the offer")
    start = time.monotonic()
    dialog.press("Take up the edit again")
    rig.told.wait("state", 120, lambda state: state["state"] in ("done", "failed"))
    dialog.wait_until_idle()
    rig.put("seconds to take up", time.monotonic() - start)
    rig.put("taken up", [dialog.message, dialog.step])
    rig.screenshot("again")
    dialog.cancel()
    gimp.end()
