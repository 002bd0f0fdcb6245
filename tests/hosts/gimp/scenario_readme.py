"""The script of the README drags a folder of pictures, as it is told there."""


def main(rig):
    (rig.out / "photos").mkdir()
    (rig.out / "demo.png").rename(rig.out / "photos/demo.png")
    script = rig.out / "drag_folder.py"
    script.write_text(rig.given["script"])
    status, said = rig.batch(script)
    rig.put("status", status)
    rig.put("said", said)
