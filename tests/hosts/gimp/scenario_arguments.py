"""What else a script can ask for: a path, kept steps, no mask, all that is visible, a seed."""

PATH = """
path = Gimp.Path.new(image, "nose")
image.insert_path(path, None, 0)
stroke = path.bezier_stroke_new_moveto(*nose)
path.bezier_stroke_lineto(stroke, *target)
"""
ELSEWHERE = "image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 440, 60, 60)"
IN_A_GROUP = """
group = Gimp.GroupLayer.new(image, "mine")
image.insert_layer(group, None, 0)
image.reorder_item(layer, group, 0)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 480, 490)
"""
CASES = {
    "path": (PATH, {"path": "nose", "keep-every": 2}),
    "no mask": (ELSEWHERE, {"mask": False}),
    "visible": (
        "empty = Gimp.Layer.new(image, 'empty', 512, 512, 1, 100.0, 28);"
        " image.insert_layer(empty, None, 0); layer = empty",
        {"source": "visible"},
    ),
    "in a group": (IN_A_GROUP, {"region": "selection"}),
    "pasted whole": ("", {"paste": "all", "detail": False, "seam": True, "turn": 10.0}),
    "few steps": ("", {"iterations": 3, "region": "auto"}),
}


def main(rig):
    given = rig.given
    with rig.console() as gimp:
        for name, (make, arguments) in CASES.items():
            gimp.do("image = load('animal.png'); layer = image.get_layers()[0]")
            gimp.do(make or "pass", nose=given["nose"], target=given["target"])
            if "path" not in arguments:
                arguments["handles"] = given["json"]
            call_and_look(rig, gimp, name, {"quality": "fast", **arguments})
            gimp.do("image.delete()")
        gimp.do("image = load('animal.png'); layer = image.get_layers()[0]")
        made_up = {"seed": 7, "handles": "64,64:70,64", "iterations": 5}
        call_and_look(rig, gimp, "seed", made_up)
        rig.put("seed: size", gimp.do("[done.layer.get_width(), done.layer.get_height()]"))


def call_and_look(rig, gimp, name, arguments):
    gimp.do("done = drag(image, layer, **arguments)", arguments=arguments)
    rig.put(f"{name}: returned", gimp.do("[done.well, done.sentence]"))
    rig.put(f"{name}: tree", gimp.do("tree(image)"))
    gimp.do("export(image, name)", name=f"{name}.png")
