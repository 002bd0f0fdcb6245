"""Every GIMP of a user is found where its installation keeps profiles, and told from older ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from draggan.plugins.gimp_folders import (
    GimpProfile,
    find_gimp_profiles,
    find_older_gimps,
    path_note,
)


def found(home: Path, platform: str = "linux", **environment: str) -> tuple[GimpProfile, ...]:
    return find_gimp_profiles(platform=platform, environment=environment, home=home)


def folders(home: Path, platform: str = "linux", **environment: str) -> list[str]:
    profiles = found(home, platform, **environment)
    return [profile.folder.relative_to(home).as_posix() for profile in profiles]


@pytest.mark.parametrize(
    ("platform", "profile", "title"),
    [
        ("linux", ".config/GIMP/3.0", "GIMP 3.0"),
        ("linux", ".config/GIMP/3.2", "GIMP 3.2"),
        ("linux", ".var/app/org.gimp.GIMP/config/GIMP/3.0", "GIMP 3.0 (flatpak)"),
        ("linux", "snap/gimp/current/.config/GIMP/3.0", "GIMP 3.0 (snap)"),
        ("darwin", "Library/Application Support/GIMP/3.0", "GIMP 3.0"),
        ("win32", "AppData/Roaming/GIMP/3.0", "GIMP 3.0"),
        (
            "win32",
            "AppData/Local/Packages/GIMP.43237F745459_a1b2/LocalCache/Roaming/GIMP/3.0",
            "GIMP 3.0 (Microsoft Store)",
        ),
    ],
)
def test_each_kind_of_installation_is_found(
    tmp_path: Path, platform: str, profile: str, title: str
) -> None:
    (tmp_path / profile).mkdir(parents=True)
    assert folders(tmp_path, platform) == [profile]
    assert found(tmp_path, platform)[0].title == title


def test_every_version_has_a_profile_of_its_own_the_oldest_first(tmp_path: Path) -> None:
    for version in ("3.10", "3.2", "3.0"):
        (tmp_path / ".config/GIMP" / version).mkdir(parents=True)
    assert folders(tmp_path) == [f".config/GIMP/{version}" for version in ("3.0", "3.2", "3.10")]


def test_what_is_no_profile_of_a_gimp_that_is_new_enough_is_not_found(tmp_path: Path) -> None:
    for name in ("2.10", "2.99", "3", "3.0.bak", "three"):
        (tmp_path / ".config/GIMP" / name).mkdir(parents=True)
    (tmp_path / ".config/GIMP/3.4").write_text("a file")
    assert found(tmp_path) == ()


def test_older_gimps_are_told_by_their_versions(tmp_path: Path) -> None:
    for version in ("2.99", "2.10", "3.0"):
        (tmp_path / ".config/GIMP" / version).mkdir(parents=True)
    older = find_older_gimps(platform="linux", environment={}, home=tmp_path)
    assert older == ("2.10", "2.99")


def test_the_systems_variables_say_where_the_profiles_are(tmp_path: Path) -> None:
    (tmp_path / "c/GIMP/3.0").mkdir(parents=True)
    assert folders(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "c")) == ["c/GIMP/3.0"]
    assert folders(tmp_path, "win32", APPDATA=str(tmp_path / "c")) == ["c/GIMP/3.0"]


def test_a_relative_folder_in_the_systems_variables_is_ignored(tmp_path: Path) -> None:
    (tmp_path / ".config/GIMP/3.0").mkdir(parents=True)
    assert folders(tmp_path, XDG_CONFIG_HOME="config") == [".config/GIMP/3.0"]


def test_the_folder_that_gimp_is_told_to_use_takes_the_place_of_all_others(tmp_path: Path) -> None:
    (tmp_path / ".config/GIMP/3.0").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    assert folders(tmp_path, GIMP3_DIRECTORY=str(tmp_path / "mine")) == ["mine"]
    assert folders(tmp_path, GIMP3_DIRECTORY="mine") == ["mine"]
    assert folders(tmp_path, GIMP3_DIRECTORY="gone") == []


def test_the_confined_ones_have_a_note_and_the_usual_one_has_none(tmp_path: Path) -> None:
    for folder in (".config", "snap/gimp/current/.config"):
        (tmp_path / folder / "GIMP/3.0").mkdir(parents=True)
    usual, snap = found(tmp_path)
    assert not usual.note
    socket = tmp_path / "snap/gimp/common/draggand/draggand.sock"
    assert f"draggand serve --endpoint ipc://{socket}" in snap.note


def test_a_profile_that_a_flatpak_would_share_says_what_holds_for_the_flatpak(
    tmp_path: Path,
) -> None:
    (tmp_path / ".config/GIMP/3.0").mkdir(parents=True)
    (tmp_path / ".var/app/org.gimp.GIMP").mkdir(parents=True)
    (usual,) = found(tmp_path)
    assert usual.note.startswith("The flatpak may use it as well.")
    assert "--filesystem=xdg-run/draggand org.gimp.GIMP" in usual.note


def test_a_gimp_that_was_never_started_is_not_found(tmp_path: Path) -> None:
    assert found(tmp_path) == found(tmp_path, "win32") == found(tmp_path, "darwin") == ()


def test_only_a_gimp_that_looks_for_plugins_elsewhere_has_a_note_on_that(tmp_path: Path) -> None:
    def note(gimprc: str) -> str:
        (tmp_path / "gimprc").write_text(gimprc)
        return path_note(tmp_path, platform="linux", environment={}, home=tmp_path)

    assert note('(plug-in-path "${gimp_dir}/plug-ins:/opt/more")\n') == ""
    assert str(tmp_path / "plug-ins") in note('(plug-in-path "/opt/more")\n')
