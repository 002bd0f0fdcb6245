"""`draggan install krita`: puts the plugin into every Krita of this user; never torch."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from draggan.cli.install.told import say_how_many, say_installed, say_note
from draggan.errors import BadInput
from draggan.plugins.installing import install_into
from draggan.plugins.krita_folders import KritaFolders, find_krita_folders
from draggan.plugins.kritarc import enable_plugin

MODULE = "draggan_krita"
_BY_HAND = "Settings > Configure Krita > Python Plugin Manager"
_EPILOG = """\
Krita's resource folders are found by themselves: of a distribution's Krita or an AppImage, of
flatpak and snap, on Windows and macOS, and also one that was chosen in Krita's settings.

example:  draggan install krita
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--into", type=Path, metavar="DIR", help="this resource folder instead of those found")
    add("--link", action="store_true", help="link to the sources, for work on the plugin")
    add("--no-enable", action="store_true", help="leave Krita's settings as they are")


def run_command(args: argparse.Namespace) -> int:
    """Installs, enables, and says where and what to do next."""
    found = find_krita_folders(platform=sys.platform, environment=os.environ, home=Path.home())
    chosen = found if args.into is None else (_named(args.into, found),)
    if not chosen:
        raise BadInput(
            "No Krita was found: none has been started on this computer by this user.",
            hint="Start Krita once, then install again; or name its resource folder with --into "
            "(Krita shows it under Settings > Manage Resources > Open Resource Folder).",
        )
    say_how_many("Krita", chosen)
    by_hand = [
        each for each in chosen if not _install(each, link=args.link, enable=not args.no_enable)
    ]
    _tell_what_next(chosen, by_hand)
    return 0


def _named(folder: Path, found: Sequence[KritaFolders]) -> KritaFolders:
    """The Krita that has this resource folder, or one of which nothing else is known."""
    folder = folder.expanduser().absolute()
    if folder.name in ("pykrita", "actions"):
        raise BadInput(
            f"{folder} is a folder inside Krita's resource folder.",
            hint=f"Name the resource folder itself: --into {folder.parent}",
        )
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file.", hint="Name Krita's resource folder with --into.")
    for each in found:
        if folder.is_dir() and each.resources.samefile(folder):
            return each
    return KritaFolders("Krita", folder, None)


def _install(krita: KritaFolders, *, link: bool, enable: bool) -> bool:
    """Installs into one Krita; False if the plugin has still to be switched on by hand."""
    done = install_into("krita", krita.resources, link=link)
    say_installed(krita.title, krita.resources, done, link=link)
    if not enable or krita.config is None:
        return False
    new = enable_plugin(krita.config, MODULE)
    print(f"    {'switched on' if new else 'was switched on already'} in {krita.config}")
    return True


def _tell_what_next(chosen: Sequence[KritaFolders], by_hand: Sequence[KritaFolders]) -> None:
    if by_hand:
        print(f"Restart Krita, switch DragGAN on under {_BY_HAND}, and restart it again.")
    else:
        print("Restart Krita.")
    print("Then show the docker: Settings > Dockers > DragGAN.")
    for krita in chosen:
        say_note(krita.title, krita.note)
