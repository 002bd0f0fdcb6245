"""Every error that can travel or that the client raises on purpose; standard library only.

WireError
├── NoDaemon          nobody answers at the address
├── ConnectionLost    somebody answered and is gone
├── AccessRefused     wrong password, wrong mechanism, or a socket that is not safely ours
├── WrongProtocol     the two sides speak different major versions
├── BadMessage        a message that breaks the protocol's rules
│   └── Unsupported   an operation that the other side does not know
├── LimitExceeded     more pixels, handles, sessions or bytes than agreed
├── BadInput          handles, selection or settings that cannot be used
├── Busy              the session is at work on something else
├── UnknownSession    a session that does not exist (any more)
└── EngineFailed      any other code of the daemon's, passed through as it came
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional


class WireError(Exception):
    """One sentence in the user's words, and a hint that says what to do about it.

    `code` is for programs; `request` is the number of the message that caused it, where known.
    `retry_after` is how many seconds to leave before trying again, where that matters. `told`: it
    came from the other side, so somebody is there.
    """

    code = "error"
    retry_after: Optional[float] = None
    told = False

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.request: Optional[int] = None

    def to_header(self) -> Dict[str, str]:
        """The three fields as they travel."""
        return {"code": self.code, "sentence": self.sentence, "hint": self.hint}


class NoDaemon(WireError):
    code = "no_daemon"


class ConnectionLost(WireError):
    code = "connection_lost"


class AccessRefused(WireError):
    code = "access_refused"


class WrongProtocol(WireError):
    code = "wrong_protocol"


class BadMessage(WireError):
    code = "bad_message"


class Unsupported(BadMessage):
    code = "unsupported"


class LimitExceeded(WireError):
    code = "limit_exceeded"


class BadInput(WireError):
    code = "bad_input"


class Busy(WireError):
    code = "busy"


class UnknownSession(WireError):
    code = "unknown_session"


class EngineFailed(WireError):
    """The daemon's own refusal or failure; `code` is the daemon's ("bad_picture", ...)."""

    code = "engine_failed"

    def __init__(self, sentence: str, *, hint: str = "", code: str = "engine_failed") -> None:
        super().__init__(sentence, hint=hint)
        self.code = code


_KINDS = (
    NoDaemon,
    ConnectionLost,
    AccessRefused,
    WrongProtocol,
    BadMessage,
    Unsupported,
    LimitExceeded,
    BadInput,
    Busy,
    UnknownSession,
)


def from_header(header: Mapping[str, Any]) -> WireError:
    """The error that `to_header` wrote; codes that this version does not know stay readable."""
    error = _of_code(
        str(header.get("code", "")), str(header.get("sentence", "")), str(header.get("hint", ""))
    )
    error.told = True
    return error


def _of_code(code: str, sentence: str, hint: str) -> WireError:
    for kind in _KINDS:
        if kind.code == code:
            return kind(sentence, hint=hint)
    return EngineFailed(sentence, hint=hint, code=code or EngineFailed.code)
