"""The child process of a daemon that paints instead of computing; no torch."""

from __future__ import annotations

import argparse
import importlib
from typing import NoReturn

from ..child_process import begin, take_arguments
from ..worker import Engine


def find_engine(name: str) -> Engine:
    """A new engine of the class that `name` says as MODULE:CLASS."""
    module, _, kind = name.partition(":")
    engine: Engine = getattr(importlib.import_module(module), kind)()
    return engine


def main() -> NoReturn:
    parser = argparse.ArgumentParser()
    take_arguments(parser)
    parser.add_argument("--engine", required=True, metavar="MODULE:CLASS")
    options = parser.parse_args()
    begin(options).run(lambda: find_engine(options.engine))


if __name__ == "__main__":
    main()
