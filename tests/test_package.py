"""`draggan package`: a zip that the editor's user brings in, the same bytes every time."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from draggan import __version__
from draggan.cli import main
from draggan.plugins.assembly import assemble
from tests.plugin_editors import EDITORS, KRITA, PluginEditor


def package(editor: PluginEditor, *words: str) -> int:
    return main(["package", editor.host, *words])


@pytest.fixture(params=EDITORS, ids=str)
def editor(request: pytest.FixtureRequest) -> PluginEditor:
    chosen: PluginEditor = request.param
    return chosen


@pytest.fixture
def packed(editor: PluginEditor, tmp_path: Path) -> Path:
    assert package(editor, "--out", str(tmp_path / "plugin.zip")) == 0
    return tmp_path / "plugin.zip"


@pytest.mark.parametrize("editor", [KRITA], ids=str)
def test_kritas_importer_finds_all_that_it_looks_for(packed: Path) -> None:
    names = zipfile.ZipFile(packed).namelist()
    assert [name for name in names if name.endswith(".desktop")] == ["draggan_krita.desktop"]
    # It looks for an entry of the folder itself, and takes the first .action of the module's name.
    assert "draggan_krita/" in names and "draggan_krita/__init__.py" in names
    assert next(name for name in names if name.endswith(".action")).startswith("actions/")


def test_the_zip_holds_the_assembled_plugin_and_nothing_of_this_computer(
    editor: PluginEditor, packed: Path, tmp_path: Path
) -> None:
    files = assemble(editor.host, tmp_path / "laid")
    archive = zipfile.ZipFile(packed)
    held = {name for name in archive.namelist() if not name.endswith("/")}
    assert held == {file.as_posix() for file in files}
    assert not any(name.endswith(("daemon.json", ".pyc")) for name in held)
    for file in files:
        assert archive.read(file.as_posix()) == (tmp_path / "laid" / file).read_bytes()


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs unzip")
def test_only_what_the_editor_starts_is_unpacked_as_a_program(
    editor: PluginEditor, packed: Path, tmp_path: Path
) -> None:
    subprocess.run(["unzip", "-q", packed, "-d", tmp_path / "unpacked"], check=True)
    files = [path for path in (tmp_path / "unpacked").rglob("*") if path.is_file()]
    programs = [path.name for path in files if path.stat().st_mode & 0o111]
    assert programs == ([editor.program] if editor.program else [])


def test_the_same_plugin_gives_the_same_bytes(
    editor: PluginEditor, packed: Path, tmp_path: Path
) -> None:
    assert package(editor, "--out", str(tmp_path / "again.zip")) == 0
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_another_plugin_has_another_time_by_which_gimp_knows_it_as_new(
    editor: PluginEditor, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan.plugins.assembly.__version__", "99.0")
    assert package(editor, "--out", str(tmp_path / "newer.zip")) == 0
    old, new = (zipfile.ZipFile(path).infolist() for path in (packed, tmp_path / "newer.zip"))
    assert len({entry.date_time for entry in old}) == 1
    assert old[0].date_time != new[0].date_time


def test_every_folder_stands_before_what_is_in_it(packed: Path) -> None:
    seen: set[str] = set()
    for name in zipfile.ZipFile(packed).namelist():
        parent = name.rstrip("/").rpartition("/")[0]
        assert not parent or f"{parent}/" in seen
        seen.add(name)


def test_the_name_says_the_version_and_the_user_hears_where_to_put_it(
    editor: PluginEditor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert package(editor) == 0
    assert zipfile.is_zipfile(f"draggan-{editor.host}-{__version__}.zip")
    where = {"krita": "Import Python Plugin from File", "gimp": "Preferences > Folders > Plug-ins"}
    assert where[editor.host] in capsys.readouterr().out


def test_an_older_zip_is_replaced(editor: PluginEditor, packed: Path) -> None:
    before = packed.read_bytes()
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("more", "")
    assert package(editor, "--out", str(packed)) == 0
    assert packed.read_bytes() == before


def test_a_painting_is_never_replaced_although_it_is_a_zip(
    editor: PluginEditor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    painting = tmp_path / "drawing.kra"
    with zipfile.ZipFile(painting, "w") as archive:
        archive.writestr("mimetype", "application/x-krita")
    before = painting.read_bytes()
    assert package(editor, "--out", str(painting)) == 2
    assert painting.read_bytes() == before
    assert "is no zip of this plugin" in capsys.readouterr().err


def test_a_folder_in_the_way_is_told_in_a_sentence(
    editor: PluginEditor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert package(editor, "--out", str(tmp_path)) == 2
    assert "is no zip of this plugin" in capsys.readouterr().err
