"""Settings come from defaults, file, environment and flags, in that order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from draggan_daemon.config import Config, ConfigError, load_config

needs_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")


@pytest.fixture(autouse=True)
def _no_file_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert load_config(environ={"XDG_CONFIG_HOME": str(tmp_path)}) == Config()


@needs_toml
def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = write(
        tmp_path, 'device = "cuda"\nthreads = 3\nlease = "2m"\n[limits]\nmax_handles = 8\n'
    )
    environ = {
        "DRAGGAND_THREADS": "5",
        "DRAGGAND_LEASE": "90s",
        "DRAGGAND_LIMITS_MAX_SESSIONS": "2",
    }
    config = load_config(file=file, environ=environ, flags={"threads": 7})
    assert (config.device, config.lease, config.threads) == ("cuda", 90.0, 7)
    assert (config.limits.max_handles, config.limits.max_sessions) == (8, 2)


@needs_toml
def test_the_users_own_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "draggand").mkdir()
    write(tmp_path / "draggand", "threads = 4")
    assert load_config(environ={"XDG_CONFIG_HOME": str(tmp_path)}).threads == 4


@needs_toml
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    file = write(tmp_path, 'devise = "cpu"')
    with pytest.raises(ConfigError) as caught:
        load_config(file=file, environ={})
    assert "devise" in caught.value.sentence and str(file) in caught.value.sentence
    assert "'device'" in caught.value.hint


def test_an_unknown_variable_and_an_unknown_limit_are_refused() -> None:
    for name in ("DRAGGAND_DEVISE", "DRAGGAND_LIMITS_MAX_HANDELS"):
        with pytest.raises(ConfigError, match="Unknown setting") as caught:
            load_config(environ={name: "1"})
        assert "Did you mean" in caught.value.hint


@needs_toml
def test_a_named_file_that_is_missing_or_broken_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(environ={"DRAGGAND_CONFIG": str(tmp_path / "nowhere.toml")})
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(file=write(tmp_path, "= ="), environ={})


def test_a_file_without_tomllib_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tomllib", None)
    with pytest.raises(ConfigError, match=r"needs Python 3\.11"):
        load_config(file=write(tmp_path, ""), environ={})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVICE", "tpu"),
        ("THREADS", "-1"),
        ("THREADS", "many"),
        ("IDLE_EXIT", "soon"),
        ("IDLE_EXIT", "0s"),
        ("LIMITS_MAX_PIXELS", "0"),
        ("LIMITS_MAX_HANDLES", "65"),
    ],
)
def test_values_out_of_range_are_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name.rpartition("LIMITS_")[2].lower()):
        load_config(environ={f"DRAGGAND_{name}": value})


def test_durations_are_written_with_units() -> None:
    for text, seconds in (("15m", 900.0), ("2h", 7200.0), ("90", 90.0), ("0.5s", 0.5)):
        assert load_config(environ={"DRAGGAND_IDLE_EXIT": text}).idle_exit == seconds
