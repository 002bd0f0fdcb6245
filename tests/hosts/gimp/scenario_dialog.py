"""A first edit: an arrow drawn at several views, a pin, Drag, the timeline, OK, undo and redo."""

from rig.dialog import Dialog

FAST = "Fast: a rough likeness"


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    before = gimp.do("state(image)")
    rig.put("size", gimp.do("write_visible(image, 'before.raw')"))
    dialog = Dialog(rig)
    dialog.open_by_keys()
    dialog.wait_for_connection()
    rig.screenshot("opened")
    dialog.choose("Quality", FAST)
    place(rig, dialog)
    pin_and_delete(rig, dialog)
    rig.screenshot("placed")

    dialog.press("Drag")
    dialog.wait_for_step(3)
    rig.screenshot("dragging")
    dialog.wait_until_idle()
    rig.put("message", dialog.message)
    rig.screenshot("done")
    keep_a_step(rig, dialog)
    rig.put("changes before OK", gimp.do("changes(image, before)", before=before))
    dialog.ok()
    rig.put("tree", gimp.do("tree(image)"))
    rig.screenshot("after_ok")
    gimp.do("write_visible(image, 'after.raw')")
    gimp.do("result = image.get_layers()[0].get_children()[0]")
    rig.put("covers", gimp.do("write_coverage(result, 'coverage.raw')"))
    gimp.do("export(image, 'after.png')")
    undo_and_redo(rig, gimp, before)


def place(rig, dialog):
    """One arrow; its target is then taken up and put elsewhere in a larger view."""
    nose, target = rig.given["nose"], rig.given["target"]
    first = [nose[0] - 60, nose[1] - 60]
    dialog.arrow(nose, first)
    rig.screenshot("placing")
    rig.display().scroll(dialog.on_screen(first), 3)
    dialog.wait_until_settled()
    dialog.arrow(first, [nose[0] - 20, nose[1] - 25])
    dialog.press("Fit the window")
    dialog.wait_until_settled()
    dialog.arrow([nose[0] - 20, nose[1] - 25], target)
    rig.put("handles", dialog.state["handles"])


def pin_and_delete(rig, dialog):
    """A click makes a pin; another click on it chooses it; then it can be deleted."""
    dialog.pin((60, 60))
    rig.put("pinned", dialog.state["handles"])
    dialog.pin((60, 60))
    rig.display().keys("Delete")
    rig.wait_for(lambda: len(dialog.state["handles"]) == 1, 5, "the pin's end")


def keep_a_step(rig, dialog):
    _, last = dialog.step
    for k in (1, 2):
        dialog.press("One step back")
        rig.wait_for(lambda k=k: dialog.step[0] == last - k, 10, f"{k} steps back")
    dialog.press("Keep step")
    rig.wait_for(lambda: dialog.state["kept"] == [last - 2], 10, "the kept step")
    rig.screenshot("kept")
    for k in (1, 0):
        dialog.press("One step forward")
        rig.wait_for(lambda k=k: dialog.step[0] == last - k, 10, "forward again")
    rig.put("last", last)


def undo_and_redo(rig, gimp, before):
    tree = gimp.do("tree(image)")
    rig.display().activate("GIMP$")
    rig.display().keys("ctrl+z")
    rig.wait_for(lambda: gimp.do("len(image.get_layers())") == 1, 10, "undo")
    rig.put("changes after undo", gimp.do("changes(image, before)", before=before))
    rig.screenshot("undone")
    rig.display().keys("ctrl+y")
    rig.wait_for(lambda: gimp.do("len(image.get_layers())") == 2, 10, "redo")
    rig.put("the same after redo", gimp.do("tree(image)") == tree)
