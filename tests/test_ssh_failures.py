"""What ssh and the far side say when they fail, as sentences with a remedy."""

from __future__ import annotations

import pytest
from draggan_wire.errors import (
    AccessRefused,
    ConnectionLost,
    EngineFailed,
    NoDaemon,
    WireError,
    WrongProtocol,
)
from draggan_wire.ssh_address import SshHost
from draggan_wire.ssh_failures import LoginRefused, NotTrusted, explain, silent

BOX = SshHost("box", user="anna", port=2222)
CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key verification failed.
"""


@pytest.mark.parametrize(
    ("said", "kind", "sentence", "hint"),
    [
        (CHANGED, NotTrusted, "another key than", "somebody may stand in between"),
        (
            "No ED25519 host key is known for box and you have requested strict checking.\r\n"
            "Host key verification failed.\r\n",
            NotTrusted,
            "does not know anna@box yet",
            "`ssh -p 2222 anna@box`",
        ),
        (
            "anna@box: Permission denied (publickey,password).",
            LoginRefused,
            "does not let this user in",
            "ssh-add",
        ),
        (
            "ssh: Could not resolve hostname box: Name or service not known",
            NoDaemon,
            "name",
            "name",
        ),
        ("ssh: connect to host box port 22: Connection refused", NoDaemon, "ssh server", "sshd"),
        ("ssh: connect to host box port 22: Connection timed out", NoDaemon, "answer", "network"),
        ("ssh: connect to host box port 22: No route to host", NoDaemon, "reached", "network"),
        (
            "/home/a/.ssh/config: line 3: Bad configuration option: x",
            NotTrusted,
            "own settings",
            "~/.ssh/config",
        ),
        ("kex_exchange: something new", NoDaemon, "could not connect", "in a terminal"),
    ],
)
def test_sshs_own_words_are_told_with_what_to_do(
    said: str, kind: type[WireError], sentence: str, hint: str
) -> None:
    error = explain(BOX, 255, said, stood=False)
    assert type(error) is kind
    assert sentence in error.sentence and "ssh says: " in error.sentence
    assert hint in error.hint and error.sentence.endswith(".")


def test_a_refused_login_is_not_repeated_so_often_that_the_address_gets_banned() -> None:
    error = explain(BOX, 255, "anna@box: Permission denied (publickey).", stood=False)
    assert isinstance(error, AccessRefused) and error.retry_after is not None
    assert error.retry_after > 120


def test_a_connection_that_stood_is_lost_not_refused() -> None:
    error = explain(BOX, 255, "Timeout, server box not responding.", stood=True)
    assert type(error) is ConnectionLost and "not responding" in error.sentence


def test_the_far_draggands_own_sentence_and_hint_are_passed_on() -> None:
    said = "motd\ndraggand: A daemon was started but ended at once (code 1).\n  Read the log.\n"
    for status, kind in ((69, NoDaemon), (78, EngineFailed)):
        error = explain(BOX, status, said, stood=False)
        assert type(error) is kind
        assert error.sentence == "On anna@box: A daemon was started but ended at once (code 1)."
        assert error.hint == "Read the log."


@pytest.mark.parametrize("status", [126, 127])
def test_a_missing_draggand_is_told_with_the_way_to_name_it(status: int) -> None:
    error = explain(BOX, status, "sh: 1: exec: draggand: not found", stood=False)
    assert isinstance(error, NoDaemon) and "no draggand on anna@box" in error.sentence
    assert "ssh://anna@box:2222/path/to/draggand" in error.hint


def test_an_old_draggand_is_told_from_a_broken_one() -> None:
    assert isinstance(explain(BOX, 2, "usage: draggand", stood=False), WrongProtocol)
    broken = explain(BOX, 1, "Traceback\nImportError: zmq", stood=False)
    assert isinstance(broken, NoDaemon) and "ImportError: zmq" in broken.sentence


def test_an_end_without_complaint_is_left_to_the_caller() -> None:
    assert explain(BOX, 0, "motd", stood=False) is None
    assert explain(BOX, None, "motd", stood=False) is None
    assert explain(BOX, 69, "draggand: Lost.", stood=True) is None
    assert "no draggand answers" in silent(BOX).sentence


def test_strangers_words_are_short_and_without_control_characters() -> None:
    error = explain(BOX, 255, "\x1b[2J\x07Evil\u202e " + "x" * 9000, stood=False)
    assert error is not None and len(error.sentence) < 500
    assert error.sentence.isprintable()
