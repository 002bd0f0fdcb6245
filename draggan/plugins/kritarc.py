"""Krita's settings file: reads one entry, sets one entry, keeps every other byte; stdlib only.

It is KConfig's format: `[group]` lines, `key=value` lines; what stands before the first group
belongs to no group.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

from draggan.errors import CannotWrite
from draggan.writing import replacing

_GROUP = b"[python]"
_BY_HAND = (
    "The plugin is in its place; switch it on yourself in Krita: "
    "Settings > Configure Krita > Python Plugin Manager."
)
_LONGEST = 16 * 1024 * 1024  # bytes; real ones have some 50 KB


def resource_folder(config: Path) -> Path | None:
    """The resource folder that the user has chosen in Krita's settings, if any and if absolute."""
    try:
        text = _read(config)
    except OSError:
        return None
    ungrouped = re.split(rb"^\[", text, maxsplit=1, flags=re.MULTILINE)[0]
    values = re.findall(rb"^ResourceDirectory[ \t]*=[ \t]*(.*?)[ \t\r]*$", ungrouped, re.MULTILINE)
    if not values:
        return None
    chosen = Path(_unescaped(values[-1].decode("utf-8", errors="surrogateescape")))
    return chosen if chosen.is_absolute() else None


def enable_plugin(config: Path, module: str) -> bool:
    """Switches a Python plugin on; False if it was on already. Raises CannotWrite.

    A settings file that is a link stays one; a missing file is made.
    """
    config = config.resolve()
    try:
        before = _read(config) if config.exists() else b""
    except OSError as error:
        raise CannotWrite(
            f"Krita's settings in {config} cannot be read: {error.strerror or error}.",
            hint=_BY_HAND,
        ) from error
    after = with_plugin_enabled(before, module)
    if after == before:
        return False
    try:
        _write(config, after)
    except CannotWrite as error:
        raise CannotWrite(error.sentence, hint=_BY_HAND) from error
    return True


def with_plugin_enabled(text: bytes, module: str) -> bytes:
    """The content with `enable_<module>=true` in `[python]`; every other byte stays as it was."""
    key = f"enable_{module}".encode()
    newline = b"\r\n" if b"\r\n" in text else b"\n"
    entry = key + b"=true"
    lines = text.split(b"\n")
    header, present = _places(lines, key)
    for place in present:
        ending = b"\r" if lines[place].endswith(b"\r") else b""
        if lines[place].partition(b"=")[2].strip() != b"true":
            lines[place] = entry + ending
    if present:
        return b"\n".join(lines)
    if header is not None:
        ended = header + 1 < len(lines)  # the header's line has an end, like all but the last
        lines.insert(header + 1, entry + (newline[:-1] if ended else b""))
        if not ended:
            lines[header] += newline[:-1]
            lines.append(b"")
        return b"\n".join(lines)
    gap = b"" if not text else newline if text.endswith(b"\n") else newline * 2
    return text + gap + _GROUP + newline + entry + newline


def _places(lines: list[bytes], key: bytes) -> tuple[int | None, list[int]]:
    """The first `[python]` line, and every line that sets `key` in such a group."""
    header: int | None = None
    present, inside = [], False
    for number, line in enumerate(lines):
        words = line.strip()
        if words.startswith(b"["):
            inside = words == _GROUP
            if inside and header is None:
                header = number
        elif inside and words.partition(b"=")[0].strip() == key:
            present.append(number)
    return header, present


def _read(config: Path) -> bytes:
    with open(config, "rb") as file:
        text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise OSError("it is far too long for a settings file")
    return text


def _write(config: Path, text: bytes) -> None:
    with replacing(config) as file:
        file.write(text)
        if config.exists():
            with contextlib.suppress(OSError):
                shutil.copymode(config, file.name)


def _unescaped(value: str) -> str:
    escapes = {"s": " ", "t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[0]), value)
