"""Whatever a script gets wrong fails with a sentence, and the image stays as it is."""

import socket
import threading

MAKE = """
image = load('animal.png')
layer = image.get_layers()[0]
indexed = image.duplicate()
indexed.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16,
                        False, False, "")
"""


def main(rig):
    handles = rig.given["handles"]
    nothing, garbage = deaf_port(), garbage_port()
    wrong = {
        "no handles": {},
        "half a handle": {"handles": "10,20:30"},
        "a word": {"handles": "10,20:30,40; left,5:6,7"},
        "bad JSON": {"handles": "[[1, 2, 3"},
        "only pins": {"handles": "10,20; 30,40"},
        "outside": {"handles": "10,20:5000,40"},
        "no such path": {"path": "whiskers"},
        "handles and path": {"handles": handles, "path": "whiskers"},
        "no such model": {"handles": handles, "model": "unicorns"},
        "no such quality": {"handles": handles, "quality": "perfect"},
        "no such region": {"handles": handles, "region": "moon"},
        "no such paste": {"handles": handles, "paste": "half"},
        "a turn too far": {"handles": handles, "turn": 270.0},
        "steps below none": {"handles": handles, "iterations": -4},
        "too many steps": {"handles": handles, "iterations": 10**9},
        "no address": {"handles": handles, "endpoint": "somewhere"},
        "a far address": {"handles": handles, "endpoint": "tcp://192.0.2.1:5000"},
        "nobody listens": {"handles": handles, "endpoint": f"tcp://127.0.0.1:{nothing}"},
        "garbage": {"handles": handles, "endpoint": f"tcp://127.0.0.1:{garbage}"},
    }
    with rig.console() as gimp:
        gimp.do(MAKE)
        before = gimp.do("state(image)")
        for name, arguments in wrong.items():
            done = gimp.do("drag(image, layer, **arguments)", arguments=arguments)
            rig.put(name, done[:2])
        rig.put(
            "indexed",
            gimp.do("drag(indexed, indexed.get_layers()[0], handles=text)[:2]", text=handles),
        )
        rig.put("two layers", gimp.do("drag(image, layer, layer, handles=text)[:2]", text=handles))
        rig.put("changes", gimp.do("changes(image, before)", before=before))


def deaf_port():
    """One on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def garbage_port():
    """One on which somebody talks who is no daemon."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk():
        while True:
            guest, _ = listener.accept()
            guest.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(range(256)) * 40)

    threading.Thread(target=talk, daemon=True).start()
    return listener.getsockname()[1]
