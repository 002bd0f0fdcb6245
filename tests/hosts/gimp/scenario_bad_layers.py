"""Layers and selections that nothing can be made of: each is said, and the image stays as it is."""

LAYER = (
    "image = Gimp.Image.new_with_precision(*size, Gimp.ImageBaseType.RGB, "
    "getattr(Gimp.Precision, precision)); "
    "layer = Gimp.Layer.new(image, 'layer', *size, Gimp.ImageType.RGBA_IMAGE, 100.0, "
    "Gimp.LayerMode.NORMAL); image.insert_layer(layer, None, 0)"
)
NANS = """
import struct
image = load('animal.png')
image.convert_precision(Gimp.Precision.FLOAT_LINEAR)
layer = image.get_layers()[0]
buffer = layer.get_buffer()
buffer.set(Gegl.Rectangle.new(*box), "RGB float",
           struct.pack("<f", float("nan")) * (3 * box[2] * box[3]))
buffer.flush()
"""
ANIMAL = "image = load('animal.png'); layer = image.get_layers()[0]; "
LARGER = "layer.resize(20000, 10000, 0, 0)"
FILL = (
    "Gimp.context_set_foreground(Gegl.Color.new('#9a9a86')); layer.fill(Gimp.FillType.FOREGROUND)"
)


def main(rig):
    handles = rig.given["handles"]
    with rig.console() as gimp:

        def tried(name, make, handles=handles, **values):
            gimp.do(make, **values)
            before = gimp.do("state(image)")
            call = "drag(image, layer, quality='fast', handles=text, region=region)[:2]"
            done = gimp.do(call, text=handles, region=values.get("region", "whole"), seconds=200)
            rig.put(name, [*done, gimp.do("changes(image, before)", before=before)])
            gimp.do("image.delete()")

        def layer(width, height, more=FILL, precision="U8_NON_LINEAR"):
            return {"make": f"{LAYER}; {more}", "size": [width, height], "precision": precision}

        clear = "layer.fill(Gimp.FillType.TRANSPARENT)"
        tried("transparent", **layer(512, 512, clear), handles="200,200:230,200")
        clear_floats = layer(512, 512, clear, "FLOAT_LINEAR")
        tried("transparent floats", **clear_floats, handles="200,200:230,200")
        tried("tiny", **layer(3, 2), handles="0.5,0.5:2.5,0.5")
        tried("one pixel", **layer(1, 1), handles="0.2,0.5:0.8,0.5")
        tried("thin", **layer(600, 1), handles="100,0.5:200,0.5")
        select = ANIMAL + "image.select_rectangle(Gimp.ChannelOps.REPLACE, *box)"
        tried("selected elsewhere", select, box=[0, 0, 20, 20])
        outside = "; layer.set_offsets(100, 0)"
        tried("selected outside", select + outside, box=[0, 0, 60, 512], region="selection")
        tried("nothing selected", ANIMAL, region="selection")
        tried("NaNs everywhere", NANS, box=[0, 0, 512, 512])
        tried("NaNs in a corner", NANS, box=[0, 0, 40, 30])
        tried("spread over it", **layer(20000, 10000), handles="100,100:19000,9000")
        tried("200 megapixels", ANIMAL + "image.resize(20000, 10000, 0, 0); " + LARGER)
