"""The daemon's settings: defaults < TOML file < environment < flags; imports the wire only."""

from __future__ import annotations

import difflib
import importlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from draggan_wire.errors import WireError
from draggan_wire.messages import Limits

PREFIX = "DRAGGAND_"
FILE_VARIABLE = "DRAGGAND_CONFIG"
SOCKET_VARIABLE = "DRAGGAND_SOCKET"


class ConfigError(WireError):
    """A setting that cannot be used."""

    code = "configuration"


@dataclass(frozen=True)
class Config:
    """Everything that `draggand serve` can be told. Durations are seconds.

    `limits` are the ones that every client is told; they can be lowered, never raised.
    """

    endpoint: str = ""  # "": the wire's `default_endpoint`
    device: str = "auto"
    threads: int = 0  # 0 leaves the choice to torch
    idle_exit: float | None = None  # end after so long without a client; None: never
    lease: float = 900.0  # how long a session outlives its connection
    limits: Limits = field(default_factory=Limits)


def load_config(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Config:
    """The settings in force. `file` None means the user's own file, if there is one.

    Raises ConfigError for unknown keys, values out of range, and a named file that cannot be read.
    """
    environ = os.environ if environ is None else environ
    named = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    path = named or _default_file(environ)
    config = Config()
    if named or path.exists():
        config = _apply(config, _read_toml(path), where=f"in {path}")
    config = _apply(config, _from_environment(environ), where="in the environment")
    return _apply(config, dict(flags or {}), where="on the command line")


def _default_file(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "draggand" / "config.toml"


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


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """DRAGGAND_DEVICE -> device, DRAGGAND_LIMITS_MAX_HANDLES -> limits.max_handles.

    The socket's variable is the one that clients read as well.
    """
    found: dict[str, object] = {}
    limits: dict[str, object] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in (FILE_VARIABLE, SOCKET_VARIABLE):
            continue
        key = name[len(PREFIX) :].lower()
        if key.startswith("limits_"):
            limits[key[len("limits_") :]] = value
        else:
            found[key] = value
    if environ.get(SOCKET_VARIABLE):
        found["endpoint"] = ""  # `default_endpoint` reads the variable, here as in every client
    return {**found, "limits": limits} if limits else found


def _apply(config: Config, values: Mapping[str, object], *, where: str) -> Config:
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _PARSERS:
            raise _unknown(key, _PARSERS, where)
        if key == "limits":
            changes[key] = _apply_limits(config.limits, value, where=where)
        else:
            changes[key] = _PARSERS[key](key, value, where)
    return replace(config, **changes)


def _apply_limits(limits: Limits, values: object, *, where: str) -> Limits:
    if not isinstance(values, Mapping):
        raise ConfigError(f"[limits] {where} must be a table of numbers.")
    known = {entry.name: entry for entry in fields(Limits)}
    changes: dict[str, int] = {}
    for key, value in values.items():
        if key not in known:
            raise _unknown(key, known, where)
        changes[key] = _limit(key, value, where, known[key].metadata["check"])
    return replace(limits, **changes)


def _limit(key: str, value: object, where: str, check: Callable[[int, str], int]) -> int:
    number = _whole(key, value, where)
    try:
        return check(number, key)
    except WireError:
        raise ConfigError(
            f"'{key}' {where} is {number}, which the protocol does not allow.",
            hint=f"The default is {getattr(Limits(), key)}; limits can be lowered.",
        ) from None


def _unknown(key: str, known: Mapping[str, object], where: str) -> ConfigError:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Known settings: {', '.join(sorted(known))}."
    return ConfigError(f"Unknown setting '{key}' {where}.", hint=hint)


def _endpoint(key: str, value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"'{key}' {where} must be text such as ipc:///run/user/1000/d.sock.")
    return value


def _device(key: str, value: object, where: str) -> str:
    if isinstance(value, str) and re.fullmatch(r"auto|cpu|cuda(:\d{1,2})?", value):
        return value
    raise ConfigError(
        f"'{key}' {where} is {value!r}, which is no device.",
        hint="Use auto, cpu, cuda or cuda:N.",
    )


def _whole(key: str, value: object, where: str) -> int:
    text = str(value)
    if not isinstance(value, bool) and re.fullmatch(r"\d{1,12}", text):
        return int(text)
    raise ConfigError(f"'{key}' {where} is {value!r}; it must be a whole number.")


def _duration(key: str, value: object, where: str) -> float:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*([smh]?)", str(value).strip())
    seconds = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0
    if seconds <= 0:
        raise ConfigError(
            f"'{key}' {where} is {value!r}, which is no length of time.",
            hint="Write a number with s, m or h: 90s, 15m, 2h.",
        )
    return seconds


_Parser = Callable[[str, object, str], object]
_PARSERS: dict[str, _Parser] = {
    "endpoint": _endpoint,
    "device": _device,
    "threads": _whole,
    "idle_exit": _duration,
    "lease": _duration,
    "limits": lambda key, value, where: value,
}
