"""Keys, their spellings, and the files that hold the secret ones."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
import zmq.auth
from draggan_daemon.access.invitations import (
    InvitationLine,
    Remote,
    read_invitation_line,
    read_remote,
)
from draggan_daemon.access.keys import (
    CLIENT,
    SERVER,
    fingerprint,
    key_file,
    load_pair,
    make_pair,
    own_pair,
    pair_of,
    read_key,
    replace_pair,
    write_base64,
)
from draggan_daemon.config import ConfigError
from draggan_wire.errors import BadInput
from zmq.utils import z85


def test_a_key_is_read_in_each_of_its_three_spellings() -> None:
    key = make_pair().public
    for text in (key.hex(), key.hex().upper(), write_base64(key), z85.encode(key).decode()):
        assert read_key(text) == key


@pytest.mark.parametrize(
    "text", ["", "abc", "0" * 63, "0" * 65, " " + "0" * 63, "é" * 43, "=" * 43, "~" * 40, "0x" * 32]
)
def test_what_is_no_key_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(BadInput, match="64 hex digits") as error:
        read_key(text)
    assert error.value.hint and (not text or text not in error.value.sentence)


def test_one_key_has_one_base64_spelling() -> None:
    text = write_base64(bytes(32))
    assert read_key(text) == bytes(32)
    with pytest.raises(BadInput):
        read_key(text[:-1] + "B")


def test_a_secret_is_in_no_repr() -> None:
    pair = make_pair()
    line = InvitationLine("anna", Remote("box"), pair.public, pair.secret)
    for text in (repr(pair), str(pair), repr(line)):
        assert repr(pair.secret) not in text and pair.secret.hex() not in text


def test_a_fingerprint_is_written_as_ssh_writes_it() -> None:
    assert fingerprint(bytes(32)) == "SHA256:Zmh6rfhivXdsj8GLjp+OIAiXFIVu4jOzkCpZHQ1fKSU"


def test_a_pair_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "settings"
    assert load_pair(folder, SERVER) is None
    pair = own_pair(folder, SERVER)
    assert own_pair(folder, SERVER) == load_pair(folder, SERVER) == pair == pair_of(pair.secret)
    assert own_pair(folder, CLIENT) != pair
    file = key_file(folder, SERVER)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert replace_pair(folder, SERVER) != pair


def test_other_zeromq_programs_can_read_the_file(tmp_path: Path) -> None:
    pair = own_pair(tmp_path, CLIENT)
    public, secret = zmq.auth.load_certificate(key_file(tmp_path, CLIENT))
    assert secret is not None
    assert (z85.decode(public), z85.decode(secret)) == (pair.public, pair.secret)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    own_pair(tmp_path, SERVER)
    key_file(tmp_path, SERVER).chmod(mode)
    for use in (load_pair, own_pair):
        with pytest.raises(ConfigError, match="Other users can") as error:
            use(tmp_path, SERVER)
        assert "chmod 600" in error.value.hint


@pytest.mark.parametrize("text", ["", "secret-key", 'secret-key = "short"', "\0" * 200])
def test_a_damaged_key_is_said_and_never_replaced_unasked(tmp_path: Path, text: str) -> None:
    own_pair(tmp_path, SERVER)
    key_file(tmp_path, SERVER).write_text(text)
    with pytest.raises(ConfigError, match="no whole key") as error:
        own_pair(tmp_path, SERVER)
    assert "backup" in error.value.hint
    assert key_file(tmp_path, SERVER).read_text() == text


# The line of an invitation.


def line(host: str = "box.example", port: int = 7417, name: str = "anna") -> InvitationLine:
    pair = make_pair()
    return InvitationLine(name, Remote(host, port), make_pair().public, pair.secret)


@pytest.mark.parametrize(
    "host", ["box", "box.example", "192.168.1.2", "2001:db8::1", "::1", "b-x.y"]
)
def test_a_line_says_all_that_is_needed(host: str) -> None:
    given = line(host, 7000, "anna-laptop.2")
    assert read_invitation_line(f"  {given}\n") == given


@pytest.mark.parametrize("host", ["box.example", "2001:db8::1"])
def test_no_shell_minds_a_character_of_the_line(host: str) -> None:
    for _ in range(50):
        text = str(line(host))
        assert shlex.quote(text) == text.replace("~", "") and "#" not in text
        assert not text.startswith("-")
    echoed = subprocess.run(["sh", "-c", f"echo {text}"], capture_output=True, text=True).stdout
    assert echoed == text + "\n"


def test_a_line_that_is_not_whole_is_refused_without_repeating_it() -> None:
    text = str(line())
    secret = text.rpartition(".")[2]
    for broken in (
        text[:-1],
        text[1:],
        text + "x",
        text.replace("/", "?", 3),
        text.replace("anna", "-anna"),
        text.replace("7417", "99999"),
        text.replace("box", "b x"),
        text.replace("draggan", "https"),
        f"draggan://anna@box:7417/{secret}",
        "draggan://",
        "",
    ):
        with pytest.raises(BadInput, match="not whole") as error:
            read_invitation_line(broken)
        assert secret[:10] not in error.value.sentence + error.value.hint


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("box", Remote("box", 7417)),
        ("Box.Example:7000", Remote("box.example", 7000)),
        ("tcp://10.0.0.2:1", Remote("10.0.0.2", 1)),
        ("[::1]:5", Remote("::1", 5)),
        ("[2001:db8::2]", Remote("2001:db8::2", 7417)),
    ],
)
def test_a_machine_is_named_in_any_usual_way(text: str, remote: Remote) -> None:
    assert read_remote(text) == remote
    assert read_remote(str(remote)) == remote


@pytest.mark.parametrize(
    "text",
    ["", ":7417", "box:", "box:0", "box:65536", "box:x", "a b", "-oProxy", "box/..", "::1", "[x]:1",
     "[fe80::1%eth0]:1", "*", "user@box", "box:1:2", "[127.0.0.1]:1:"],
)  # fmt: skip
def test_what_is_no_machine_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no address"):
        read_remote(text)
