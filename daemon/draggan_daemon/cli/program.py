"""Reads the command line, runs one command, and ends with its exit code; nothing heavy."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from draggan_wire.errors import WireError

from ..exit_codes import CONFIGURATION, INTERRUPTED, OK, SOFTWARE, TEMPORARY, UNAVAILABLE, USAGE
from .version import PrintVersion

log = logging.getLogger("draggand")

# The module that registers each command. Only the one that is asked for is loaded.
_COMMANDS = {
    "serve": ".serve",
    "status": ".status",
    "sessions": ".sessions",
    "doctor": ".doctor",
    "drain": ".drain",
    "stop": ".stop",
    "reload": ".reload",
    "config": ".config",
    "models": ".models",
    "install-service": ".install_service",
    "invite": ".access",
    "authorize": ".access",
    "revoke": ".access",
    "clients": ".access",
    "key": ".access",
    "relay": ".relay",
    "connect": ".connect",
    "bench": ".bench",
}
# By the error's own code, which it keeps when it comes from the daemon. All others: UNAVAILABLE.
_CODES = {
    "access_refused": CONFIGURATION,
    "bad_input": USAGE,
    "busy": TEMPORARY,
    "configuration": CONFIGURATION,
    "limit_exceeded": TEMPORARY,
    "not_now": TEMPORARY,
    "port_taken": TEMPORARY,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code (see `exit_codes`)."""
    words = sys.argv[1:] if argv is None else list(argv)
    options = _parser(words[0] if words else "").parse_args(words)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except WireError as error:
        return _complain(error)
    except BrokenPipeError:  # `draggand status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _mistake(error)


def _mistake(error: Exception) -> int:
    """A fault of the program's own: where it happened is for a report, not for the user."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(where.filename)}:{where.lineno}"
    print(f"draggand: This is a fault of the program: {error!r} ({place}).", file=sys.stderr)
    print("  Please report it together with what you did.", file=sys.stderr)
    log.debug("the program failed", exc_info=error)
    return SOFTWARE


def _complain(error: WireError) -> int:
    print(f"draggand: {error.sentence}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
    return _CODES.get(error.code, UNAVAILABLE)


def _parser(command: str) -> argparse.ArgumentParser:
    """Of the one command, or of all where it is none of them."""
    parser = argparse.ArgumentParser(
        prog="draggand",
        description="The DragGAN daemon: holds the models and computes the drags for editors.",
        epilog="Settings: flags > DRAGGAND_* variables > ~/.config/draggand/config.toml; "
        "`draggand config show` lists them. Exit codes: 0 done, 2 usage, 69 no daemon there, "
        "75 not now, 78 a setting, a key or a permission is wrong.",
    )
    parser.add_argument("--version", action=PrintVersion, nargs=0, help="print the versions")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    modules = [_COMMANDS[command]] if command in _COMMANDS else dict.fromkeys(_COMMANDS.values())
    for module in modules:
        importlib.import_module(module, __package__).register(commands)
    return parser
