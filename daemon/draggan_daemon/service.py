"""The systemd user unit of the daemon: its text, its place, and who starts it; no torch.

Hardened as far as CUDA and torch let it: both need memory that is written and then run, and the
GPU's device files, so `MemoryDenyWriteExecute` and `PrivateDevices` stay out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .config_values import ConfigError
from .exit_codes import CONFIGURATION

UNIT_NAME = "draggand.service"
PATIENCE = 60.0  # seconds for systemctl: it waits for the daemon to be ready


@dataclass(frozen=True)
class Unit:
    """What differs between installations.

    `writable` are the folders that the daemon writes; all else of the system and of the home
    folder can only be read. `private_temporary` hides /tmp, which a socket in there forbids.
    """

    command: Sequence[str]
    writable: Sequence[Path]
    private_temporary: bool = True

    def text(self) -> str:
        """The unit file. Its comments are for the administrator who reads it."""
        return _UNIT.format(
            command=" ".join(map(_quoted, self.command)),
            writable=" ".join(_quoted(f"-{folder}") for folder in self.writable),
            private=("no", "yes")[self.private_temporary],
            configuration=CONFIGURATION,
        )


_UNIT = """\
[Unit]
Description=DragGAN daemon
StartLimitIntervalSec=60
StartLimitBurst=10

[Service]
# Ready means that all sockets are bound; a loop that hangs is ended and started anew.
Type=notify
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=20
Restart=on-failure
RestartSec=1
# A setting, a key or a permission is wrong: starting again does not help.
RestartPreventExitStatus={configuration}
# SIGTERM goes to the daemon alone, which lets its workers finish their step.
KillMode=mixed
TimeoutStopSec=30
# A worker that the kernel ends for want of memory is replaced by the daemon itself.
OOMPolicy=continue
RuntimeDirectory=draggand
RuntimeDirectoryMode=0700
# Another daemon may serve in that folder after this one.
RuntimeDirectoryPreserve=yes
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=%t {writable}
PrivateTmp={private}
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""


def _quoted(word: str) -> str:
    """A word of a unit file: specifiers and variables are doubled, quotes are escaped."""
    escaped = str(word).replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("%", "%%").replace("$", "$$")
    if any(letter.isspace() or letter in "\"'\\;" for letter in word):
        return f'"{escaped}"'
    return escaped


def daemon_command() -> list[str]:
    """How this very installation is run: its `draggand`, or Python's module."""
    beside = Path(sys.executable).parent / "draggand"
    if os.access(beside, os.X_OK):
        return [str(beside), "serve"]
    return [sys.executable, "-m", "draggan_daemon", "serve"]


def unit_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where systemd looks for units that a user has written."""
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "systemd" / "user" / UNIT_NAME


def write_unit(unit: Unit, path: Path) -> bool:
    """Writes the unit and makes the folders; False where the file is the same already.

    Raises ConfigError where that cannot be done.
    """
    text = unit.text()
    try:
        for folder in unit.writable:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_text() == text:
            return False
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        fresh.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The service cannot be written to {path}: {getattr(error, 'strerror', error)}.",
            hint="`draggand install-service --print` shows it, to put it elsewhere.",
        ) from None
    return True


def systemd_answers() -> bool:
    """Whether this user has a systemd of their own that takes orders."""
    return run_quietly("systemctl", "--user", "show", "--property=Version") is None


def run_quietly(*command: str) -> str | None:
    """None if it worked, else its last word about what went wrong."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    words = (done.stderr or done.stdout).strip().splitlines()
    return words[-1] if words else f"{command[0]} ended with code {done.returncode}"
