"""The daemon's settings: defaults < TOML file < environment < flags; imports the wire only."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from draggan_wire.messages import Limits

from .config_values import (
    ADDRESS,
    DEVICES,
    DURATION,
    DURATION_OR_NEVER,
    FLAG,
    HOST,
    PATH,
    PORT,
    SECONDS,
    SIZE,
    TEXT,
    WHOLE,
    ConfigError,
    Kind,
    at_least,
    limit,
    one_of,
)

PREFIX = "DRAGGAND_"
FILE_VARIABLE = "DRAGGAND_CONFIG"
SOCKET_VARIABLE = "DRAGGAND_SOCKET"
# Beside the bounds, what a running daemon can change: sizes are built into its sockets.
LIVE = frozenset(
    {
        "idle_exit",
        "lease",
        "limits.max_handles",
        "limits.max_pixels",
        "limits.max_sessions",
        "log.level",
        "worker.park_after",
    }
)


def _set(default: Any, kind: Kind, about: str) -> Any:
    return field(default=default, metadata={"kind": kind, "about": about})


@dataclass(frozen=True)
class Remote:
    """Other computers, which come encrypted and with a key that is authorised."""

    listen: str = _set("", ADDRESS, "host:port for other computers; empty: none")
    name: str = _set("", HOST, "this computer's name in invitations; empty: its host name")


@dataclass(frozen=True)
class Loopback:
    """TCP within this computer, for programs without Unix sockets."""

    port: int = _set(0, PORT, "0: off, -1: any free port")


@dataclass(frozen=True)
class JournalSettings:
    """What survives the end of a process."""

    enabled: bool = _set(True, FLAG, "keep every step, so that nothing ends a session")
    folder: str = _set("", PATH, "empty: below $XDG_STATE_HOME/draggand/journal")
    max_bytes: int = _set(2 << 30, SIZE, "the oldest sessions without a client go first")
    keep: float = _set(86400.0, DURATION, "how long a session without a client stays on disk")


@dataclass(frozen=True)
class InversionSettings:
    """What was found of pictures, kept in the user's cache, so that one opens faster again."""

    max_bytes: int = _set(256 << 20, SIZE, "the least recently used go first; 0: none is kept")


@dataclass(frozen=True)
class WorkerSettings:
    """Who computes, and when what is idle gives its memory back."""

    isolation: str = _set("process", one_of("process", "thread"), "where the computing is done")
    hang_after: float = _set(30.0, DURATION, "a worker silent for so long is replaced")
    longest_turn: float = _set(600.0, DURATION, "a worker in one step for so long is replaced")
    park_after: float = _set(600.0, DURATION, "idle sessions leave memory, and come back by use")
    unload_after: float = _set(1800.0, DURATION, "models without a session leave memory")
    end_after: float = _set(3600.0, DURATION, "a worker without a session ends its process")


@dataclass(frozen=True)
class Bounds:
    """The daemon's own limits, which clients meet only as errors. 0 means no limit."""

    max_sessions_per_user: int = _set(4, WHOLE, "sessions of one user; 0: no limit of their own")
    max_connections: int = _set(256, at_least(1), "connections at a time")
    bytes_per_second: int = _set(64 << 20, SIZE, "what one user may send; 0: no limit")
    compute_seconds_per_hour: float = _set(0.0, SECONDS, "of computing for one user; 0: no limit")


@dataclass(frozen=True)
class LogSettings:
    """What the daemon writes about its work: never pictures, latents, keys or tokens."""

    level: str = _set("info", one_of("debug", "info", "warning", "error"), "the least that is told")
    format: str = _set("text", one_of("text", "json"), "json: one object in each line")
    file: str = _set("", PATH, "empty: standard error; else 5 files of 10 MB")


@dataclass(frozen=True)
class Config:
    """Everything that `draggand serve` can be told. Durations are seconds, sizes are bytes.

    `limits` are the ones that every client is told; they can be lowered, never raised. `bounds`
    stand beside them in the file's table [limits].
    """

    endpoint: str = _set("", TEXT, "the local socket; empty: the user's own")
    device: tuple[str, ...] = _set(("auto",), DEVICES, "auto, cpu, cuda, or a list of cuda:N")
    threads: int = _set(0, WHOLE, "CPU threads; 0: torch's choice")
    idle_exit: float | None = _set(None, DURATION_OR_NEVER, "end after so long without work")
    lease: float = _set(900.0, DURATION, "how long a session without a client stays in memory")
    remote: Remote = field(default_factory=Remote)
    loopback: Loopback = field(default_factory=Loopback)
    journal: JournalSettings = field(default_factory=JournalSettings)
    inversions: InversionSettings = field(default_factory=InversionSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    log: LogSettings = field(default_factory=LogSettings)


@dataclass(frozen=True)
class Setting:
    """One setting's place: the field `name` of Config's `part` ("" is Config itself)."""

    part: str
    name: str
    kind: Kind
    about: str

    def value(self, config: Config) -> Any:
        return getattr(getattr(config, self.part) if self.part else config, self.name)


@dataclass(frozen=True)
class Loaded:
    """The settings in force, and where each that is not the default comes from."""

    config: Config
    origins: Mapping[str, str]
    file: Path | None = None  # the file that was read


def load_config(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Config:
    """The settings in force. `file` None means the user's own file, if there is one.

    Raises ConfigError for unknown keys, values out of range, and a named file that cannot be read.
    """
    return load(file=file, environ=environ, flags=flags).config


def load(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Loaded:
    """As `load_config`, with the origin of every setting."""
    environ = os.environ if environ is None else environ
    named = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    path = named or default_file(environ)
    loaded = Loaded(Config(), {})
    if named or path.exists():
        loaded = replace(_apply(loaded, _flat(_read_toml(path), path), f"in {path}"), file=path)
    loaded = _apply(loaded, _from_environment(environ), "in the environment")
    return _apply(loaded, flags or {}, "on the command line")


def settings() -> dict[str, Setting]:
    """All settings by their name: `threads`, `journal.keep`."""
    found: dict[str, Setting] = {}
    for part in ("", *(entry.name for entry in fields(Config) if "kind" not in entry.metadata)):
        table = {"": "", "bounds": "limits."}.get(part, f"{part}.")
        for entry in fields(getattr(Config(), part) if part else Config):
            if part == "limits":
                found[table + entry.name] = _protocol_limit(entry)
            elif "kind" in entry.metadata:
                kind, about = entry.metadata["kind"], entry.metadata["about"]
                found[table + entry.name] = Setting(part, entry.name, kind, about)
    return found


def _protocol_limit(entry: Any) -> Setting:
    size = entry.name == "max_bytes"
    kind = limit(entry.metadata["check"], entry.default, size=size)
    about = {
        "max_pixels": "of a picture",
        "max_bytes": "of a picture or of saved data",
        "max_handles": "of one drag",
        "max_sessions": "of the daemon",
    }
    return Setting("limits", entry.name, kind, about.get(entry.name, ""))


def default_file(environ: Mapping[str, str]) -> Path:
    """Where the user's own settings are read from."""
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "draggand" / "config.toml"


def reloaded(running: Config, fresh: Config) -> tuple[Config, tuple[str, ...]]:
    """What a running daemon takes from `fresh`, and the names of what has to wait for a new one."""
    changes: dict[str, dict[str, Any]] = {}
    waiting = []
    for name, setting in settings().items():
        value = setting.value(fresh)
        if value == setting.value(running):
            continue
        if name in LIVE or setting.part == "bounds":
            changes.setdefault(setting.part, {})[setting.name] = value
        else:
            waiting.append(name)
    return _changed(running, changes), tuple(waiting)


def _changed(config: Config, changes: Mapping[str, Mapping[str, Any]]) -> Config:
    """The same settings but for `changes`: values by field, by part ("" is Config itself)."""
    parts = {p: replace(getattr(config, p), **new) for p, new in changes.items() if p}
    return replace(config, **changes.get("", {}), **parts)


def journal_folder(config: Config, socket: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the daemon at `socket` keeps its journal: one folder for each daemon."""
    if config.journal.folder:
        return Path(config.journal.folder)
    base = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    name = hashlib.blake2b(os.fsencode(socket), digest_size=6).hexdigest()
    return Path(base) / "draggand" / "journal" / name


def _read_toml(path: Path) -> dict[str, object]:
    try:
        tomllib = importlib.import_module("tomllib")
    except ImportError:
        raise ConfigError(
            f"The settings file {path} needs Python 3.11 or newer to be read.",
            hint="Use DRAGGAND_* environment variables or flags, or run a newer Python.",
        ) from None
    try:
        table: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The settings file {path} cannot be read: {error.strerror}.",
            hint=f"Check the path in --config or {FILE_VARIABLE}.",
        ) from None
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise ConfigError(f"The settings file {path} is not valid TOML: {error}.") from None
    return table


def _flat(table: Mapping[str, object], path: Path) -> dict[str, object]:
    """{"journal": {"keep": "1h"}} -> {"journal.keep": "1h"}"""
    found: dict[str, object] = {}
    for key, value in table.items():
        if key in _tables():
            if not isinstance(value, Mapping):
                raise ConfigError(f"'{key}' in {path} must be a table.", hint=f"Write [{key}].")
            found.update((f"{key}.{name}", inner) for name, inner in value.items())
        elif isinstance(value, Mapping):
            near = difflib.get_close_matches(key, _tables(), n=1)
            hint = f"Did you mean [{near[0]}]?" if near else f"Tables: {', '.join(_tables())}."
            raise ConfigError(f"Unknown table [{key}] in {path}.", hint=hint)
        else:
            found[key] = value
    return found


def _tables() -> tuple[str, ...]:
    return tuple(dict.fromkeys(key.split(".")[0] for key in settings() if "." in key))


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """DRAGGAND_DEVICE -> device, DRAGGAND_LIMITS_MAX_HANDLES -> limits.max_handles.

    The socket's variable is the one that clients read as well.
    """
    found: dict[str, object] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in (FILE_VARIABLE, SOCKET_VARIABLE):
            continue
        key = name[len(PREFIX) :].lower()
        table, _, rest = key.partition("_")
        found[f"{table}.{rest}" if table in _tables() else key] = value
    if environ.get(SOCKET_VARIABLE):
        found["endpoint"] = ""  # `default_endpoint` reads the variable, here as in every client
    return found


def _apply(loaded: Loaded, values: Mapping[str, object], where: str) -> Loaded:
    known = settings()
    changes: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        if key not in known:
            raise _unknown(key, known, where)
        setting = known[key]
        part = changes.setdefault(setting.part, {})
        part[setting.name] = setting.kind.read(key, value, where)
    config = _changed(loaded.config, changes)
    origins = {**loaded.origins, **dict.fromkeys(values, where)}
    return replace(loaded, config=config, origins=origins)


def _unknown(key: str, known: Mapping[str, Setting], where: str) -> ConfigError:
    elsewhere = [name for name in known if name.rpartition(".")[2] == key]
    near = elsewhere or difflib.get_close_matches(key, known, n=1)
    table = key.rpartition(".")[0]
    beside = [name for name in known if name.rpartition(".")[0] == table]
    hint = f"Did you mean '{near[0]}'?" if near else f"Known settings: {', '.join(beside)}."
    return ConfigError(f"Unknown setting '{key}' {where}.", hint=hint)
