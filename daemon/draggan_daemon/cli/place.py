"""Which daemon a command means: its --endpoint, or the one that the settings name."""

from __future__ import annotations

import argparse
from pathlib import Path

from draggan_wire.endpoint import default_endpoint

from ..config import Config, load_config
from ..local_socket import socket_path


def add_endpoint(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--endpoint", metavar="ipc:///PATH", help="the socket (default: the user's own)"
    )


def place(options: argparse.Namespace) -> Path:
    """The socket's path. Raises ConfigError for other kinds of address."""
    return socket_of(Config(endpoint=options.endpoint) if options.endpoint else load_config())


def socket_of(config: Config) -> Path:
    return socket_path(config.endpoint or default_endpoint())
