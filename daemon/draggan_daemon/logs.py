"""Where and how the daemon writes about its work: text, JSON lines, systemd's journal, a file.

Never what belongs to users: no pictures, latents, keys or tokens. Whatever looks like a secret is
taken out of each line, also where a message of a library or a client brought it in. A line about a
session or a request names it: `about(session=..., request=...)` around the work, or the same names
in `extra`. Standard library only.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from .config import LogSettings
from .config_values import ConfigError

FILES, FILE_BYTES = 5, 10_000_000
LONGEST = 4000  # letters of one line
# A server key's fingerprint is public: ssh's form, 43 letters after "SHA256:".
# Names in tracebacks may be as long as a key, but a key has capital letters.
_SECRET = re.compile(
    r"(?<!SHA256:)\b(?:[0-9a-fA-F]{32,}|(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{43,})(?![A-Za-z0-9_-])"
)
_SESSION = re.compile(r"session ([0-9a-f]{16}):")  # how lines about a session begin
_PRIORITIES = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}
_session: ContextVar[str | None] = ContextVar("session", default=None)
_request: ContextVar[int | None] = ContextVar("request", default=None)


def begin_log(
    settings: LogSettings,
    *,
    verbose: bool = False,
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Starts the log of this process; raises ConfigError for a file that cannot be written."""
    stream = sys.stderr if stream is None else stream
    environ = os.environ if environ is None else environ
    handler = _file(settings.file) if settings.file else logging.StreamHandler(stream)
    handler.setFormatter(_formatter(settings, stream, environ))
    handler.addFilter(_named)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    set_level(settings, verbose=verbose)


def set_level(settings: LogSettings, *, verbose: bool = False) -> None:
    """From now on; also while the daemon runs."""
    logging.getLogger().setLevel("DEBUG" if verbose else settings.level.upper())


@contextmanager
def about(*, session: str | None = None, request: int | None = None) -> Iterator[None]:
    """Names the session and the request in each line that is written inside."""
    before = _session.set(session), _request.set(request)
    try:
        yield
    finally:
        _session.reset(before[0])
        _request.reset(before[1])


def _named(record: logging.LogRecord) -> bool:
    for name, inherited in (("session", _session), ("request", _request)):
        if getattr(record, name, None) is None:
            setattr(record, name, inherited.get())
    return True


def _file(name: str) -> logging.Handler:
    """A file of its owner alone; its folder is made if need be."""
    path = Path(name)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _PrivateFile(path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The log file {path} cannot be written: {error.strerror}.",
            hint="Name another one as log.file, or none to write to standard error.",
        ) from None


class _PrivateFile(RotatingFileHandler):
    """Each file that it begins can be read by its owner alone."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.fdopen(os.open(self.baseFilename, flags, 0o600), "a", encoding=self.encoding)


def _formatter(
    settings: LogSettings, stream: TextIO, environ: Mapping[str, str]
) -> logging.Formatter:
    if settings.format == "json":
        return JsonLines()
    return TextLines(priorities=not settings.file and is_journal(stream, environ))


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether systemd reads `stream`: it names the device and inode that it opened for us."""
    named = environ.get("JOURNAL_STREAM", "")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return named == f"{found.st_dev}:{found.st_ino}"


class TextLines(logging.Formatter):
    """One line for a person. With `priorities` systemd's journal keeps time and level itself."""

    def __init__(self, *, priorities: bool) -> None:
        super().__init__()
        self._priorities = priorities

    def format(self, record: logging.LogRecord) -> str:
        told = record.getMessage()
        names = [
            f"{name} {value}"
            for name in ("session", "request")
            if (value := getattr(record, name, None)) is not None and f"{name} {value}" not in told
        ]
        told = clean(f"{told} ({', '.join(names)})" if names else told)
        lines = [told, *_traceback(self, record)]
        if self._priorities:
            priority = _PRIORITIES.get(record.levelname, 6)
            return "\n".join(f"<{priority}>{record.name}: {line}" for line in lines)
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        start = f"{moment} {record.levelname:<7} {record.name}"
        return f"{start}: " + "\n    ".join(lines)


class JsonLines(logging.Formatter):
    """One object in each line: time (UTC), level, logger, message, session, request, error."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        told = clean(record.getMessage())
        row: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": told,
        }
        if (named := _SESSION.match(told)) is not None:
            row["session"] = named[1]
        for name in ("session", "request"):
            if (value := getattr(record, name, None)) is not None:
                row[name] = value
        if lines := _traceback(self, record):
            row["error"] = "\n".join(lines)
        return json.dumps(row, ensure_ascii=False)


def clean(text: str) -> str:
    """One printable line of bounded length without anything that looks like a secret."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
    return _SECRET.sub("[secret]", plain)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    if not record.exc_info:
        return []
    text = formatter.formatException(record.exc_info)
    return [clean(line) for line in text.splitlines()]
