"""`draggan` on the command line: a client of the daemon like the editors' plugins; never torch.

Exit codes: 0 done; 2 refused, with a sentence and a remedy; 70 a fault of our own; 130 stopped by
Ctrl+C. Progress goes to standard error, results to standard output.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence

from draggan import __version__
from draggan.cli.commands import COMMANDS, Parser, add_commands
from draggan.errors import DragganError
from draggan.threads import share_the_cores

REFUSED, FAULT, INTERRUPTED = 2, 70, 130

_EPILOG = """\
try it:   draggan demo
then:     draggan drag photo.png --handle 120,80:160,84 --out out/
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code. Only --help and --version leave by SystemExit."""
    words = _with_negative_values(list(sys.argv[1:] if argv is None else argv))
    try:
        return _run(words)
    except KeyboardInterrupt:
        _tell("Stopped.", "")
        return INTERRUPTED
    except BrokenPipeError:  # `draggan models | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _refuse(error)


def _run(words: list[str]) -> int:
    share_the_cores()  # before a command imports torch
    parser = Parser(
        prog="draggan",
        description="Drag points of a picture and see it follow.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"draggan {__version__}")
    parser.set_defaults(show_help=parser.print_help)
    add_commands(parser, COMMANDS, words)
    args = parser.parse_args(words)
    if not hasattr(args, "run"):
        args.show_help()
        return REFUSED
    return int(args.run(args))


def _with_negative_values(words: list[str]) -> list[str]:
    """`--handle -5,3:8,8` as one word, for argparse would take the value for an option."""
    joined: list[str] = []
    for word in words:
        if re.match(r"-[\d.]", word) and joined and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _refuse(error: Exception) -> int:
    from draggan_wire.errors import WireError

    if isinstance(error, (DragganError, WireError)):
        _tell(error.sentence, error.hint)
        return REFUSED
    if os.environ.get("DRAGGAN_DEBUG"):
        raise error
    _tell(
        f"A fault of draggan's own: {type(error).__name__}: {error}",
        "Please report it with what this prints when DRAGGAN_DEBUG=1 is set.",
    )
    return FAULT


def _tell(sentence: str, hint: str) -> None:
    print(f"draggan: {sentence}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
