"""Images of many depths, models and profiles, and a layer that is not where the image is."""

MAKE = {
    "u16": "image.convert_precision(Gimp.Precision.U16_NON_LINEAR)",
    "f32 linear": "image.convert_precision(Gimp.Precision.FLOAT_LINEAR)",
    "grey": "image.convert_grayscale()",
    "adobe": (
        "image.convert_color_profile(Gimp.ColorProfile.new_rgb_adobe(),"
        " Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC, True)"
    ),
    # Larger than the image on one side, smaller on the others, transparent towards the edge.
    "offsets": "layer.add_alpha(); layer.resize(470, 480, -30, -20); image.resize(500, 512, 0, 0)",
}


def main(rig):
    with rig.console() as gimp:
        for name, make in MAKE.items():
            gimp.do("image = load('animal.png'); layer = image.get_layers()[0]")
            gimp.do(make)
            rig.put(f"{name}: size", gimp.do("write_visible(image, name)", name=f"{name}.before"))
            gimp.do("save_8_bit(image, name)", name=f"{name} before.png")
            precision = gimp.do("str(image.get_precision())")
            call = "done = drag(image, layer, quality='fast', handles=text)"
            gimp.do(call, text=rig.given["handles"])
            rig.put(f"{name}: returned", gimp.do("[done.well, done.sentence]"))
            if not gimp.do("done.well"):
                continue
            rig.put(f"{name}: same precision", gimp.do("str(image.get_precision())") == precision)
            gimp.do("write_visible(image, name)", name=f"{name}.after")
            covers = gimp.do("write_coverage(done.layer, name)", name=f"{name}.coverage")
            rig.put(f"{name}: covers", covers)
            gimp.do("save_8_bit(image, name)", name=f"{name} after.png")
            rig.put(f"{name}: finer than 8 bits", gimp.do("finer_than_8_bits(done.layer)"))
            gimp.do("image.delete()")
