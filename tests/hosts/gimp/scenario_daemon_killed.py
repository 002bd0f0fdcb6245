"""The daemon dies in mid-drag, the user does not wait: Stop, and Drag once it is back."""

from rig.dialog import Dialog


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.begin(gimp, "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE, quality='fast')[:2]")
    dialog.wait_for_connection()
    dialog.arrow(rig.given["nose"], rig.given["target"])
    dialog.press("More options")
    dialog.wait_until_settled()
    dialog.enter("Speed", "0.0002")  # so that there is time for something to happen meanwhile
    dialog.press("Drag")
    dialog.wait_for_step(3)
    rig.screenshot("dragging")
    rig.ask("kill_daemon")
    rig.wait_for(lambda: dialog.state["connection"] != "connected", 20, "the connection's end")
    rig.put("while it may come back", dialog.wait_for_message("gone"))
    rig.screenshot("waiting")
    dialog.press("Stop")
    dialog.wait_until_idle(5)
    rig.put("without daemon", dialog.state)
    rig.screenshot("without_daemon")

    rig.ask("start_daemon")
    dialog.wait_for_connection()
    dialog.enter("Speed", "0")  # Auto
    dialog.drag()
    rig.put("message", dialog.message)
    rig.screenshot("done")
    dialog.ok()
    rig.put("returned", gimp.end())
    rig.put("tree", gimp.do("tree(image)"))
