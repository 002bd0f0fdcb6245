"""The plugin finds the daemon's program where `draggan install` or an installer has put it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from draggan_wire.workbench.local_daemon import find_command


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    (tmp_path / "plugin").mkdir()
    return tmp_path / "plugin"


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def found(
    plugin: Path, *, home: Path | None = None, said: list[str] | None = None, **env: str
) -> Any:
    said = [] if said is None else said
    return find_command(plugin, env, home=home or plugin / "nowhere", say=said.append)


def test_the_python_that_installed_the_plugin_comes_first(plugin: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "draggand")
    command = [sys.executable, "-m", "draggan_daemon"]
    (plugin / "daemon.json").write_text(json.dumps({"command": command}))
    assert found(plugin, PATH=str(tmp_path / "bin")) == command


def test_a_plugin_from_a_zip_finds_the_program_on_the_path(plugin: Path, tmp_path: Path) -> None:
    on_path = program(tmp_path / "bin" / "draggand")
    assert found(plugin, PATH=f":bin:{tmp_path / 'bin'}") == [str(on_path)]


@pytest.mark.parametrize("place", [".local/bin", ".local/share/pipx/venvs/draggan-studio/bin"])
def test_a_program_of_pip_or_pipx_is_found_without_a_path(plugin: Path, place: str) -> None:
    home = plugin / "home"
    installed = program(home / place / "draggand")
    assert found(plugin, home=home) == [str(installed)]


def test_a_program_in_the_working_folder_is_never_taken(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "draggand")
    monkeypatch.chdir(tmp_path)
    assert found(plugin, PATH="") is None and found(plugin, PATH=":.") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no JSON"),
        ("\udcff", "no JSON"),
        ("[" * 50000, ""),
        ("[]", "names no command"),
        ('{"command": "rm -rf /"}', "names no command"),
        ('{"command": []}', "names no command"),
        ('{"command": ["/bin/sh", 3]}', "no list of words"),
        ('{"command": ["/bin/sh", "a\\u0000b"]}', "no list of words"),
        ('{"command": ["sh"]}', "no program 'sh'"),
        ('{"command": ["/gone/venv/bin/python"]}', "no program '/gone/venv/bin/python'"),
        (" " * 70000, "too long"),
    ],
)
def test_a_damaged_command_file_is_ignored_with_a_sentence(
    plugin: Path, tmp_path: Path, text: str, reason: str
) -> None:
    on_path = program(tmp_path / "bin" / "draggand")
    (plugin / "daemon.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    said: list[str] = []
    assert found(plugin, said=said, PATH=str(tmp_path / "bin")) == [str(on_path)]
    assert len(said) == 1 and reason in said[0] and "`draggan install`" in said[0]


@pytest.mark.parametrize(
    "sandbox",
    [
        {"FLATPAK_ID": "org.kde.krita"},
        {"FLATPAK_ID": "org.gimp.GIMP"},
        {"SNAP_NAME": "krita"},
        {"SNAP_NAME": "gimp"},
    ],
)
def test_an_editor_in_a_sandbox_can_start_nothing(
    plugin: Path, tmp_path: Path, sandbox: dict[str, str]
) -> None:
    program(tmp_path / "bin" / "draggand")
    assert found(plugin, PATH=str(tmp_path / "bin"), **sandbox) is None
