"""No daemon runs, and none is installed where GIMP is: a script is told what to do about it."""


def main(rig):
    with rig.console() as gimp:
        gimp.do("image = load('animal.png'); layer = image.get_layers()[0]")
        before = gimp.do("state(image)")
        done = gimp.do("drag(image, layer, handles=text)", text=rig.given["handles"])
        rig.put("said", done[:2])
        rig.put("changes", gimp.do("changes(image, before)", before=before))
