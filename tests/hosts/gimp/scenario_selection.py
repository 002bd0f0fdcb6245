"""A feathered selection says what may move; the argument `mask` can say that it does not."""

SELECT = """
Gimp.context_set_feather(True)
Gimp.context_set_feather_radius(12, 12)
image.select_rectangle(Gimp.ChannelOps.REPLACE, *box)
"""
OUTSIDE = """
Gimp.context_set_feather(False)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 440, 60, 60)
"""


def main(rig):
    handles = rig.given["handles"]
    with rig.console() as gimp:
        gimp.do("image = load('animal.png'); layer = image.get_layers()[0]")
        rig.put("size", gimp.do("write_visible(image, 'before.raw')"))
        gimp.do(OUTSIDE)
        before = gimp.do("state(image)")
        rig.put("elsewhere", gimp.do("drag(image, layer, handles=text)[:2]", text=handles))
        rig.put("changes", gimp.do("changes(image, before)", before=before))
        gimp.do(SELECT, box=rig.given["box"])
        gimp.do("write_selection(image, 'selection.raw')")
        selected = gimp.do("digest(image.get_selection())")
        gimp.do("done = drag(image, layer, quality='fast', handles=text)", text=handles)
        rig.put("returned", gimp.do("[done.well, done.sentence]"))
        rig.put("selection stays", gimp.do("digest(image.get_selection())") == selected)
        gimp.do("write_visible(image, 'after.raw')")
        rig.put("covers", gimp.do("write_coverage(done.layer, 'coverage.raw')"))
        gimp.do("export(image, 'after.png')")
