"""Saved as XCF, opened in another GIMP: the edit is offered, taken up, and goes on."""

from rig.dialog import Dialog

ASK = "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE, quality='fast')[:2]"


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.begin(gimp, ASK)
    dialog.wait_for_connection()
    dialog.arrow(rig.given["nose"], rig.given["target"])
    dialog.drag()
    step, handles = dialog.step, dialog.state["handles"]
    dialog.ok()
    rig.put("returned", gimp.end())
    rig.put("tree", gimp.do("tree(image)"))
    gimp.do("write_visible(image, 'before.raw')")
    gimp.do("save(image, 'edit.xcf')")
    rig.put("file size", (rig.out / "edit.xcf").stat().st_size)
    gimp.close()

    gimp = rig.gimp(rig.path("edit.xcf"))
    gimp.do("image = Gimp.get_images()[0]; group, layer = image.get_layers()")
    for name, which in (("source", "layer"), ("result", "group.get_children()[0]")):
        take_up(rig, gimp, dialog, name, which)
        rig.put(f"{name}: steps", [step, dialog.step])
        rig.put(f"{name}: handles", [handles, dialog.state["handles"]])
        rig.put(f"{name}: message", dialog.message)
        if name == "source":
            dialog.cancel()
            rig.put("cancelled", gimp.end())
    go_on(rig, dialog)
    dialog.ok()
    rig.put("went on", gimp.end())
    rig.put("tree after all", gimp.do("tree(image)"))
    gimp.do("export(image, 'after.png')")


def take_up(rig, gimp, dialog, name, which):
    dialog.begin(gimp, ASK.replace("layer", which))
    dialog.wait_for_connection()
    rig.wait_for(lambda: dialog.state["can_reopen"], 10, "the offer")
    rig.screenshot(f"offered_{name}")
    dialog.press("Take up the edit again")
    rig.wait_for(lambda: dialog.step[1] > 0, 60, "the timeline")
    dialog.wait_until_idle()
    rig.screenshot(f"taken_up_{name}")


def go_on(rig, dialog):
    """From an earlier step, somewhere else."""
    _, last = dialog.step
    for k in (1, 2):
        dialog.press("One step back")
        rig.wait_for(lambda k=k: dialog.step[0] == last - k, 20, f"{k} steps back")
    dialog.drag()
    rig.put("message after going on", dialog.message)
