"""A layer of 35 megapixels, of which the model gets what is selected, or what the handles need."""

MAKE = """
image = load('animal.png')
image.resize(7000, 5000, *at)
ground = Gimp.Layer.new(image, 'ground', 7000, 5000, Gimp.ImageType.RGB_IMAGE, 100.0,
                        Gimp.LayerMode.NORMAL)
image.insert_layer(ground, None, 1)
Gimp.context_set_foreground(Gegl.Color.new('#9a9a86'))
ground.edit_fill(Gimp.FillType.FOREGROUND)
layer = image.merge_down(image.get_layers()[0], Gimp.MergeType.CLIP_TO_IMAGE)
"""


SELECT = "image.select_rectangle(Gimp.ChannelOps.REPLACE, *at, 512, 512)"


def main(rig):
    with rig.console() as gimp:
        gimp.do(MAKE, at=rig.given["at"])
        rig.put("size", gimp.do("write_visible(image, 'before.raw')"))
        call = "done = drag(image, layer, quality='fast', handles=text, region=region)"
        gimp.do(call, text=rig.given["handles"], region="whole")
        rig.put("around the handles", gimp.do("[done.well, done.sentence]"))
        gimp.do("image.remove_layer(done.layer.get_parent())")
        gimp.do(
            "image.select_rectangle(Gimp.ChannelOps.REPLACE, *at, 512, 512)", at=rig.given["at"]
        )
        gimp.do(call, text=rig.given["handles"], region="selection")
        rig.put("returned", gimp.do("[done.well, done.sentence]"))
        gimp.do("write_visible(image, 'after.raw')")
        rig.put("covers", gimp.do("write_coverage(done.layer, 'coverage.raw')"))
        gimp.do("image.crop(512, 512, *at); export(image, 'after.png')", at=rig.given["at"])
