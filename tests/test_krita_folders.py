"""Every Krita of a user is found where its installation keeps plugins and settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from draggan.plugins.krita_folders import KritaFolders, find_krita_folders


def found(home: Path, platform: str = "linux", **environment: str) -> tuple[KritaFolders, ...]:
    return find_krita_folders(platform=platform, environment=environment, home=home)


def only(home: Path, platform: str = "linux", **environment: str) -> tuple[str, str]:
    (krita,) = found(home, platform, **environment)
    assert krita.config is not None
    return (
        krita.resources.relative_to(home).as_posix(),
        krita.config.relative_to(home).as_posix(),
    )


@pytest.mark.parametrize(
    ("platform", "resources", "config"),
    [
        ("linux", ".local/share/krita", ".config/kritarc"),
        ("linux", ".var/app/org.kde.krita/data/krita", ".var/app/org.kde.krita/config/kritarc"),
        ("linux", "snap/krita/current/.local/share/krita", "snap/krita/current/.config/kritarc"),
        ("darwin", "Library/Application Support/krita", "Library/Preferences/kritarc"),
        ("win32", "AppData/Roaming/krita", "AppData/Local/kritarc"),
        (
            "win32",
            "AppData/Local/Packages/49800Krita_a1b2/LocalCache/Roaming/krita",
            "AppData/Local/Packages/49800Krita_a1b2/LocalCache/Local/kritarc",
        ),
    ],
)
def test_each_kind_of_installation_is_found(
    tmp_path: Path, platform: str, resources: str, config: str
) -> None:
    (tmp_path / resources).mkdir(parents=True)
    assert only(tmp_path, platform) == (resources, config)


def test_the_systems_variables_say_where_the_folders_are(tmp_path: Path) -> None:
    (tmp_path / "d" / "krita").mkdir(parents=True)
    xdg = {"XDG_DATA_HOME": str(tmp_path / "d"), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    assert only(tmp_path, **xdg) == ("d/krita", "c/kritarc")
    windows = {"APPDATA": str(tmp_path / "d"), "LOCALAPPDATA": str(tmp_path / "c")}
    assert only(tmp_path, "win32", **windows) == ("d/krita", "c/kritarc")


def test_a_relative_folder_in_the_systems_variables_is_ignored(tmp_path: Path) -> None:
    (tmp_path / ".local/share/krita").mkdir(parents=True)
    assert only(tmp_path, XDG_DATA_HOME="data")[0] == ".local/share/krita"


def test_a_folder_that_was_chosen_in_kritas_settings_takes_the_usual_ones_place(
    tmp_path: Path,
) -> None:
    (tmp_path / "art").mkdir()
    (tmp_path / ".config").mkdir()
    (tmp_path / ".local/share/krita").mkdir(parents=True)
    (tmp_path / ".config/kritarc").write_text(f"ResourceDirectory={tmp_path / 'art'}\n")
    assert only(tmp_path) == ("art", ".config/kritarc")


def test_several_kritas_are_all_found_and_the_confined_one_has_a_note(tmp_path: Path) -> None:
    (tmp_path / ".local/share/krita").mkdir(parents=True)
    (tmp_path / ".var/app/org.kde.krita/data/krita").mkdir(parents=True)
    usual, flatpak = found(tmp_path)
    assert not usual.note and "draggand serve" in flatpak.note


def test_a_krita_that_was_never_started_is_not_found(tmp_path: Path) -> None:
    assert found(tmp_path) == found(tmp_path, "win32") == found(tmp_path, "darwin") == ()
