"""GIMP's settings file says whether a profile's own plug-ins are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from draggan.plugins.gimprc import looks_for_plugins_in


def looks(profile: Path, gimprc: str, separator: str = ":", **variables: str) -> bool:
    profile.mkdir(exist_ok=True)
    (profile / "gimprc").write_text(gimprc)
    return looks_for_plugins_in(
        profile, variables={"HOME": str(profile.parent), **variables}, separator=separator
    )


@pytest.mark.parametrize(
    "folders",
    [
        "${gimp_dir}/plug-ins:${gimp_plug_in_dir}/plug-ins",
        "${gimp_plug_in_dir}/plug-ins:~/3.0/plug-ins",
        "/opt/more:${HOME}/3.0/plug-ins/",
        "${MINE}/3.0/plug-ins",
    ],
)
def test_the_profiles_own_folder_is_known_however_it_is_written(
    tmp_path: Path, folders: str
) -> None:
    assert looks(tmp_path / "3.0", f'(plug-in-path "{folders}")\n', MINE=str(tmp_path))


@pytest.mark.parametrize("folders", ["", "/opt/more", "plug-ins", "${gimp_plug_in_dir}/plug-ins"])
def test_a_path_without_the_profiles_own_folder_is_noticed(tmp_path: Path, folders: str) -> None:
    assert not looks(tmp_path / "3.0", f'(plug-in-path "{folders}")\n')


def test_a_profile_without_such_a_setting_uses_its_own_folder(tmp_path: Path) -> None:
    assert looks(tmp_path / "3.0", '(config-version "3.0.4")\n# (plug-in-path "/opt")\n')
    assert looks_for_plugins_in(tmp_path / "new", variables={}, separator=":")


def test_the_last_of_several_settings_counts_as_it_does_for_gimp(tmp_path: Path) -> None:
    first, last = '(plug-in-path "/opt")\n', '(plug-in-path "${gimp_dir}/plug-ins")\n'
    assert looks(tmp_path / "3.0", first + last) and not looks(tmp_path / "3.0", last + first)


def test_quoted_characters_and_windows_separator_are_understood(tmp_path: Path) -> None:
    strange = tmp_path / 'a "strange" one'
    quoted = str(strange).replace('"', '\\"')
    assert looks(strange, f'(plug-in-path "D:\\\\more;{quoted}/plug-ins")\n', ";")


def test_a_settings_file_of_rubbish_names_nothing(tmp_path: Path) -> None:
    assert looks(tmp_path / "3.0", '(plug-in-path "/opt')
    (tmp_path / "3.0/gimprc").write_bytes(b"\xff\0(plug-in-path\n")
    assert looks_for_plugins_in(tmp_path / "3.0", variables={}, separator=":")
