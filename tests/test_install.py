"""`draggan install`: into every editor, as a whole or not at all, and nothing of others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from draggan import __version__
from draggan.cli import main
from draggan.plugins import installing
from tests.plugin_editors import EDITORS, GIMP, KRITA, ROOT, PluginEditor, tree


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "GIMP3_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(params=EDITORS, ids=str)
def editor(request: pytest.FixtureRequest) -> PluginEditor:
    chosen: PluginEditor = request.param
    return chosen


@pytest.fixture
def reads(home: Path, editor: PluginEditor) -> Path:
    """The folder that the editor reads, which has been started."""
    (home / editor.reads).mkdir(parents=True)
    return home / editor.reads


@pytest.fixture
def krita(home: Path) -> Path:
    """The resource folder of a Krita that has been started."""
    (home / KRITA.reads).mkdir(parents=True)
    return home / KRITA.reads


@pytest.fixture
def gimp(home: Path) -> Path:
    """The profile of a GIMP that has been started."""
    (home / GIMP.reads).mkdir(parents=True)
    return home / GIMP.reads


def install(editor: PluginEditor, *words: str) -> int:
    return main(["install", editor.host, *words])


def test_one_command_puts_everything_where_the_editor_looks(
    editor: PluginEditor, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(editor) == 0
    module = reads / editor.module
    assert all((reads / name).is_file() for name in editor.other_files)
    assert (module / editor.package / "__init__.py").is_file()
    assert (module / editor.package / "draggan_wire/client.py").is_file()
    assert (module / "VERSION").read_text().strip() == __version__
    said = capsys.readouterr().out
    assert str(reads) in said and f"Restart {editor.title}" in said


def test_krita_has_it_switched_on_and_its_user_hears_where_the_docker_is(
    krita: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(KRITA) == 0
    assert "enable_draggan_krita=true" in (home / ".config/kritarc").read_text()
    assert "Settings > Dockers > DragGAN" in capsys.readouterr().out


def test_gimps_user_hears_in_which_menu_it_is(
    gimp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(GIMP) == 0
    said = capsys.readouterr().out
    assert "Filters > Distorts > DragGAN" in said and "Note" not in said


@pytest.mark.parametrize("words", [(), ("--link",)], ids=["copied", "linked"])
def test_gimp_can_start_its_program_and_python_finds_everything_beside_it(
    gimp: Path, words: tuple[str, ...]
) -> None:
    assert install(GIMP, *words) == 0
    program = gimp / GIMP.module / GIMP.program
    assert program.stat().st_mode & 0o777 == 0o755 and not program.is_symlink()
    # In place of the program's own lines, which want a GIMP around them.
    program.write_text("import sys, draggan_studio.draggan_wire.edit\nprint(sys.path[0])\n")
    done = subprocess.run([sys.executable, "-E", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == program.parent


def test_the_plugin_learns_which_python_has_the_daemon(editor: PluginEditor, reads: Path) -> None:
    install(editor)
    text = (reads / editor.module / "daemon.json").read_text()
    assert json.loads(text) == {"command": [sys.executable, "-m", "draggan_daemon"]}


def test_nothing_is_left_beside_the_plugin(editor: PluginEditor, reads: Path) -> None:
    install(editor)
    install(editor)
    ours = {reads / name for name in (editor.module, *editor.other_files)}
    assert {path for folder in reads.iterdir() for path in folder.iterdir()} == ours


def test_an_older_installation_is_replaced_as_a_whole(
    editor: PluginEditor, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(editor)
    module = reads / editor.module
    (module / "VERSION").write_text("0.0.1\n")
    (module / "gone.py").write_text("")
    assert install(editor) == 0
    assert not (module / "gone.py").exists()
    assert "in place of 0.0.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("editor", "name"),
    [(each, name) for each in EDITORS for name in (each.module, *each.other_files)],
    ids=str,
)
def test_a_strangers_file_of_that_name_is_left_alone(
    editor: PluginEditor, reads: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (reads / name).parent.mkdir()
    (reads / name).write_text("mine")
    assert install(editor) == 2
    assert tree(reads) == {name: b"mine"}
    said = capsys.readouterr().err
    assert str(reads / name) in said and "Move it away" in said


def test_a_link_that_a_developer_made_is_left_alone(
    editor: PluginEditor, reads: Path, home: Path
) -> None:
    (home / "work").mkdir()
    (reads / editor.module).parent.mkdir()
    (reads / editor.module).symlink_to(home / "work")
    assert install(editor) == 2
    assert (reads / editor.module).is_symlink()


def test_links_lead_to_the_sources_and_a_later_copy_leaves_them_alone(
    editor: PluginEditor, reads: Path
) -> None:
    sources = tree(editor.sources).keys()
    assert install(editor, "--link") == 0
    package = reads / editor.module / editor.package
    assert (package / "__init__.py").is_symlink() and not package.is_symlink()
    assert (package / "draggan_wire").resolve() == ROOT / "daemon/draggan_wire"
    assert install(editor) == 0
    assert not any(path.is_symlink() for path in (reads / editor.module).rglob("*"))
    assert sources <= tree(editor.sources).keys()


def test_links_whose_sources_have_gone_are_replaced(
    editor: PluginEditor, reads: Path, home: Path
) -> None:
    install(editor, "--link")
    wire = f"{editor.module}/{editor.package}/draggan_wire"
    for name in (wire, *editor.other_files):
        (reads / name).unlink()
        (reads / name).symlink_to(home / "gone" / Path(name).name)
    assert install(editor) == 0
    assert (reads / wire).is_dir() and not (reads / wire).is_symlink()
    for name in editor.other_files:
        assert (reads / name).is_file() and not (reads / name).is_symlink()


def test_an_installation_that_fails_half_way_leaves_the_old_one(
    editor: PluginEditor,
    reads: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install(editor)
    (reads / editor.module / "VERSION").write_text("0.0.1\n")
    before = tree(reads)
    move, moves = shutil.move, []

    def full_disk(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == editor.moves:
            raise OSError(28, "No space left on device")
        move(source, target)

    monkeypatch.setattr(installing.shutil, "move", full_disk)
    assert install(editor) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert len(moves) > editor.moves and tree(reads) == before


def test_with_several_of_an_editor_all_get_it_and_the_user_is_told(
    editor: PluginEditor, reads: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / editor.flatpak_reads).mkdir(parents=True)
    assert install(editor) == 0
    for folder in (reads, home / editor.flatpak_reads):
        assert (folder / editor.module / editor.package / "__init__.py").is_file()
    said = capsys.readouterr().out
    assert f"2 {editor.title}s" in said and f"Note on {editor.title}" in said
    assert "(flatpak)" in said and "--filesystem=xdg-run/draggand" in said


def test_the_flatpaks_krita_is_switched_on_too(krita: Path, home: Path) -> None:
    flatpak = home / ".var/app/org.kde.krita"
    (flatpak / "data/krita").mkdir(parents=True)
    assert install(KRITA) == 0
    assert "enable_draggan_krita=true" in (flatpak / "config/kritarc").read_text()


def test_without_the_editor_the_user_is_told_what_to_do(
    editor: PluginEditor, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(editor) == 2
    said = capsys.readouterr().err
    assert f"Start {editor.title} once" in said and "--into" in said
    assert list(home.iterdir()) == []


def test_the_user_of_an_older_gimp_hears_that_a_newer_one_is_needed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".config/GIMP/2.10").mkdir(parents=True)
    assert install(GIMP) == 2
    said = capsys.readouterr().err
    assert "GIMP 2.10" in said and "needs GIMP 3" in said
    assert list((home / ".config/GIMP/2.10").iterdir()) == []


def test_a_gimp_that_looks_for_plugins_elsewhere_is_pointed_out(
    gimp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (gimp / "gimprc").write_text('(plug-in-path "/opt/plug-ins")\n')
    assert install(GIMP) == 0
    said = capsys.readouterr().out
    assert "Note on GIMP 3.0: " in said and str(gimp / "plug-ins") in said.split("Note")[1]


def test_a_named_folder_is_used_and_krita_is_left_to_the_user(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(KRITA, "--into", str(home / "portable")) == 0
    assert (home / "portable/pykrita/draggan_krita/__init__.py").is_file()
    assert "Python Plugin Manager" in capsys.readouterr().out
    assert not (home / ".config").exists()


@pytest.mark.parametrize("named", ["portable", "portable/plug-ins"])
def test_gimps_profile_is_named_by_itself_or_by_its_plugins(home: Path, named: str) -> None:
    assert install(GIMP, "--into", str(home / named)) == 0
    assert (home / "portable/plug-ins/draggan_gimp/draggan_gimp.py").is_file()
    assert not (home / ".config").exists()


def test_a_named_folder_that_is_a_known_kritas_is_switched_on_there(
    krita: Path, home: Path
) -> None:
    assert install(KRITA, "--into", str(krita)) == 0
    assert "enable_draggan_krita=true" in (home / ".config/kritarc").read_text()


def test_a_named_folder_that_is_a_known_gimps_has_its_note(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / GIMP.flatpak_reads).mkdir(parents=True)
    assert install(GIMP, "--into", str(home / GIMP.flatpak_reads)) == 0
    assert "Note on GIMP 3.0 (flatpak)" in capsys.readouterr().out


def test_the_settings_are_left_alone_if_that_is_wished(krita: Path, home: Path) -> None:
    assert install(KRITA, "--no-enable") == 0
    assert not (home / ".config/kritarc").exists()


@pytest.mark.parametrize(
    ("editor", "folder", "sentence"),
    [
        (KRITA, "pykrita", "inside Krita's resource folder"),
        (KRITA, "file", "is a file"),
        (GIMP, "file", "is a file"),
        (GIMP, "plug-ins/draggan_gimp", "the plug-in's own folder"),
        (GIMP, "GIMP/2.10/plug-ins", "needs GIMP 3.0"),
        (GIMP, "GIMP", "one for each version"),
    ],
    ids=str,
)
def test_a_folder_that_cannot_be_meant_is_refused(
    editor: PluginEditor,
    home: Path,
    folder: str,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (home / "file").write_text("")
    (home / "GIMP/3.0").mkdir(parents=True)
    assert install(editor, "--into", str(home / folder)) == 2
    assert sentence in capsys.readouterr().err
    assert set(tree(home)) == {"file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_told_in_a_sentence(
    editor: PluginEditor, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reads.chmod(0o500)
    assert install(editor) == 2
    assert "Permission denied" in capsys.readouterr().err
