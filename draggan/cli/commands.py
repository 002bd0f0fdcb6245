"""The table of commands, and a parser that loads only the one that is asked for; standard library.

`draggan --help` answers at once: a command's module is imported when its name has been typed.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from draggan.errors import BadInput


@dataclass(frozen=True)
class Command:
    """A line of help and a module (`add_arguments`, `run_command`), further commands, or both.

    `host` is the editor's name, for a module that serves several.
    """

    help: str
    module: str = ""
    host: str = ""
    commands: Mapping[str, Command] = field(default_factory=dict)


_PACKAGE = "draggan.cli.package"

COMMANDS: Mapping[str, Command] = {
    "demo": Command("drag a bundled picture and look at what comes out", "draggan.cli.demo"),
    "drag": Command("drag points of your own picture", "draggan.cli.drag"),
    "reopen": Command("go on with an edit that `draggan drag` has saved", "draggan.cli.reopen"),
    "models": Command(
        "list the models of this computer, or look after your own",
        "draggan.cli.models.listing",
        commands={
            "import": Command("bring your own StyleGAN2 file", "draggan.cli.models.importing"),
            "list": Command("list the models of this computer", "draggan.cli.models.listing"),
            "show": Command("say all that a model's file says", "draggan.cli.models.showing"),
            "prepare": Command(
                "teach a model to recognise pictures", "draggan.cli.models.preparing"
            ),
            "remove": Command("delete one of your own models", "draggan.cli.models.removing"),
            "export": Command("write a file for other programs", "draggan.cli.models.exporting"),
        },
    ),
    "sample": Command("draw pictures of a model, loops and style mixes", "draggan.cli.sample"),
    "doctor": Command(
        "say whether draggan can work here, and what to do if not", "draggan.cli.doctor"
    ),
    "install": Command(
        "put the plugin into an editor of this computer",
        commands={
            "krita": Command("put the plugin into Krita", "draggan.cli.install.krita"),
            "gimp": Command("put the plugin into GIMP", "draggan.cli.install.gimp"),
        },
    ),
    "package": Command(
        "write an editor's plugin as one file",
        commands={
            "krita": Command("write the plugin for Krita as a zip", _PACKAGE, host="krita"),
            "gimp": Command("write the plugin for GIMP as a zip", _PACKAGE, host="gimp"),
        },
    ),
    "train": Command("train the default model", "draggan.training.command"),
    "bench": Command(
        "measure quality and speed",
        commands={
            "model": Command("how well the model draws", "draggan.benchmark.model"),
            "drag": Command("how well points arrive", "draggan.benchmark.drag"),
            "inversion": Command("how well pictures are read", "draggan.benchmark.inversion"),
            "correspondence": Command(
                "how well content is found again", "draggan.benchmark.correspondence"
            ),
            "paste": Command("how well edits sit in large pictures", "draggan.benchmark.paste"),
            "speed": Command("what a drag step costs", "draggan.benchmark.speed"),
        },
    ),
}


class Parser(argparse.ArgumentParser):
    """Refuses in a sentence, like everything else here, and never guesses at shortened options."""

    def __init__(self, *, allow_abbrev: bool = False, **settings: object) -> None:
        super().__init__(allow_abbrev=allow_abbrev, **settings)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message[:1].upper()}{message[1:]}.", hint=f"See `{self.prog} --help`.")


def add_commands(
    parser: argparse.ArgumentParser, commands: Mapping[str, Command], words: Sequence[str]
) -> None:
    """Registers every command; fills in the arguments of the one that `words` starts with."""
    children = parser.add_subparsers(metavar="COMMAND", title="commands")
    for name, command in commands.items():
        child = children.add_parser(name, help=command.help, description=_capital(command.help))
        if name not in words[:1]:
            continue
        child.set_defaults(show_help=child.print_help)
        if command.module:
            child.set_defaults(host=command.host)
            module = importlib.import_module(command.module)
            module.add_arguments(child)
            child.set_defaults(run=module.run_command)
        if command.commands:
            add_commands(child, command.commands, words[1:])


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
