"""`draggan package krita`: a zip that Krita's own importer takes, the same bytes every time."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from draggan import __version__
from draggan.cli import main
from draggan.plugins.assembly import assemble


def package(*words: str) -> int:
    return main(["package", "krita", *words])


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    assert package("--out", str(tmp_path / "plugin.zip")) == 0
    return tmp_path / "plugin.zip"


def test_kritas_importer_finds_all_that_it_looks_for(packed: Path) -> None:
    names = zipfile.ZipFile(packed).namelist()
    assert [name for name in names if name.endswith(".desktop")] == ["draggan_krita.desktop"]
    # It looks for an entry of the folder itself, and takes the first .action of the module's name.
    assert "draggan_krita/" in names and "draggan_krita/__init__.py" in names
    assert next(name for name in names if name.endswith(".action")).startswith("actions/")


def test_the_zip_holds_the_assembled_plugin_and_nothing_of_this_computer(
    packed: Path, tmp_path: Path
) -> None:
    files = assemble("krita", tmp_path / "laid")
    archive = zipfile.ZipFile(packed)
    held = {name for name in archive.namelist() if not name.endswith("/")}
    assert held == {file.as_posix() for file in files}
    assert not any(name.endswith(("daemon.json", ".pyc")) for name in held)
    for file in files:
        assert archive.read(file.as_posix()) == (tmp_path / "laid" / file).read_bytes()


def test_the_same_plugin_gives_the_same_bytes(packed: Path, tmp_path: Path) -> None:
    assert package("--out", str(tmp_path / "again.zip")) == 0
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_every_folder_stands_before_what_is_in_it(packed: Path) -> None:
    seen: set[str] = set()
    for name in zipfile.ZipFile(packed).namelist():
        parent = name.rstrip("/").rpartition("/")[0]
        assert not parent or f"{parent}/" in seen
        seen.add(name)


def test_the_name_says_the_version_and_the_user_hears_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert package() == 0
    assert zipfile.is_zipfile(f"draggan-krita-{__version__}.zip")
    assert "Import Python Plugin from File" in capsys.readouterr().out


def test_an_older_zip_is_replaced(packed: Path) -> None:
    before = packed.read_bytes()
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("more", "")
    assert package("--out", str(packed)) == 0
    assert packed.read_bytes() == before


def test_a_painting_is_never_replaced_although_it_is_a_zip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    painting = tmp_path / "drawing.kra"
    with zipfile.ZipFile(painting, "w") as archive:
        archive.writestr("mimetype", "application/x-krita")
    before = painting.read_bytes()
    assert package("--out", str(painting)) == 2
    assert painting.read_bytes() == before
    assert "is no zip of this plugin" in capsys.readouterr().err


def test_a_folder_in_the_way_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert package("--out", str(tmp_path)) == 2
    assert "is no zip of this plugin" in capsys.readouterr().err
