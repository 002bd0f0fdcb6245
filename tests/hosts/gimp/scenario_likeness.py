"""How the model sees a picture that it knows, and one that it does not; pasting and turning."""

from rig.dialog import Dialog

ASK = "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE)[:2]"


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    known(rig, gimp, dialog)
    gimp.do("other = load('coffee.png'); Gimp.Display.new(other)")
    gimp.do("picture = other.get_layers()[0]; before = state(other)")
    unknown(rig, gimp, dialog)


def known(rig, gimp, dialog):
    dialog.begin(gimp, ASK)
    rig.told.wait("state", 30, lambda state: state["likeness"])
    rig.put("seen while opening", [dialog.state["state"], dialog.state["fit"]])
    rig.screenshot("looking")
    dialog.arrow(rig.given["nose"], rig.given["target"])
    rig.put("fit at first", dialog.wait_for_fit("."))
    dialog.drag()
    rig.put("message", dialog.message)
    rig.screenshot("dragged")
    rig.put("fit", dialog.state["fit"])
    dialog.press("More options")
    dialog.wait_until_settled()
    rig.screenshot("options")
    step = dialog.step
    dialog.choose("Paste", "All that the model sees")
    dialog.wait_until_idle()
    rig.screenshot("pasted_all")
    rig.put("the same step", dialog.step == step)
    dialog.ok()
    rig.put("returned", gimp.end())
    rig.put("covers", gimp.do("write_coverage(image.get_layers()[0].get_children()[0], 'all.raw')"))


def unknown(rig, gimp, dialog):
    dialog.begin(gimp, ASK.replace("image, layer", "other, picture"))
    rig.put("unknown", dialog.wait_for_fit("poor"))
    rig.told.wait("state", 30, lambda state: state["likeness"])
    rig.screenshot("unknown")
    rig.put("windows", rig.display().windows())
    dialog.cancel()
    rig.put("cancelled", gimp.end())
    rig.put("changes", gimp.do("changes(other, json.loads(json.dumps(before)))"))
