"""`draggan install gimp`: puts the plugin into every GIMP of this user; never torch."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from draggan.cli.install.told import say_how_many, say_installed, say_note
from draggan.errors import BadInput
from draggan.plugins.assembly import plugin_for
from draggan.plugins.gimp_folders import (
    GimpProfile,
    find_gimp_profiles,
    find_older_gimps,
    is_new_enough,
    is_profile_name,
    path_note,
)
from draggan.plugins.installing import install_into

_PLUGIN = plugin_for("gimp")
_FOLDERS = "GIMP shows it under Edit > Preferences > Folders > Plug-ins"
_EPILOG = """\
GIMP's profiles are found by themselves: of every version from 3.0 on, of a distribution's GIMP, of
flatpak and snap, on Windows and macOS, and the one that GIMP3_DIRECTORY names.

example:  draggan install gimp
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--into", type=Path, metavar="DIR", help="this profile instead of those found")
    add("--link", action="store_true", help="link to the sources, for work on the plugin")


def run_command(args: argparse.Namespace) -> int:
    """Installs, and says where and what to do next."""
    chosen = _found() if args.into is None else (_named(args.into),)
    say_how_many("GIMP", chosen)
    for profile in chosen:
        done = install_into(_PLUGIN.host, profile.folder, link=args.link)
        say_installed(profile.title, profile.folder, done, link=args.link)
    _tell_what_next(chosen)
    return 0


def _looked_for() -> Sequence[GimpProfile]:
    return find_gimp_profiles(platform=sys.platform, environment=os.environ, home=Path.home())


def _found() -> Sequence[GimpProfile]:
    profiles = _looked_for()
    if profiles:
        return profiles
    older = find_older_gimps(platform=sys.platform, environment=os.environ, home=Path.home())
    if older:
        raise BadInput(
            f"Only GIMP {' and '.join(older)} was found, and DragGAN needs GIMP 3.0 or newer.",
            hint="Install GIMP 3, start it once, then install again.",
        )
    raise BadInput(
        "No GIMP was found: none has been started on this computer by this user.",
        hint="Start GIMP once, then install again; or name its profile or its folder of plug-ins "
        f"with --into ({_FOLDERS}).",
    )


def _named(folder: Path) -> GimpProfile:
    """The profile that is meant by its own folder, or by the folder of its plug-ins."""
    folder = folder.expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file.", hint="Name GIMP's profile with --into.")
    if folder.name == _PLUGIN.module:
        raise BadInput(
            f"{folder} is the plug-in's own folder.",
            hint=f"Name the folder that it lies in: --into {folder.parent}",
        )
    profile = folder.parent if folder.name == _PLUGIN.home else folder
    _refuse_what_is_no_profile(profile)
    for each in _looked_for():
        if profile.is_dir() and each.folder.samefile(profile):
            return each
    return GimpProfile("GIMP", profile)


def _refuse_what_is_no_profile(profile: Path) -> None:
    if is_profile_name(profile.name) and not is_new_enough(profile.name):
        raise BadInput(
            f"{profile} belongs to GIMP {profile.name}, and DragGAN needs GIMP 3.0 or newer.",
            hint="Name the profile of a GIMP 3 with --into.",
        )
    inside = [path for path in profile.glob("*") if is_profile_name(path.name)]
    if inside:
        raise BadInput(
            f"{profile} holds GIMP's profiles, one for each version.",
            hint=f"Name one of them: --into {max(inside)}",
        )


def _tell_what_next(chosen: Sequence[GimpProfile]) -> None:
    print("Restart GIMP; with a picture open it is at Filters > Distorts > DragGAN...")
    for profile in chosen:
        say_note(profile.title, profile.note)
        elsewhere = path_note(
            profile.folder, platform=sys.platform, environment=os.environ, home=Path.home()
        )
        say_note(profile.title, elsewhere)
