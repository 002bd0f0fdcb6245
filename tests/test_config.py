"""Settings come from defaults, file, environment and flags, in that order."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from draggan_daemon.config import (
    Bounds,
    Config,
    JournalSettings,
    journal_folder,
    load,
    load_config,
    reloaded,
    settings,
)
from draggan_daemon.config_values import ConfigError

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
    assert (config.device, config.lease, config.threads) == (("cuda",), 90.0, 7)
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


@needs_toml
def test_every_table_is_read_from_the_file_with_sizes_and_times(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        device = ["cuda:0", "cuda:1"]
        [remote]
        listen = "0.0.0.0"
        name = "box.example"
        [loopback]
        port = -1
        [journal]
        folder = "/var/lib/draggand"
        max_bytes = "512M"
        keep = "7d"
        [worker]
        isolation = "thread"
        hang_after = "5s"
        [limits]
        max_bytes = "16M"
        max_sessions_per_user = 0
        bytes_per_second = "1.5M"
        compute_seconds_per_hour = "20m"
        [log]
        level = "debug"
        format = "json"
        """,
    )
    config = load_config(file=file, environ={})
    assert config.device == ("cuda:0", "cuda:1")
    assert (config.remote.listen, config.remote.name) == ("0.0.0.0:7417", "box.example")
    assert config.loopback.port == -1
    assert config.journal == JournalSettings(
        folder="/var/lib/draggand", max_bytes=512 << 20, keep=7 * 86400.0
    )
    assert (config.worker.isolation, config.worker.hang_after) == ("thread", 5.0)
    assert (config.limits.max_bytes, config.limits.max_sessions) == (16 << 20, 8)
    assert config.bounds == Bounds(0, 256, 3 << 19, 1200.0)
    assert (config.log.level, config.log.format) == ("debug", "json")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REMOTE_LISTEN", "box.example:99999", "no address to listen at"),
        ("REMOTE_LISTEN", "$(reboot)", "no address to listen at"),
        ("REMOTE_NAME", "a b", "no name of a computer"),
        ("LOOPBACK_PORT", "65536", "no port"),
        ("JOURNAL_FOLDER", "somewhere", "no absolute path"),
        ("JOURNAL_MAX_BYTES", "lots", "no size"),
        ("JOURNAL_ENABLED", "perhaps", "true or false"),
        ("WORKER_ISOLATION", "none", "process or thread"),
        ("LIMITS_MAX_CONNECTIONS", "0", "at least 1"),
        ("LIMITS_MAX_BYTES", "1G", "protocol does not allow"),
        ("LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("DEVICE", "auto,cpu", "no device"),
        ("DEVICE", "cuda:0,cuda:0", "no device"),
    ],
)
def test_a_value_of_a_table_is_refused_in_words(name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(environ={f"DRAGGAND_{name}": value})
    assert caught.value.sentence.startswith(f"'{name.lower().replace('_', '.', 1)}'") or (
        name == "DEVICE"
    )


@needs_toml
def test_a_setting_outside_of_its_table_is_led_there(tmp_path: Path) -> None:
    for text, near in (
        ("keep = '1h'", "'journal.keep'"),
        ("[log]\nlevle = 'info'", "'log.level'"),
        ("[jurnal]\nkeep = '1h'", "[journal]"),
    ):
        with pytest.raises(ConfigError) as caught:
            load_config(file=write(tmp_path, text), environ={})
        assert near in caught.value.hint
    with pytest.raises(ConfigError, match="must be a table"):
        load_config(file=write(tmp_path, "journal = true"), environ={})


@needs_toml
def test_what_is_shown_of_a_setting_reads_back_the_same(tmp_path: Path) -> None:
    lines: dict[str, list[str]] = {}
    for name, setting in settings().items():
        table, _, key = name.rpartition(".")
        shown = setting.kind.show(setting.value(Config()))
        lines.setdefault(table, []).append(f"{key} = {shown}")
    text = "\n".join(lines.pop("")) + "\n"
    for table, rows in lines.items():
        text += f"[{table}]\n" + "\n".join(rows) + "\n"
    assert load_config(file=write(tmp_path, text), environ={}) == Config()


@needs_toml
def test_every_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    file = write(tmp_path, "threads = 3\n[journal]\nkeep = '1h'")
    loaded = load(file=file, environ={"DRAGGAND_LOG_LEVEL": "debug"}, flags={"device": "cpu"})
    assert loaded.origins == {
        "threads": f"in {file}",
        "journal.keep": f"in {file}",
        "log.level": "in the environment",
        "device": "on the command line",
    }
    assert loaded.file == file


@needs_toml
def test_the_readmes_settings_can_be_used(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    for text in examples:
        assert load_config(file=write(tmp_path, text)).remote.listen == "0.0.0.0:7417"


def test_each_daemon_has_a_journal_of_its_own(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    one, other = (
        journal_folder(Config(), Path(path), environ) for path in ("/run/a.sock", "/run/b.sock")
    )
    assert one != other and one.parent == tmp_path / "draggand" / "journal"
    named = replace(Config(), journal=JournalSettings(folder="/srv/journal"))
    assert journal_folder(named, Path("/run/a.sock"), environ) == Path("/srv/journal")


def test_a_running_daemon_takes_the_limits_and_not_the_addresses() -> None:
    running = Config()
    fresh = load_config(
        environ={
            "DRAGGAND_LEASE": "5m",
            "DRAGGAND_LOG_LEVEL": "debug",
            "DRAGGAND_LOG_FORMAT": "json",
            "DRAGGAND_LIMITS_MAX_SESSIONS": "2",
            "DRAGGAND_LIMITS_MAX_BYTES": "1M",
            "DRAGGAND_LIMITS_MAX_CONNECTIONS": "9",
            "DRAGGAND_REMOTE_LISTEN": "0.0.0.0",
        }
    )
    config, waiting = reloaded(running, fresh)
    assert (config.lease, config.log.level, config.limits.max_sessions) == (300.0, "debug", 2)
    assert config.bounds.max_connections == 9
    assert (config.remote, config.limits.max_bytes) == (running.remote, running.limits.max_bytes)
    assert set(waiting) == {"log.format", "limits.max_bytes", "remote.listen"}
    assert reloaded(running, running) == (running, ())


def test_what_is_found_of_pictures_may_take_a_quarter_of_a_gigabyte_or_nothing() -> None:
    assert load_config(environ={}).inversions.max_bytes == 256 << 20
    for words, size in (("0", 0), ("1G", 1 << 30)):
        config = load_config(environ={"DRAGGAND_INVERSIONS_MAX_BYTES": words})
        assert config.inversions.max_bytes == size
