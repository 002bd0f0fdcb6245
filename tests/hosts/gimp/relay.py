"""Stands in for a daemon that is installed where GIMP is: all goes on to $RELAY_TO."""

from __future__ import annotations

import os
import socket
import threading


def main():
    print("relay", os.environ["DRAGGAND_SOCKET"], flush=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.environ["DRAGGAND_SOCKET"])
        listener.listen()
        while True:
            guest, _ = listener.accept()
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(os.environ["RELAY_TO"])
            for source, target in ((guest, daemon), (daemon, guest)):
                threading.Thread(target=hand_on, args=(source, target), daemon=True).start()


def hand_on(source, target):
    while data := source.recv(1 << 16):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
