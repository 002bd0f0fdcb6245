"""A daemon is installed and does not run: a script starts it, and so does the dialog."""

import json
import os
from pathlib import Path

from rig.dialog import Dialog


def main(rig):
    install(rig)
    with rig.console() as gimp:
        gimp.do("image = load('animal.png'); layer = image.get_layers()[0]")
        call = "drag(image, layer, quality='fast', iterations=2, handles=text)[:2]"
        rig.put("script", gimp.do(call, text=rig.given["handles"]))

    os.environ["DRAGGAND_SOCKET"] = socket_in("second")
    gimp = rig.gimp(rig.path("animal.png"))
    gimp.do("image = Gimp.get_images()[0]; layer = image.get_layers()[0]")
    dialog = Dialog(rig)
    dialog.begin(gimp, "drag(image, layer, mode=Gimp.RunMode.INTERACTIVE)[:2]")
    dialog.wait_for_connection()
    rig.put("connections", [state["connection"] for state in rig.told.all("state")])
    rig.screenshot("started")
    dialog.cancel()
    rig.put("dialog", gimp.end())


def install(rig):
    """What `draggan install gimp` would have written, had it run in here."""
    os.environ["RELAY_TO"] = os.environ["DRAGGAND_SOCKET"]
    os.environ["DRAGGAND_SOCKET"] = socket_in("first")
    command = ["/usr/bin/python3", str(Path(__file__).with_name("relay.py"))]
    file = Path(os.environ["RIG_PLUGIN"], "daemon.json")
    rig.put("was installed", json.loads(file.read_text()))
    file.write_text(json.dumps({"command": command}))


def socket_in(folder):
    return str(Path.home() / folder / "draggand.sock")
