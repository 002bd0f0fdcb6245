"""A picture of 24 megapixels, as cameras make them: from the drag to its layer, and back again."""

import time

from rig.dialog import Dialog

MAKE = """
image = load('animal.png')
image.scale(6000, 4000)
screen = Gimp.Display.new(image)
layer = image.get_layers()[0]
"""
NOTE = "len(image.get_layers()[0].get_parasite('draggan-edit').get_data())"
ASK = "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE, quality='fast', region=region)[:2]"


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    dialog, ends = Dialog(rig), (rig.given["nose"], rig.given["target"])
    for region in ("auto", "whole"):
        gimp.do(MAKE, region=region)
        dialog.begin(gimp, ASK)
        dialog.wait_for_connection()
        scaled = [[x * 6000 / 512, y * 4000 / 512] for x, y in ends]
        dialog.arrow(*scaled)
        dialog.drag(240)
        rig.put(f"{region}: message", dialog.message)
        rig.screenshot(f"dragged_{region}")
        start = time.monotonic()
        dialog.press("OK")
        rig.told.wait("closed", 120)
        rig.put(f"{region}: seconds to the layer", time.monotonic() - start)
        rig.put(f"{region}: returned", gimp.end())
        gimp.do("save(image, 'large.xcf')")
        rig.put(f"{region}: note", gimp.do(NOTE))
        again(rig, gimp, dialog, region)
        gimp.do("screen.delete()")


def again(rig, gimp, dialog, region):
    dialog.begin(gimp, ASK)
    dialog.wait_for_connection()
    rig.wait_for(lambda: dialog.state["can_reopen"], 10, "the offer")
    start = time.monotonic()
    dialog.press("Take up the edit again")
    rig.told.wait("state", 120, lambda state: state["state"] in ("done", "failed"))
    dialog.wait_until_idle()
    rig.put(f"{region}: seconds to take up", time.monotonic() - start)
    rig.put(f"{region}: taken up", [dialog.message, dialog.step])
    rig.screenshot(f"again_{region}")
    dialog.cancel()
    gimp.end()
