"""A Python script drags in GIMP without a window, and goes on with the layer that comes back."""


def main(rig):
    with rig.console() as gimp:
        gimp.do("image = load('animal.png'); layer = image.get_layers()[0]")
        before = gimp.do("digest(layer)")
        rig.put("size", gimp.do("write_visible(image, 'before.raw')"))
        gimp.do(
            "done = drag(image, layer, quality='fast', handles=text)", text=rig.given["handles"]
        )
        rig.put("returned", gimp.do("[done.well, done.sentence, done.layer.get_name()]"))
        rig.put("tree", gimp.do("tree(image)"))
        rig.put("the layer is as it was", gimp.do("digest(layer)") == before)
        gimp.do("write_visible(image, 'after.raw')")
        rig.put("covers", gimp.do("write_coverage(done.layer, 'coverage.raw')"))
        gimp.do("export(image, 'after.png')")
