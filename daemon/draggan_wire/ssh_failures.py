"""Why an ssh connection ended, in words: from ssh's exit status and what it said; stdlib.

ssh ends with 255 when it failed itself and with the far command's status otherwise.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import List, NamedTuple, Optional, Tuple, Type

from .errors import AccessRefused, ConnectionLost, EngineFailed, NoDaemon, WireError, WrongProtocol
from .ssh_address import SshHost

SSH_FAILED = 255
NOT_FOUND, NOT_EXECUTABLE = 127, 126
USAGE, UNAVAILABLE, CONFIGURATION = 2, 69, 78  # the far draggand's own exit codes
LONGEST_LINE = 300


class LoginRefused(AccessRefused):
    """The far machine does not let this user in."""

    retry_after = 150.0  # five failures in ten minutes get an address banned on many machines


class NotTrusted(AccessRefused):
    """The far machine is not known here, or ssh's settings are such that it does not even ask."""

    retry_after = 15.0


class NotInstalled(NoDaemon):
    """ssh works, but no draggand answers at the far end."""

    retry_after = 15.0


class TooOld(WrongProtocol):
    """The far draggand knows nothing of streams yet."""

    retry_after = 15.0


class _Known(NamedTuple):
    pattern: str
    kind: Type[WireError]
    sentence: str
    hint: str


_NETWORK = "Check the address, the network, and whether the machine is on."
_KNOWN = (
    _Known(
        r"remote host identification has changed",
        NotTrusted,
        "{host} shows another key than the one that this computer knows.",
        "If the machine was set up anew, forget its old key (`ssh-keygen -R`), then check the new "
        "one with `{by_hand}`. Otherwise somebody may stand in between.",
    ),
    _Known(
        r"host key verification failed|host key is known for",
        NotTrusted,
        "This computer does not know {host} yet.",
        "Connect once by hand with `{by_hand}` and confirm the machine's key.",
    ),
    _Known(
        r"permission denied \(|too many authentication failures|no more authentication methods",
        LoginRefused,
        "{host} does not let this user in.",
        "`{by_hand}` must work without a question: put your key's public half there with "
        "`ssh-copy-id`, and load a key that has a passphrase with `ssh-add`.",
    ),
    _Known(
        r"could not resolve hostname",
        NoDaemon,
        "No machine of the name {host} is known here.",
        "Check the name; ssh's own short names (~/.ssh/config) can be used too.",
    ),
    _Known(
        r"connection refused",
        NoDaemon,
        "No ssh server listens on {host}.",
        "Check the port, and that sshd runs there.",
    ),
    _Known(r"timed out", NoDaemon, "{host} does not answer.", _NETWORK),
    _Known(
        r"no route to host|network is (unreachable|down)|can't assign requested address",
        NoDaemon,
        "{host} cannot be reached.",
        _NETWORK,
    ),
    _Known(
        r"bad configuration option|bad owner or permissions|terminating, \d+ bad config",
        NotTrusted,
        "ssh's own settings on this computer cannot be used.",
        "Correct ~/.ssh/config until `{by_hand}` works.",
    ),
)


def explain(host: SshHost, status: Optional[int], said: str, *, stood: bool) -> Optional[WireError]:
    """What ended the connection; None if neither ssh nor the far side complained.

    `status` is ssh's exit status (None: it still runs), `said` all that came on its standard error,
    `stood` whether the far side had already greeted.
    """
    lines = _lines(said)
    if status == SSH_FAILED:
        return _of_ssh(host, lines, stood=stood)
    if stood or not status:
        return None
    return _of_far_side(host, status, lines)


def _of_ssh(host: SshHost, lines: List[str], *, stood: bool) -> WireError:
    last = lines[-1] if lines else ""
    if stood:
        return ConnectionLost(
            f"The ssh connection to {_name(host)} was lost.{_quoted(last)}",
            hint="It is tried again by itself.",
        )
    for known in _KNOWN:
        for line in lines:
            if re.search(known.pattern, line, re.IGNORECASE):
                return _in_words(known, host, line)
    return NoDaemon(
        f"ssh could not connect to {_name(host)}.{_quoted(last)}",
        hint=f"Try `{host.by_hand}` in a terminal.",
    )


def _in_words(known: _Known, host: SshHost, line: str) -> WireError:
    sentence = known.sentence.format(host=_name(host)) + _quoted(line)
    return known.kind(sentence, hint=known.hint.format(by_hand=host.by_hand))


def _of_far_side(host: SshHost, status: int, lines: List[str]) -> WireError:
    sentence, hint = _words_of_draggand(lines)
    if status in (UNAVAILABLE, CONFIGURATION) and sentence:
        kind = NoDaemon if status == UNAVAILABLE else EngineFailed
        return kind(f"On {_name(host)}: {sentence}", hint=hint)
    if status in (NOT_FOUND, NOT_EXECUTABLE):
        named = replace(host, program="/path/to/draggand")
        return NotInstalled(
            f"There is no draggand on {_name(host)} where it was looked for.",
            hint=f"Install draggan there, or say where it is: ssh://{named}.",
        )
    if status == USAGE:
        return TooOld(
            f"The draggand on {_name(host)} is too old to be reached by ssh.",
            hint="Install the same version of draggan there as here.",
        )
    return NotInstalled(
        f"draggand on {_name(host)} ended at once (code {status}).{_quoted(*lines[-1:], who='It')}",
        hint=f"Try `draggand connect` there: `{host.by_hand}`.",
    )


def silent(host: SshHost) -> WireError:
    """For a far side that runs something and never greets."""
    return NotInstalled(
        f"ssh has reached {_name(host)}, but no draggand answers there.",
        hint=f"Try `draggand connect` there: `{host.by_hand}`.",
    )


def _words_of_draggand(lines: List[str]) -> Tuple[str, str]:
    """The sentence and the hint that the far command line has printed last."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith("draggand: "):
            return lines[index][len("draggand: ") :], " ".join(lines[index + 1 : index + 2])
    return "", ""


def _lines(said: str) -> List[str]:
    """Lines that are not empty, without control characters, ssh's frames and excess length."""
    printable = "".join(sign if sign.isprintable() else "\n" for sign in said)
    stripped = [line.strip(" @")[:LONGEST_LINE] for line in printable.splitlines()]
    return [line for line in stripped if line]


def _quoted(line: str = "", *, who: str = "ssh") -> str:
    text = re.sub(r"^ssh: ", "", line).rstrip(" .!")
    return f" {who} says: {text}." if text else ""


def _name(host: SshHost) -> str:
    return f"{host.user}@{host.name}" if host.user else host.name
