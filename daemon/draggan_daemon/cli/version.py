"""`draggand --version`: what is installed, looked up only when asked; never imports torch."""

from __future__ import annotations

import argparse
from importlib import metadata


def version() -> str:
    """The daemon's own version."""
    return _installed("draggan-studio")


class PrintVersion(argparse.Action):
    """Reading the installation's metadata takes a while: no other command does it to parse."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import zmq
        from draggan_wire.messages import MAJORS

        spoken = ", ".join(map(str, MAJORS))
        print(f"draggand {version()} (protocol {spoken})")
        print(f"pyzmq {zmq.pyzmq_version()} (libzmq {zmq.zmq_version()}), torch {_torch()}")
        parser.exit()


def _torch() -> str:
    """torch's version says for which CUDA it was built: 2.13.0+cu126."""
    return _installed("torch")


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "(not installed)"
