"""The layer is deleted and the image is closed while the dialog is open: sentences, no crash."""

from rig.dialog import Dialog


def main(rig):
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    gimp.do("image.insert_layer(layer.copy(), None, 1); Gimp.displays_flush()")
    gimp.do("image.set_selected_layers([layer])")
    dialog = Dialog(rig)
    layer_deleted(rig, gimp, dialog)
    layer_deleted_in_mid_drag(rig, gimp, dialog)
    image_closed(rig, gimp, dialog)
    rig.put("alive", gimp.do("1 + 1"))


def layer_deleted(rig, gimp, dialog):
    dialog.open_by_keys()
    dialog.wait_for_connection()
    dialog.choose("Quality", "Fast: a rough likeness")
    dialog.arrow(rig.given["nose"], rig.given["target"])
    gimp.do("image.remove_layer(layer); Gimp.displays_flush()")
    dialog.press("Drag")
    rig.put("layer deleted", dialog.wait_for_message("layer"))
    rig.screenshot("layer_deleted")
    dialog.cancel()


def layer_deleted_in_mid_drag(rig, gimp, dialog):
    gimp.do("layer = image.get_layers()[0]; image.insert_layer(layer.copy(), None, 1)")
    gimp.do("image.set_selected_layers([layer]); Gimp.displays_flush()")
    dialog.open_by_keys()
    dialog.wait_for_connection()
    dialog.choose("Quality", "Fast: a rough likeness")
    dialog.arrow(rig.given["nose"], rig.given["target"])
    dialog.press("Drag")
    dialog.wait_for_step(2)
    gimp.do("image.remove_layer(layer); Gimp.displays_flush()")
    dialog.wait_until_idle()
    dialog.press("OK")
    rig.put("layer deleted in mid-drag", dialog.wait_for_message("layer"))
    rig.screenshot("layer_deleted_in_mid_drag")
    rig.put("layers", gimp.do("len(image.get_layers())"))
    dialog.cancel()


def image_closed(rig, gimp, dialog):
    gimp.do("layer = image.get_layers()[0]; image.set_selected_layers([layer])")
    dialog.open_by_keys()
    dialog.wait_for_connection()
    dialog.arrow(rig.given["nose"], rig.given["target"])
    close_by_keys(rig, gimp)
    dialog.press("Drag")
    rig.put("image closed", dialog.wait_for_message("image|picture"))
    rig.screenshot("image_closed")
    dialog.cancel()


def close_by_keys(rig, gimp):
    """As users do; GIMP asks what to do with the changes."""
    gimp.do("image.clean_all()")
    rig.display().activate("GIMP$")
    rig.display().keys("ctrl+w")
    rig.wait_for(lambda: gimp.do("not Gimp.get_images()"), 10, "the image's end")
