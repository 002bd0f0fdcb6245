"""Finds the daemon's program on this computer, for the button that starts it; standard library.

`draggan install` writes which Python has the daemon into the plugin's folder; a plugin that
came as a zip looks where programs are installed.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Callable, List, Mapping, Optional

COMMAND_FILE = "daemon.json"
PROGRAM = "draggand"

_LONGEST = 65536  # bytes of the command file
_MOST_WORDS = 16
# Below the home folder: pip --user, pipx and uv; the environments of pipx; those of uv.
_USUAL = (
    ".local/bin",
    ".local/share/pipx/venvs/draggan-studio/bin",
    ".local/pipx/venvs/draggan-studio/bin",
    "pipx/venvs/draggan-studio/Scripts",
    ".local/share/uv/tools/draggan-studio/bin",
    "AppData/Roaming/uv/tools/draggan-studio/Scripts",
)
_FLATPAKS, _SNAPS = ("org.kde.krita", "org.gimp.GIMP"), ("krita", "gimp")
_SYSTEM = ("/usr/local/bin", "/opt/homebrew/bin")  # not in the PATH of a macOS application


def find_command(
    plugin_folder: Path,
    environment: Mapping[str, str],
    *,
    home: Optional[Path] = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Optional[List[str]]:
    """The words that run the daemon's program, or None where there is none to be found.

    `home` is the user's home folder, by default this user's. `say` hears, in a sentence, why a
    command file that is there cannot be used.
    """
    if in_a_sandbox(environment):
        return None
    file = plugin_folder / COMMAND_FILE
    try:
        with open(file, "rb") as opened:
            return _command_in(opened.read(_LONGEST + 1))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, RecursionError) as error:
        say(f"{file} is ignored: {error}. Install the plugin again, with `draggan install`.")
    return _installed_program(environment, Path.home() if home is None else home)


def in_a_sandbox(environment: Mapping[str, str]) -> bool:
    """Whether the editor is a flatpak or a snap, which does not see the programs of the system."""
    flatpak, snap = environment.get("FLATPAK_ID", ""), environment.get("SNAP_NAME", "")
    return flatpak in _FLATPAKS or snap in _SNAPS


def _command_in(text: bytes) -> List[str]:
    """The command that the file's text names; raises ValueError that says what is wrong."""
    if len(text) > _LONGEST:
        raise ValueError("it is too long")
    try:
        content = json.loads(text.decode("utf-8"))
    except ValueError as error:
        raise ValueError("it is no JSON") from error
    command = content.get("command") if isinstance(content, dict) else None
    if not isinstance(command, list) or not 1 <= len(command) <= _MOST_WORDS:
        raise ValueError("it names no command")
    if not all(isinstance(word, str) and word and "\0" not in word for word in command):
        raise ValueError("its command is no list of words")
    if not os.path.isabs(command[0]) or shutil.which(command[0]) is None:
        raise ValueError(f"there is no program {command[0][:200]!r} (any more)")
    return list(command)


def _installed_program(environment: Mapping[str, str], home: Path) -> Optional[List[str]]:
    folders = environment.get("PATH", "").split(os.pathsep)
    folders += [str(home / place) for place in _USUAL] + list(_SYSTEM)
    # An empty or relative entry would mean the folder that the editor happens to run in.
    search = os.pathsep.join(folder for folder in folders if os.path.isabs(folder))
    program = shutil.which(PROGRAM, path=search)
    return [program] if program else None
