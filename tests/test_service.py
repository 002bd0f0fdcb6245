"""The systemd user unit: what it says, that systemd understands it, and who starts it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from draggan_daemon.cli import main
from draggan_daemon.config_values import ConfigError
from draggan_daemon.service import Unit, daemon_command, unit_path, write_unit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without settings, whose programs lie in a folder of the test's."""
    for name in [name for name in os.environ if name.startswith("DRAGGAND_")]:
        monkeypatch.delenv(name)
    for kind in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> Path:
    """Stand-ins for systemctl and loginctl, which write down what they are asked."""
    place = folder / "programs"
    place.mkdir()
    for name in ("systemctl", "loginctl"):
        script = place / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/asked\n{texts.get(name, "")}\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(place))
    return folder / "asked"


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    odd = tmp_path / "a folder with 100% and $HOME"
    odd.mkdir()
    file = tmp_path / "draggand.service"
    file.write_text(Unit([sys.executable, "-m", "draggan_daemon", "serve"], [odd]).text())
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(file)], capture_output=True, text=True
    )
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr
    file.write_text(file.read_text().replace("WatchdogSec=20", "WatchdogSec=soon"))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(file)], capture_output=True, text=True
    )
    assert "Failed to parse" in done.stderr, "a mistake in the unit would not have been seen"


def test_the_unit_holds_the_daemon_to_its_own_folders(home: Path) -> None:
    text = Unit(["/opt/a b/draggand", "serve"], [home / "x"]).text()
    assert 'ExecStart="/opt/a b/draggand" serve' in text
    assert f"ReadWritePaths=%t -{home}/x\n" in text
    for line in ("Type=notify", "KillMode=mixed", "ProtectSystem=strict", "NoNewPrivileges=yes"):
        assert f"\n{line}\n" in text
    assert "RestartPreventExitStatus=78" in text
    assert "MemoryDenyWriteExecute" not in text and "PrivateDevices" not in text


def test_percent_signs_and_quotes_reach_the_daemon_as_they_are() -> None:
    assert 'ExecStart="/o\\"p/100%%/$$x y"' in Unit(['/o"p/100%/$x y'], []).text()


def test_it_is_written_once_and_says_what_is_next(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install-service"]) == 0
    told = capsys.readouterr().out
    path = unit_path()
    assert path == home / "config" / "systemd" / "user" / "draggand.service"
    assert f"wrote {path}" in told and "systemctl --user enable draggand.service" in told
    assert "loginctl enable-linger" in told
    unit = path.read_text()
    assert f"ExecStart={daemon_command()[0]}" in unit
    for folder in (home / "config" / "draggand", home / "state" / "draggand" / "journal"):
        assert f"-{folder}" in unit and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert main(["install-service"]) == 0
    assert "is up to date" in capsys.readouterr().out


def test_the_settings_decide_what_may_be_written(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGGAND_LOG_FILE", "/var/log/dragging/draggand.log")
    monkeypatch.setenv("DRAGGAND_JOURNAL_FOLDER", "/srv/dragging/journal")
    settings = home / "own.toml"
    settings.write_text("")
    if sys.version_info < (3, 11):
        pytest.skip("settings files need Python 3.11")
    assert main(["install-service", "--print", "--config", str(settings)]) == 0
    unit = capsys.readouterr().out
    assert "-/var/log/dragging" in unit and "-/srv/dragging" in unit
    assert f"--config {settings}" in unit and not unit_path().exists()


def test_a_socket_among_temporary_files_stays_visible(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGGAND_ENDPOINT", "ipc:///tmp/dragging/d.sock")
    assert main(["install-service", "--print"]) == 0
    unit = capsys.readouterr().out
    assert "PrivateTmp=no" in unit and "-/tmp/dragging" in unit


def test_now_starts_it_and_lets_it_linger(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = programs(home, monkeypatch)
    assert main(["install-service", "--now"]) == 0
    assert asked.read_text().splitlines()[1:] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable draggand.service",
        "systemctl --user restart draggand.service",
        "loginctl enable-linger",
    ]
    assert "draggand status" in capsys.readouterr().out


def test_a_daemon_that_runs_already_gives_way_to_the_service(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = home / "run" / "draggand" / "draggand.sock"
    waiting = (
        "import sys, time; from pathlib import Path; from draggan_daemon.local_socket import "
        f"claimed\nplace = Path({str(place)!r})\n"
        "with claimed(place): place.touch(); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"up\n"
        programs(home, monkeypatch, systemctl='case "$*" in *is-active*) exit 3;; esac')
        assert main(["install-service", "--now"]) == 0
        assert other.wait(10) == -15
    assert f"(process {other.pid})" in capsys.readouterr().out


def test_a_start_that_fails_says_where_the_reason_stands(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = 'case "$*" in *restart*) echo "Job failed." >&2; exit 1;; esac'
    asked = programs(home, monkeypatch, systemctl=fails)
    assert main(["install-service", "--now"]) == 69
    told = capsys.readouterr().out
    assert "Job failed." in told and "journalctl --user --unit draggand.service" in told
    assert "loginctl" not in asked.read_text()


def test_without_lingering_it_runs_all_the_same(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(home, monkeypatch, loginctl="echo 'Access denied' >&2; exit 1")
    assert main(["install-service", "--now"]) == 0
    told = capsys.readouterr().out
    assert "Access denied" in told and "while you are logged in" in told


def test_without_a_systemd_of_ones_own_the_way_is_said(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(home, monkeypatch, systemctl="exit 1")
    assert main(["install-service", "--now"]) == 78
    told = capsys.readouterr()
    assert "takes orders" in told.err and "draggand serve" in told.err
    assert unit_path().exists()


def test_it_is_removed_again(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = programs(home, monkeypatch)
    assert main(["install-service", "--remove"]) == 78
    assert main(["install-service"]) == 0 and main(["install-service", "--remove"]) == 0
    assert not unit_path().exists()
    assert "systemctl --user disable --now draggand.service" in asked.read_text()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_unit(Unit(["x"], []), tmp_path / "file" / "draggand.service")
