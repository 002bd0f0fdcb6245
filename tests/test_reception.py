"""Of `draggan_daemon.reception`: what a connection by an invitation is good for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from draggan_daemon.access.access import Access
from draggan_daemon.access.keys import make_pair
from draggan_daemon.config import Config
from draggan_daemon.reception import INVITED, Reception
from draggan_wire.messages import Redeem


def test_who_has_redeemed_an_invitation_leaves_from_then_on(tmp_path: Path) -> None:
    access = Access(tmp_path)
    access.invite("anna", make_pair().public, 2e9)
    said: list[bytes] = []
    desk: Any = SimpleNamespace(delivery=SimpleNamespace(send=lambda _, data: said.append(data)))
    nobody: Any = None
    reception = Reception(desk, nobody, nobody, Config(), access, version="0", clock=lambda: 5000.0)
    peer: Any = SimpleNamespace(principal=f"{INVITED}anna", route=b"", leaving=None)

    reception.redeem(peer, Redeem(make_pair().public.hex()), 7)

    assert said and peer.leaving == 5000.0
