"""How the value of a setting is written, read and shown; imports the wire's errors only.

Every value may come as TOML's own type or, from flags and the environment, as text.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from draggan_wire.errors import WireError

DEFAULT_PORT = 7417
_TIMES = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class ConfigError(WireError):
    """A setting that cannot be used."""

    code = "configuration"


@dataclass(frozen=True)
class Kind:
    """One way to write a value.

    `read(key, value, where)` raises ConfigError; `show(value)` is TOML that reads back the same.
    """

    read: Callable[[str, object, str], Any]
    show: Callable[[Any], str]


def _refuse(key: str, value: object, where: str, what: str, hint: str = "") -> ConfigError:
    return ConfigError(f"'{key}' {where} is {str(value)[:80]!r}, {what}.", hint=hint)


def _read_text(key: str, value: object, where: str) -> str:
    if isinstance(value, str) and value.isprintable() and len(value) <= 1000:
        return value.strip()
    raise _refuse(key, value, where, "which is no text of one line")


def _read_whole(key: str, value: object, where: str) -> int:
    if not isinstance(value, bool) and re.fullmatch(r"\d{1,12}", str(value)):
        return int(str(value))
    raise _refuse(key, value, where, "and must be a whole number")


def _read_flag(key: str, value: object, where: str) -> bool:
    words = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
    if (found := words.get(str(value).lower())) is not None:
        return found
    raise _refuse(key, value, where, "and must be true or false")


def _scaled(value: object, pattern: str, units: dict[str, int]) -> float | None:
    match = re.fullmatch(pattern, str(value).strip(), re.IGNORECASE)
    if isinstance(value, bool) or match is None:
        return None
    scale = units.get(match[2].lower(), units.get(match[2].upper()))
    return None if scale is None else float(match[1]) * scale


def _read_seconds(key: str, value: object, where: str) -> float:
    """Any length of time from 0 on."""
    seconds = _scaled(value, r"(\d{1,9}(?:\.\d{1,6})?)\s*([smhd]?)", _TIMES)
    if seconds is None:
        raise _refuse(
            key,
            value,
            where,
            "which is no length of time",
            "Write a number with s, m, h or d: 90s, 15m, 2h, 7d.",
        )
    return seconds


def _read_duration(key: str, value: object, where: str) -> float:
    if (seconds := _read_seconds(key, value, where)) > 0:
        return seconds
    raise _refuse(
        key, value, where, "which is no length of time", "Write more than nothing: 90s, 15m, 2h."
    )


def _read_duration_or_never(key: str, value: object, where: str) -> float | None:
    return None if value in ("", "never") else float(_read_duration(key, value, where))


def _read_size(key: str, value: object, where: str) -> int:
    size = _scaled(value, r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(?:i?B)?", _SIZES)
    if size is None:
        raise _refuse(
            key, value, where, "which is no size", "Write bytes, or a number with K, M or G: 2G."
        )
    return int(size)


def _read_devices(key: str, value: object, where: str) -> tuple[str, ...]:
    names = value if isinstance(value, list) else str(value).split(",")
    devices = tuple(str(name).strip() for name in names)
    fit = all(re.fullmatch(r"auto|cpu|cuda(:\d{1,2})?", name) for name in devices)
    # Beside "auto" or "cuda" another device would be taken twice.
    vague = {"auto", "cuda"}.intersection(devices)
    if devices and fit and len(set(devices)) == len(devices) and (len(devices) == 1 or not vague):
        return devices
    raise _refuse(
        key, value, where, "which is no device", "Use auto, cpu, cuda, cuda:N, or several cuda:N."
    )


def _read_port(key: str, value: object, where: str) -> int:
    text = str(value)
    if not isinstance(value, bool) and re.fullmatch(r"-1|\d{1,5}", text) and int(text) < 65536:
        return int(text)
    raise _refuse(
        key, value, where, "which is no port", "Use 1 to 65535, 0 for none, or -1 for any free one."
    )


def _read_address(key: str, value: object, where: str) -> str:
    """`host:port` with an IPv6 address in brackets; without a port the daemon's own is meant."""
    text = _read_text(key, value, where)
    if not text:
        return ""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}|\*)(?::(\d{1,5}))?", text)
    port = int(match[2] or DEFAULT_PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise _refuse(
            key,
            value,
            where,
            "which is no address to listen at",
            f"Write 0.0.0.0:{DEFAULT_PORT}, [::]:{DEFAULT_PORT}, or a host and a port.",
        )
    return f"{match[1]}:{port}"


def _read_host(key: str, value: object, where: str) -> str:
    """A computer's name or address as others write it, or ""."""
    text = _read_text(key, value, where)
    if not text or re.fullmatch(r"\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}", text):
        return text
    raise _refuse(
        key, value, where, "which is no name of a computer", "Write it as in box.example."
    )


def _read_path(key: str, value: object, where: str) -> str:
    """An absolute path, or "" for the usual place."""
    path = os.path.expanduser(_read_text(key, value, where))
    if not path or os.path.isabs(path):
        return path
    raise _refuse(key, value, where, "which is no absolute path", "Start it with / or ~.")


def _show_seconds(value: float | None) -> str:
    if value is None:
        return '"never"'
    for unit, scale in (("d", 86400), ("h", 3600), ("m", 60)):
        if value >= scale and value % scale == 0 and not (unit == "d" and value == scale):
            return f'"{value // scale:g}{unit}"'
    return f'"{value:g}s"'


def _show_size(value: int) -> str:
    for unit in "TGMK":
        if value and value % _SIZES[unit] == 0:
            return f'"{value // _SIZES[unit]}{unit}"'
    return str(value)


def _show_devices(value: tuple[str, ...]) -> str:
    return _show(value[0] if len(value) == 1 else list(value))


def _show(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def one_of(*words: str) -> Kind:
    """A choice between a few words."""

    def read(key: str, value: object, where: str) -> str:
        if value in words:
            return str(value)
        choices = ", ".join(words[:-1]) + f" or {words[-1]}"
        raise _refuse(key, value, where, f"and must be {choices}")

    return Kind(read, _show)


def at_least(least: int) -> Kind:
    """A whole number with a lower bound."""

    def read(key: str, value: object, where: str) -> int:
        if (number := _read_whole(key, value, where)) >= least:
            return number
        raise _refuse(key, value, where, f"and must be at least {least}")

    return Kind(read, _show)


def limit(check: Callable[[Any, str], Any], default: int, *, size: bool = False) -> Kind:
    """A limit that clients are told: `check` is the protocol's own; `size` for bytes."""
    kind = SIZE if size else WHOLE

    def read(key: str, value: object, where: str) -> int:
        number = kind.read(key, value, where)
        try:
            return int(check(number, key))
        except WireError:
            raise ConfigError(
                f"'{key}' {where} is {value}, which the protocol does not allow.",
                hint=f"The default is {kind.show(default)}; limits can be lowered.",
            ) from None

    return Kind(read, kind.show)


TEXT = Kind(_read_text, _show)
WHOLE = Kind(_read_whole, _show)
FLAG = Kind(_read_flag, _show)
SECONDS = Kind(_read_seconds, _show_seconds)
DURATION = Kind(_read_duration, _show_seconds)
DURATION_OR_NEVER = Kind(_read_duration_or_never, _show_seconds)
SIZE = Kind(_read_size, _show_size)
DEVICES = Kind(_read_devices, _show_devices)
PORT = Kind(_read_port, _show)
ADDRESS = Kind(_read_address, _show)
HOST = Kind(_read_host, _show)
PATH = Kind(_read_path, _show)
