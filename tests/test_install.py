"""`draggan install krita`: into every Krita, as a whole or not at all, and nothing of others."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from draggan import __version__
from draggan.cli import main
from draggan.plugins import installing

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def krita(home: Path) -> Path:
    """The resource folder of a Krita that has been started."""
    (home / ".local/share/krita").mkdir(parents=True)
    return home / ".local/share/krita"


def install(*words: str) -> int:
    return main(["install", "krita", *words])


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_one_command_puts_everything_where_krita_looks(
    krita: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install() == 0
    module = krita / "pykrita/draggan_krita"
    assert (krita / "pykrita/draggan_krita.desktop").is_file()
    assert (krita / "actions/draggan_krita.action").is_file()
    assert (module / "draggan_wire/client.py").is_file()
    assert (module / "VERSION").read_text().strip() == __version__
    assert "enable_draggan_krita=true" in (home / ".config/kritarc").read_text()
    said = capsys.readouterr().out
    assert str(krita) in said and "Restart Krita." in said
    assert "Settings > Dockers > DragGAN" in said


def test_the_plugin_learns_which_python_has_the_daemon(krita: Path) -> None:
    install()
    text = (krita / "pykrita/draggan_krita/daemon.json").read_text()
    assert json.loads(text) == {"command": [sys.executable, "-m", "draggan_daemon"]}


def test_nothing_is_left_beside_the_plugin(krita: Path) -> None:
    install()
    install()
    assert {path.name for path in (krita / "pykrita").iterdir()} == {
        "draggan_krita",
        "draggan_krita.desktop",
    }


def test_an_older_installation_is_replaced_as_a_whole(
    krita: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install()
    module = krita / "pykrita/draggan_krita"
    (module / "VERSION").write_text("0.0.1\n")
    (module / "gone.py").write_text("")
    assert install() == 0
    assert not (module / "gone.py").exists()
    assert "in place of 0.0.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    ["pykrita/draggan_krita", "pykrita/draggan_krita.desktop", "actions/draggan_krita.action"],
)
def test_a_strangers_file_of_that_name_is_left_alone(
    krita: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (krita / name).parent.mkdir()
    (krita / name).write_text("mine")
    assert install() == 2
    assert tree(krita) == {name: b"mine"}
    said = capsys.readouterr().err
    assert str(krita / name) in said and "Move it away" in said


def test_a_link_that_a_developer_made_is_left_alone(krita: Path, home: Path) -> None:
    (home / "work").mkdir()
    (krita / "pykrita").mkdir()
    (krita / "pykrita/draggan_krita").symlink_to(home / "work")
    assert install() == 2
    assert (krita / "pykrita/draggan_krita").is_symlink()


def test_links_lead_to_the_sources_and_a_later_copy_leaves_them_alone(krita: Path) -> None:
    sources = tree(ROOT / "krita_plugin").keys()
    assert install("--link") == 0
    module = krita / "pykrita/draggan_krita"
    assert (module / "qt.py").is_symlink() and not module.is_symlink()
    assert (module / "draggan_wire").resolve() == ROOT / "daemon/draggan_wire"
    assert install() == 0
    assert not any(path.is_symlink() for path in module.rglob("*"))
    assert sources <= tree(ROOT / "krita_plugin").keys()


def test_links_whose_sources_have_gone_are_replaced(
    krita: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("--link")
    desktop = krita / "pykrita/draggan_krita.desktop"
    desktop.unlink()
    desktop.symlink_to(home / "gone/draggan_krita.desktop")
    (krita / "pykrita/draggan_krita/draggan_wire").unlink()
    (krita / "pykrita/draggan_krita/draggan_wire").symlink_to(home / "gone/draggan_wire")
    assert install() == 0
    assert desktop.is_file() and not desktop.is_symlink()


def test_an_installation_that_fails_half_way_leaves_the_old_one(
    krita: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install()
    (krita / "pykrita/draggan_krita/VERSION").write_text("0.0.1\n")
    before = tree(krita)
    move, moves = shutil.move, []

    def full_disk(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == 4:
            raise OSError(28, "No space left on device")
        move(source, target)

    monkeypatch.setattr(installing.shutil, "move", full_disk)
    assert install() == 2
    assert "No space left on device" in capsys.readouterr().err
    assert len(moves) > 4 and tree(krita) == before


def test_with_several_kritas_all_get_it_and_the_user_is_told(
    krita: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flatpak = home / ".var/app/org.kde.krita"
    (flatpak / "data/krita").mkdir(parents=True)
    assert install() == 0
    assert (flatpak / "data/krita/pykrita/draggan_krita/__init__.py").is_file()
    assert (krita / "pykrita/draggan_krita/__init__.py").is_file()
    assert "enable_draggan_krita=true" in (flatpak / "config/kritarc").read_text()
    said = capsys.readouterr().out
    assert "2 Kritas" in said and "Note on Krita (flatpak)" in said


def test_without_a_krita_the_user_is_told_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install() == 2
    said = capsys.readouterr().err
    assert "Start Krita once" in said and "--into" in said
    assert list(home.iterdir()) == []


def test_a_named_folder_is_used_and_the_switch_is_left_to_the_user(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install("--into", str(home / "portable")) == 0
    assert (home / "portable/pykrita/draggan_krita/__init__.py").is_file()
    assert "Python Plugin Manager" in capsys.readouterr().out
    assert not (home / ".config").exists()


def test_a_named_folder_that_is_a_known_kritas_is_switched_on_there(
    krita: Path, home: Path
) -> None:
    assert install("--into", str(krita)) == 0
    assert "enable_draggan_krita=true" in (home / ".config/kritarc").read_text()


def test_the_settings_are_left_alone_if_that_is_wished(krita: Path, home: Path) -> None:
    assert install("--no-enable") == 0
    assert not (home / ".config/kritarc").exists()


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [("pykrita", "inside Krita's resource folder"), ("file", "is a file")],
)
def test_a_folder_that_cannot_be_meant_is_refused(
    home: Path, folder: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "file").write_text("")
    assert install("--into", str(home / folder)) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_told_in_a_sentence(
    krita: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    krita.chmod(0o500)
    assert install() == 2
    assert "Permission denied" in capsys.readouterr().err
