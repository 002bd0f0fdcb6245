"""Plugins are put together whole, with the wire inside, and with nothing that is not theirs."""

from __future__ import annotations

import base64
import configparser
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

from draggan import __version__
from draggan.errors import BadInput, CannotWrite
from draggan.plugins.assembly import assemble
from tests.plugin_editors import EDITORS, GIMP, KRITA, ROOT, PluginEditor

ACTIONS = {
    *("draggan_place", "draggan_drag", "draggan_step_back", "draggan_step_forward"),
    *("draggan_keep_step", "draggan_delete_handle", "draggan_clear_handles"),
    "draggan_show_docker",
}
# Ctrl+Alt combinations of Krita 5.2 to 6.0 and of its other shortcut schemes.
TAKEN = {f"Ctrl+Alt+{key}" for key in "CFGIJPRSV[]0123456789"} | {
    *("Ctrl+Alt+Shift+C", "Ctrl+Alt+Shift+I", "Ctrl+Alt+Shift+K", "Ctrl+Alt+Shift+M"),
    *("Ctrl+Alt+D", "Ctrl+Alt+L", "Ctrl+Alt+T"),  # desktops take these before Krita sees them
}


@pytest.fixture(params=EDITORS, ids=str)
def editor(request: pytest.FixtureRequest) -> PluginEditor:
    chosen: PluginEditor = request.param
    return chosen


@pytest.fixture
def laid(editor: PluginEditor, tmp_path: Path) -> Path:
    assemble(editor.host, tmp_path / "plugin")
    return tmp_path / "plugin"


def module_of(editor: PluginEditor, laid: Path) -> Path:
    return laid / Path(editor.module).name


def test_the_wire_its_msgpack_and_the_licence_come_along(editor: PluginEditor, laid: Path) -> None:
    module = module_of(editor, laid)
    package = module / editor.package
    assert (package / "__init__.py").is_file()
    assert (package / "draggan_wire" / "client.py").is_file()
    assert (package / "draggan_wire" / "workbench" / "translations" / "de.json").is_file()
    assert (package / "draggan_wire" / "_msgpack" / "COPYING").is_file()
    assert (module / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_the_plugin_says_its_version(editor: PluginEditor, laid: Path) -> None:
    assert (module_of(editor, laid) / "VERSION").read_text() == f"{__version__}\n"


@pytest.mark.parametrize("editor", [GIMP], ids=str)
def test_gimp_finds_a_program_of_its_folders_name(laid: Path) -> None:
    program = laid / "draggan_gimp" / "draggan_gimp.py"
    assert program.stat().st_mode & 0o777 == 0o755
    assert program.read_text().startswith("#!/usr/bin/env python3\n")


def test_nothing_compiled_or_hidden_is_laid(laid: Path) -> None:
    names = [path.name for path in laid.rglob("*")]
    assert not [n for n in names if n.endswith(".pyc") or n == "__pycache__" or n[0] == "."]


def test_what_was_laid_is_told(editor: PluginEditor, tmp_path: Path) -> None:
    told = assemble(editor.host, tmp_path)
    found = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert set(told) == found and list(told) == sorted(told)
    expected = {"krita": "actions/draggan_krita.action", "gimp": "draggan_gimp/draggan_gimp.py"}
    assert Path(expected[editor.host]) in found


def test_a_link_leads_to_the_sources(editor: PluginEditor, tmp_path: Path) -> None:
    assemble(editor.host, tmp_path, link=True)
    module = module_of(editor, tmp_path)
    package = module / editor.package
    assert not module.is_symlink() and not package.is_symlink()
    source = editor.sources / module.name / editor.package / "__init__.py"
    assert (package / "__init__.py").resolve() == source
    assert (package / "draggan_wire").resolve() == ROOT / "daemon/draggan_wire"
    assert not (module / "VERSION").is_symlink()


def test_a_program_is_never_a_link_as_python_looks_beside_what_it_leads_to(tmp_path: Path) -> None:
    assemble("gimp", tmp_path, link=True)
    program = tmp_path / "draggan_gimp" / "draggan_gimp.py"
    assert not program.is_symlink() and program.stat().st_mode & 0o777 == 0o755


def test_an_unknown_host_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refusal:
        assemble("paint", tmp_path)
    assert "krita" in refusal.value.hint and "gimp" in refusal.value.hint


def test_a_plugin_that_lies_there_already_is_not_mixed_with_ours(
    editor: PluginEditor, laid: Path
) -> None:
    with pytest.raises(CannotWrite):
        assemble(editor.host, laid)


def test_the_vendored_wire_imports_by_itself_under_the_plugins_name(
    editor: PluginEditor, laid: Path
) -> None:
    package = module_of(editor, laid) / editor.package
    name = package.name
    code = (
        "import importlib.machinery, sys, types\n"
        f"package = types.ModuleType({name!r})\n"
        f"package.__path__ = [{str(package)!r}]\n"
        f"sys.modules[{name!r}] = package\n"
        f"import {name}.draggan_wire.edit, {name}.draggan_wire.client\n"
        "sys.exit('draggan_wire' in sys.modules or 'msgpack' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-Ic", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_built_package_holds_the_sources_of_every_plugin(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    for editor in EDITORS:
        folder = f"draggan/plugins/{editor.sources.name}"
        module = f"{folder}/{Path(editor.module).name}"
        assert f"{module}/{editor.package}/__init__.py".replace("//", "/") in held
        assert {f"{folder}/{Path(name).name}" for name in editor.other_files} <= held
        assert not editor.program or f"{module}/{editor.program}" in held
    assert "draggan/plugins/LICENSE" in held and "draggan_wire/client.py" in held


@pytest.mark.parametrize("editor", [KRITA], ids=str)
def test_every_picture_of_the_manual_is_there_and_ships_inside_of_it(laid: Path) -> None:
    sources = ROOT / "krita_plugin" / "draggan_krita"
    named = set(re.findall(r'<img src="([^"]+)"', (sources / "manual.html").read_text("utf-8")))
    there = {f"manual/{path.name}" for path in (sources / "manual").iterdir()}
    assert named == there and len(named) > 5
    shipped = (laid / "draggan_krita" / "manual.html").read_text("utf-8")
    inside = re.findall(r'<img src="data:image/(?:png|jpeg);base64,([^"]+)"', shipped)
    assert {base64.b64decode(data) for data in inside} == {
        (sources / name).read_bytes() for name in named
    }
    assert shipped.count("<img ") == len(inside)


def test_every_picture_of_the_readme_is_there() -> None:
    named = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert named and [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("editor", [KRITA], ids=str)
def test_krita_can_read_the_desktop_file(laid: Path) -> None:
    # Read the way Krita's own importer reads it.
    config = configparser.ConfigParser()
    config.read_string((laid / "draggan_krita.desktop").read_text(encoding="utf-8"))
    entry = config["Desktop Entry"]
    assert entry["X-KDE-Library"] == "draggan_krita"
    assert entry["ServiceTypes"] == "Krita/PythonPlugin"
    assert entry["X-Krita-Manual"] == "manual.html"


@pytest.mark.parametrize("editor", [KRITA], ids=str)
def test_every_action_has_a_shortcut_that_nothing_else_in_krita_has(laid: Path) -> None:
    root = ElementTree.parse(laid / "actions" / "draggan_krita.action").getroot()
    assert root.tag == "ActionCollection" and root.get("version") == "2"
    actions = {action.get("name"): action for action in root.iter("Action")}
    assert set(actions) == ACTIONS
    shortcuts = [action.findtext("shortcut") or "" for action in actions.values()]
    assert len(set(shortcuts)) == len(ACTIONS) and not TAKEN & set(shortcuts)
    assert all(shortcut.startswith("Ctrl+Alt+") for shortcut in shortcuts)


@pytest.mark.parametrize("editor", [KRITA], ids=str)
def test_only_placing_is_an_action_that_stays_pressed(laid: Path) -> None:
    root = ElementTree.parse(laid / "actions" / "draggan_krita.action").getroot()
    pressed = {a.get("name") for a in root.iter("Action") if a.findtext("isCheckable") == "true"}
    assert pressed == {"draggan_place"}
