"""Stop, Escape and Cancel in mid-drag: at once, and Cancel leaves the image as it was."""

import time

from rig.dialog import Dialog


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    before = gimp.do("state(image)")
    dialog = Dialog(rig)
    dialog.open_by_keys()
    dialog.wait_for_connection()
    dialog.choose("Quality", "Fast: a rough likeness")
    dialog.arrow(rig.given["nose"], rig.given["target"])
    dialog.press("More options")
    dialog.press("Show steps in the image")
    dialog.enter("Speed", "0.0002")  # so that there is time for something to happen meanwhile
    dialog.press("Drag")
    dialog.wait_for_step(3)
    rig.put("stop", measured(rig, dialog, lambda: dialog.press("Stop")))
    rig.put("message", dialog.message)
    dialog.press("Drag")
    step, _ = dialog.step
    dialog.wait_for_step(step + 3)
    rig.put("escape", measured(rig, dialog, lambda: rig.display().keys("Escape")))
    rig.screenshot("stopped")
    dialog.press("Drag")
    step, _ = dialog.step
    dialog.wait_for_step(step + 3)
    dialog.cancel()
    rig.put("changes", gimp.do("changes(image, before)", before=before))
    rig.put("windows", rig.display().windows())


def measured(rig, dialog, action):
    """Seconds from the end of an action until the drag is over."""
    action()
    began = time.monotonic()
    rig.told.wait("state", 30, lambda state: not state["busy"])
    return time.monotonic() - began
