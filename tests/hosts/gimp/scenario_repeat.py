"""The filter again: "Repeat" does the same without a dialog, "Re-show" has what was set."""

from rig.dialog import Dialog

FAST = "Fast: a rough likeness"
WHOLE = "All that the model sees"


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.open_by_keys()
    dialog.wait_for_connection()
    dialog.choose("Quality", FAST)
    dialog.press("More options")
    dialog.wait_until_settled()
    dialog.choose("Paste", WHOLE)
    dialog.arrow(rig.given["nose"], rig.given["target"])
    dialog.press("OK")  # drags, since nothing has been dragged yet
    dialog.wait_until_closed(120)
    rig.put("tree", gimp.do("tree(image)"))

    gimp.do("image.set_selected_layers([layer]); Gimp.displays_flush()")
    rig.told.mark()
    rig.display().activate("GIMP$")
    rig.display().keys("ctrl+f")
    rig.wait_for(lambda: gimp.do("len(image.get_layers())") == 3, 120, "the second group")
    rig.put("dialog when repeated", rig.told.last("geometry") is not None)
    rig.put("tree after repeating", gimp.do("tree(image)"))
    for k, name in enumerate(("repeated.raw", "first.raw")):
        gimp.do("result = image.get_layers()[k].get_children()[0]", k=k)
        rig.put(f"{name}: covers", gimp.do("write_coverage(result, name)", name=name))
    rig.screenshot("repeated")
    gimp.do("image.get_layers()[1].set_visible(False)")
    gimp.do("export(image, 'after.png')")

    gimp.do("image.set_selected_layers([layer]); Gimp.displays_flush()")
    rig.told.mark()
    rig.display().activate("GIMP$")
    rig.display().keys("ctrl+shift+f")
    dialog.wait_until_shown()
    row, known = dialog.widget("Quality")["value"]
    rig.put("quality shown again", known[row])
    dialog.press("More options")
    dialog.wait_until_settled()
    row, known = dialog.widget("Paste")["value"]
    rig.put("paste shown again", known[row])
    rig.screenshot("shown_again")
    dialog.cancel()
