"""An edit in a file is offered where its layer was painted on, is gone, or lies below others."""

from rig.dialog import Dialog

ASK = "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE)[:2]"
LOAD = """
image = load('edit.xcf')
screen = Gimp.Display.new(image)
group, layer = image.get_layers()
"""
PAINT = """
image.select_rectangle(Gimp.ChannelOps.REPLACE, 200, 200, 60, 60)
Gimp.context_set_foreground(Gegl.Color.new('black'))
layer.edit_fill(Gimp.FillType.FOREGROUND)
Gimp.Selection.none(image)
"""
COVER = """
copy = group.copy(); image.insert_layer(copy, None, 0)
top = layer.copy(); image.insert_layer(top, None, 0)
"""
GONE = "image.remove_layer(layer); layer = group.get_children()[0]"


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.begin(gimp, ASK)
    dialog.wait_for_connection()
    dialog.arrow(rig.given["nose"], rig.given["target"])
    dialog.drag()
    rig.put("last", dialog.step[1])
    dialog.ok()
    rig.put("returned", gimp.end())
    gimp.do("save(image, 'edit.xcf')")
    rig.put("file size", (rig.out / "edit.xcf").stat().st_size)
    for name, change in (("as it was", ""), ("covered", COVER), ("painted", PAINT), ("gone", GONE)):
        gimp.do(LOAD + change)
        gimp.do("before = state(image)")
        dialog.begin(gimp, ASK)
        dialog.wait_for_connection()
        rig.wait_for(lambda: dialog.state["can_reopen"], 10, "the offer")
        dialog.press("Take up the edit again")
        rig.told.wait("state", 60, lambda state: state["state"] in ("done", "failed"))
        dialog.wait_until_idle()
        rig.put(name, [dialog.state["state"], dialog.message, dialog.step])
        rig.screenshot(name)
        rig.put(f"{name}: windows", rig.display().windows())
        if name == "painted":
            dialog.ok()
            rig.put("returned again", gimp.end())
            rig.put("tree again", gimp.do("tree(image)"))
            continue
        if name == "as it was":
            dialog.press("OK")
            rig.put("nothing new", dialog.wait_for_message("holds this step already"))
        dialog.cancel()
        rig.put(f"{name}: cancelled", gimp.end())
        rig.put(f"{name}: changes", gimp.do("changes(image, json.loads(json.dumps(before)))"))
