"""GIMP asks all plug-ins what they do, which takes long and is remembered in the profile."""


def main(rig):
    with rig.console() as gimp:
        rig.put("procedure", gimp.do("procedure() is not None"))
    assert rig.results["procedure"], "GIMP does not know the plug-in's procedure"
