"""`draggand install-service`: writes the systemd user unit, and with --now starts it; no torch."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..config import Config, default_file, journal_folder, load_config
from ..config_values import ConfigError
from ..exit_codes import OK, UNAVAILABLE
from ..local_socket import serving_process
from ..service import (
    UNIT_NAME,
    Unit,
    daemon_command,
    run_quietly,
    systemd_answers,
    unit_path,
    write_unit,
)
from .place import socket_of
from .stop import stop_process

_RELOAD = ("systemctl", "--user", "daemon-reload")
_START = ("systemctl", "--user", "enable", UNIT_NAME)
_RESTART = ("systemctl", "--user", "restart", UNIT_NAME)
_LINGER = ("loginctl", "enable-linger")
_STEPS = (
    (_RELOAD, "systemd reads the unit"),
    (_START, "from now on it starts with your first login"),
    (_RESTART, "it runs"),
    (_LINGER, "it starts with the computer and outlives your logins"),
)


def register(commands: Any) -> None:
    install = commands.add_parser("install-service", help="let systemd run the daemon")
    install.description = (
        "Writes a systemd unit for your user, which needs no root, and says how to start it."
    )
    install.add_argument("--config", metavar="FILE", type=Path, help="serve with these settings")
    install.add_argument("--now", action="store_true", help="start it as well")
    install.add_argument("--print", action="store_true", help="only show the unit")
    install.add_argument(
        "--remove", action="store_true", help="end the service and delete the unit"
    )
    install.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    path = unit_path()
    if options.remove:
        return _remove(path)
    unit = _unit(options.config)
    if options.print:
        print(unit.text(), end="")
        return OK
    written = write_unit(unit, path)
    print(f"wrote {path}" if written else f"{path} is up to date")
    if not options.now:
        return _say_what_is_next()
    return _start(socket_of(load_config(file=options.config)))


def _unit(file: Path | None) -> Unit:
    config = load_config(file=file)
    command = daemon_command()
    if file is not None:
        command += ["--config", str(file.absolute())]
    folders = tuple(dict.fromkeys(_written(config)))
    hidden = (Path("/tmp"), Path("/var/tmp"))
    private = not any(place in folder.parents for folder in folders for place in hidden)
    return Unit(command, folders, private)


def _written(config: Config) -> Iterator[Path]:
    """The folders that the daemon writes: keys, journal, log, caches, and a socket elsewhere."""
    socket = socket_of(config)
    yield default_file(os.environ).parent
    yield journal_folder(config, socket).parent
    home = Path.home()
    yield Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "draggan"
    yield home / ".nv"  # where CUDA keeps the kernels that it has compiled
    if config.log.file:
        yield Path(config.log.file).parent
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if config.endpoint and not (runtime and Path(runtime) / "draggand" == socket.parent):
        yield socket.parent


def _say_what_is_next() -> int:
    print("next:")
    for command, effect in _STEPS:
        print(f"  {' '.join(command):<44} # {effect}")
    print("or all of it at once: draggand install-service --now")
    return OK


def _start(path: Path) -> int:
    if not systemd_answers():
        raise ConfigError(
            "The unit is written, but no systemd of your user takes orders here.",
            hint="Log in directly or by ssh (not by su or sudo), then `systemctl --user enable "
            f"--now {UNIT_NAME}`; without systemd run `draggand serve`.",
        )
    _make_room(path)
    for command, effect in _STEPS:
        if (trouble := run_quietly(*command)) is None:
            print(f"{' '.join(command)}: {effect}")
            continue
        print(f"{' '.join(command)} failed: {trouble}")
        if command != _LINGER:
            print(f"`journalctl --user --unit {UNIT_NAME}` has the daemon's own words")
            return UNAVAILABLE
        print("the daemon runs while you are logged in; an administrator can change that")
    print("draggand status says how it fares")
    return OK


def _make_room(path: Path) -> None:
    """Two daemons cannot serve one socket: one that an editor has started gives way."""
    process = serving_process(path)
    if process is not None and run_quietly("systemctl", "--user", "is-active", UNIT_NAME):
        stop_process(process, path)
        print(f"stopped the daemon that ran already (process {process})")


def _remove(path: Path) -> int:
    if not path.exists():
        raise ConfigError(f"There is no service at {path}.", hint="There is nothing to remove.")
    if systemd_answers():
        run_quietly("systemctl", "--user", "disable", "--now", UNIT_NAME)
    path.unlink(missing_ok=True)
    run_quietly(*_RELOAD)
    print(f"removed {path}")
    return OK
