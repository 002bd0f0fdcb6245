"""ssh:// addresses: what they name, and that nothing in them can become an option or a command."""

from __future__ import annotations

import pytest
from draggan_wire.errors import BadInput
from draggan_wire.ssh_address import SshHost, parse_ssh


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("box", SshHost("box")),
        ("box/", SshHost("box")),
        ("anna@box.example.org:2222", SshHost("box.example.org", "anna", 2222)),
        ("gpu_1", SshHost("gpu_1")),
        ("anna@[fe80::1]:22", SshHost("fe80::1", "anna", 22)),
        ("[::1]", SshHost("::1")),
        ("box/opt/d-1/bin/draggand", SshHost("box", program="/opt/d-1/bin/draggand")),
        ("box/~/venv/bin/draggand", SshHost("box", program="~/venv/bin/draggand")),
        ("box/~/.venv/bin/draggand", SshHost("box", program="~/.venv/bin/draggand")),
    ],
)
def test_an_address_is_taken_apart_and_written_again(address: str, host: SshHost) -> None:
    assert parse_ssh(address) == host
    assert str(host) == address.rstrip("/")


def test_what_to_type_by_hand_names_user_and_port() -> None:
    assert parse_ssh("box").by_hand == "ssh box"
    assert parse_ssh("anna@[::1]:2222").by_hand == "ssh -p 2222 anna@::1"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@box",
        "-oProxyCommand=touch",
        "anna@-oProxyCommand=touch",
        "-l@box",
        "anna@",
        "an na@box",
        "anna;id@box",
        "a@b@box",
        "anna:secret@box",
        "$(id)",
        "`id`",
        "box%r",
        "bo\nx",
        "bücher",
        "::1",
        "[::1",
        "[::1]x",
        "[::g]",
        "[1.2.3.4]",
        "box:",
        "box:0",
        "box:65536",
        "box:22x",
        "box:٢٢",
        "box/draggand; id",
        "box/$(id)",
        "box//draggand",
        "box/-x",
        "box/../draggand -x",
        "box/~anna/draggand",
        "box/~",
        "box?x=1",
        "x" * 300,
    ],
)
def test_what_ssh_or_a_shell_could_misread_is_refused_with_a_remedy(address: str) -> None:
    with pytest.raises(BadInput, match="cannot be used") as error:
        parse_ssh(address)
    assert "ssh://user@host" in error.value.hint
