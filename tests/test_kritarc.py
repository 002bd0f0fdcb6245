"""Krita's settings file: one entry is set, every other byte stays; the chosen folder is read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from draggan.errors import CannotWrite
from draggan.plugins.kritarc import enable_plugin, resource_folder, with_plugin_enabled

ON = b"enable_draggan_krita=true"


def enabled(text: bytes) -> bytes:
    return with_plugin_enabled(text, "draggan_krita")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"[python]\n" + ON + b"\n"),
        (b"a=1\n", b"a=1\n\n[python]\n" + ON + b"\n"),
        (b"a=1", b"a=1\n\n[python]\n" + ON + b"\n"),
        (b"a=1\r\n", b"a=1\r\n\r\n[python]\r\n" + ON + b"\r\n"),
        (b"[python]\nenable_x=true\n", b"[python]\n" + ON + b"\nenable_x=true\n"),
        (b"[python]\r\n[b]\r\n", b"[python]\r\n" + ON + b"\r\n[b]\r\n"),
        (b"[python]", b"[python]\n" + ON + b"\n"),
        (b"[python]\nenable_draggan_krita=false\n", b"[python]\n" + ON + b"\n"),
        (b"[python]\r\nenable_draggan_krita=false\r\n", b"[python]\r\n" + ON + b"\r\n"),
        (b"[python]\nenable_draggan_krita=\nz=1", b"[python]\n" + ON + b"\nz=1"),
        (b"[a]\n" + ON + b"\n", b"[a]\n" + ON + b"\n\n[python]\n" + ON + b"\n"),
        (b"[python][a]\nb=1\n", b"[python][a]\nb=1\n\n[python]\n" + ON + b"\n"),
        (b"\xff\xfe=\x00\n[python]\n", b"\xff\xfe=\x00\n[python]\n" + ON + b"\n"),
    ],
)
def test_the_plugin_is_switched_on_and_nothing_else_changes(before: bytes, after: bytes) -> None:
    assert enabled(before) == after
    assert enabled(after) == after


def test_a_group_that_stands_twice_is_switched_on_where_it_was_switched_off() -> None:
    # KConfig takes the last one.
    before = b"[python]\nenable_draggan_krita=true\n[a]\n[python]\nenable_draggan_krita=false\n"
    assert enabled(before) == b"[python]\n" + ON + b"\n[a]\n[python]\n" + ON + b"\n"


def test_a_settings_file_that_is_a_link_stays_one_and_keeps_its_permissions(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "kritarc"
    real.parent.mkdir()
    real.write_bytes(b"a=1\n")
    real.chmod(0o600)
    (tmp_path / "kritarc").symlink_to(real)
    assert enable_plugin(tmp_path / "kritarc", "draggan_krita")
    assert (tmp_path / "kritarc").is_symlink() and ON in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_plugin_that_is_on_leaves_the_file_untouched(tmp_path: Path) -> None:
    config = tmp_path / "kritarc"
    config.write_bytes(b"[python]\n" + ON + b"\n")
    before = config.stat().st_ino
    assert not enable_plugin(config, "draggan_krita")
    assert config.stat().st_ino == before


def test_a_missing_settings_file_is_made(tmp_path: Path) -> None:
    assert enable_plugin(tmp_path / "config" / "kritarc", "draggan_krita")
    assert (tmp_path / "config" / "kritarc").read_bytes() == b"[python]\n" + ON + b"\n"


def test_settings_that_cannot_be_read_are_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "kritarc").mkdir()
    with pytest.raises(CannotWrite) as refusal:
        enable_plugin(tmp_path / "kritarc", "draggan_krita")
    assert "Python Plugin" in refusal.value.hint


def test_settings_that_cannot_be_written_are_told_with_what_to_do_in_krita(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite) as refusal:
        enable_plugin(tmp_path / "file" / "kritarc", "draggan_krita")
    assert "Python Plugin Manager" in refusal.value.hint and "--out" not in refusal.value.hint


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        (b"ResourceDirectory=/art/krita\n[python]\n", "/art/krita"),
        (b"a=1\r\nResourceDirectory = /art/my\\skrita\r\n", "/art/my krita"),
        ("ResourceDirectory=/art/künstler\n".encode(), "/art/künstler"),
        (b"[a]\nResourceDirectory=/art/krita\n", None),
        (b"ResourceDirectory=\n", None),
        (b"ResourceDirectory=krita\n", None),
        (b"OldResourceDirectory=/art/krita\n", None),
        (b"", None),
    ],
)
def test_the_chosen_resource_folder_is_read(
    tmp_path: Path, text: bytes, folder: str | None
) -> None:
    (tmp_path / "kritarc").write_bytes(text)
    assert resource_folder(tmp_path / "kritarc") == (Path(folder) if folder else None)


def test_without_settings_no_folder_is_chosen(tmp_path: Path) -> None:
    assert resource_folder(tmp_path / "kritarc") is None
