"""How host tests are turned on, and which root file systems are used; runs without any editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.enabling import HOW, KNOWN, UnknownHost, wanted_hosts
from tests.hosts.roots import RECIPES, STAMP, NoRoot, is_complete, root_for


def test_no_host_is_wanted_unless_the_environment_names_it() -> None:
    assert wanted_hosts({}) == wanted_hosts({"DRAGGAN_HOSTS": " , "}) == ()
    wanted = wanted_hosts({"DRAGGAN_HOSTS": "krita-6.0, krita-5.2,krita-6.0"})
    assert wanted == ("krita-6.0", "krita-5.2")


def test_an_unknown_host_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(UnknownHost, match=r"'krita-4'; use krita-5\.2, "):
        wanted_hosts({"DRAGGAN_HOSTS": "krita-4"})


def test_the_one_line_that_tells_how_names_hosts_that_there_are() -> None:
    (names,) = [word for word in HOW.split() if word.startswith("DRAGGAN_HOSTS=")]
    assert set(names.split("=")[1].split(",")) <= set(KNOWN) == set(RECIPES)


def test_a_half_made_or_outdated_root_is_not_complete(tmp_path: Path) -> None:
    recipe = RECIPES["krita-5.2"]
    assert not is_complete(tmp_path, recipe)
    (tmp_path / STAMP).parent.mkdir()
    (tmp_path / STAMP).write_text(RECIPES["krita-6.0"].text())
    assert not is_complete(tmp_path, recipe)
    (tmp_path / STAMP).write_text(recipe.text())
    assert is_complete(tmp_path, recipe)


def test_a_given_root_without_the_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGGAN_HOSTS_ROOT_KRITA_5_2", str(tmp_path))
    with pytest.raises(NoRoot, match="no krita in"):
        root_for("krita-5.2")
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/krita").touch()
    assert root_for("krita-5.2") == tmp_path
