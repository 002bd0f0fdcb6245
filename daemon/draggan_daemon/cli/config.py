"""`draggand config show | check`: the settings in force and where they come from; no daemon."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..config import Loaded, load, settings
from ..exit_codes import OK
from .place import socket_of


def register(commands: Any) -> None:
    config = commands.add_parser("config", help="show the settings in force, or check a file")
    actions = config.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser("show", help="all settings as TOML, with where each comes from")
    show.add_argument("--config", metavar="FILE", type=Path, help="read the settings from FILE")
    show.set_defaults(run=_show)
    check = actions.add_parser("check", help="whether the settings can be used")
    check.add_argument("file", metavar="FILE", type=Path, nargs="?", help="default: the user's own")
    check.set_defaults(run=_check)


def _show(options: argparse.Namespace) -> int:
    print("\n".join(_lines(load(file=options.config))))
    return OK


def _check(options: argparse.Namespace) -> int:
    """An unusable setting is an error of `load`, and this is the place that needs no daemon."""
    loaded = load(file=options.file)
    socket_of(loaded.config)
    if loaded.file is None:
        print("there is no settings file, and the defaults hold")
    else:
        print(f"{loaded.file} can be used")
    return OK


def _lines(loaded: Loaded) -> Iterator[str]:
    """A file that says what is in force; what differs from the default says who wants it."""
    table = ""
    for name, setting in sorted(settings().items(), key=lambda item: "." in item[0]):
        head, _, key = name.rpartition(".")
        if head != table:
            table = head
            yield f"\n[{table}]"
        origin = loaded.origins.get(name)
        value = f"{key} = {setting.kind.show(setting.value(loaded.config))}"
        about = f"{setting.about} ({origin})" if origin else setting.about
        yield f"{value:<34} # {about}"
