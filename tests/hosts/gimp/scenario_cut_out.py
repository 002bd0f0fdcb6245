"""An animal that was cut out, above another layer: what moves takes its alpha along."""

MAKE = """
image = load('cut_out.png')
layer = image.get_layers()[0]
if precision:
    image.convert_precision(getattr(Gimp.Precision, precision))
below = Gimp.Layer.new(image, 'below', 512, 512, Gimp.ImageType.RGB_IMAGE, 100.0,
                       Gimp.LayerMode.NORMAL)
image.insert_layer(below, None, 1)
Gimp.context_set_foreground(Gegl.Color.new('#3060ff'))
below.edit_fill(Gimp.FillType.FOREGROUND)
"""


def main(rig):
    with rig.console() as gimp:
        for name, precision in (("u8", ""), ("float", "FLOAT_LINEAR")):
            gimp.do(MAKE, precision=precision)
            rig.put(f"{name}: size", gimp.do("write_visible(image, name)", name=f"{name}.before"))
            gimp.do("export(image, name)", name=f"{name} before.png")
            call = "done = drag(image, layer, quality='fast', handles=text)"
            gimp.do(call, text=rig.given["handles"])
            rig.put(f"{name}: returned", gimp.do("[done.well, done.sentence]"))
            rig.put(f"{name}: tree", gimp.do("tree(image)"))
            gimp.do("write_visible(image, name)", name=f"{name}.after")
            covers = gimp.do("write_coverage(done.layer, name)", name=f"{name}.coverage")
            rig.put(f"{name}: covers", covers)
            gimp.do("save_8_bit(image, name)", name=f"{name} after.png")
            gimp.do("below.set_visible(False); export(image, name)", name=f"{name} alone.png")
            gimp.do("image.delete()")
