"""A box that computes and a desk without a daemon, set up as the README tells, and what goes wrong.

All commands are the real ones. The box's daemon paints instead of computing.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_daemon.bench.measure import Visitor
from draggan_wire.client import Client, Connected
from draggan_wire.errors import AccessRefused
from PIL import Image

from .follower import Follower
from .house import ENGINE, eventually
from .machines import BOX, Cable, Machine, possible

Fault = Callable[[str], None]
ADDRESS = f"{BOX}:7417"
pytestmark = pytest.mark.skipif(not possible(), reason="needs Linux, root and iproute2")


class Studio:
    """Box, desk and cable; the box's settings are those of the README."""

    def __init__(self, folder: Path) -> None:
        self.machines: list[Machine] = []
        self.visitors: list[Visitor] = []
        try:
            self.box, self.desk = self._machine(folder / "b"), self._machine(folder / "d")
            self.cable = Cable(self.box, self.desk)
        except OSError as error:
            self.close()
            pytest.skip(f"this system has no network namespaces: {error}")
        self.box.settings.mkdir(parents=True, mode=0o700)
        settings = f'[remote]\nlisten = "0.0.0.0:7417"\nname = "{BOX}"\n'
        (self.box.settings / "config.toml").write_text(settings)

    def serve(self) -> subprocess.Popen[bytes]:
        """`draggand serve` on the box."""
        place = f"endpoint=ipc://{self.box.socket}"
        serving = self.box.start("draggan_daemon.bench.daemon", "--engine", ENGINE, "--set", place)
        assert eventually(lambda: "tcp://" in self.box.words()), self.box.words()
        return serving

    def invite(self) -> str:
        return self.box.draggand("invite", "anna").strip()

    def relay(self, *where: str) -> subprocess.Popen[bytes]:
        """`draggand relay` on the desk."""
        relay = self.desk.start("draggan_daemon", "relay", *where)
        assert eventually(lambda: "leads to" in self.desk.words()), self.desk.words()
        return relay

    def visit(self) -> Visitor:
        """An editor of the desk, at the usual address."""
        visitor = Visitor(Client(f"ipc://{self.desk.socket}", name="editor"))
        self.visitors.append(visitor)
        visitor.meet()
        return visitor

    def close(self) -> None:
        for visitor in self.visitors:
            visitor.client.close()
        for machine in reversed(self.machines):
            machine.close()

    def _machine(self, folder: Path) -> Machine:
        self.machines.append(Machine(folder))
        return self.machines[-1]


@pytest.fixture
def studio(folder: Path) -> Iterator[Studio]:
    found = Studio(folder)
    yield found
    found.close()


@pytest.fixture
def connected(studio: Studio) -> Studio:
    """Anna's desk has been let in, and its relay runs."""
    line = studio.invite()
    studio.serve()
    studio.relay(line)
    return studio


def ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(15)


def dragged(desk: Machine) -> subprocess.CompletedProcess[str]:
    """`draggan drag` at the desk, of a small picture."""
    Image.new("RGB", (96, 64), "teal").save(desk.home / "photo.png")
    words = ("photo.png", "--model", "steady", "--handle", "20,20:40,30", "--out", "out")
    return desk.run("draggan", "drag", *words, "--steps", "20")


def test_the_readmes_steps_lead_from_nothing_to_a_drag(studio: Studio, fault: Fault) -> None:
    fault("two machines, from nothing to a drag")
    box, desk, begin = studio.box, studio.desk, time.monotonic()
    early = box.run("draggan_daemon", "serve")
    assert early.returncode == 78 and "draggand invite NAME" in early.stderr
    line = studio.invite()
    assert line.startswith(f"draggan://anna@{ADDRESS}/")
    studio.serve()
    studio.relay(line)
    assert "a relay leads to it" in desk.draggand("status")
    assert "fingerprint" in box.draggand("status", "--json")
    done = dragged(desk)
    assert done.returncode == 0 and "20 steps" in done.stdout, done.stdout + done.stderr
    assert (desk.home / "out" / "result.png").is_file()
    stolen = box.run("draggan_daemon", "relay", "--endpoint", f"ipc://{box.runtime}/2/s", line)
    assert stolen.returncode == 78 and "it has been used" in stolen.stderr
    fault(f"{time.monotonic() - begin:.0f} s, the artist entered nothing")


def test_a_cable_that_is_out_for_seven_seconds_costs_nothing(
    connected: Studio, fault: Fault
) -> None:
    fault("cable out for 7 s, by relay")
    follower = Follower(connected.visit(), seed=5, model="slow")
    follower.drag()
    follower.goes_on()
    connected.cable.pull(7.0)
    begin = time.monotonic()
    follower.visitor.wait(lambda event: isinstance(event, Connected), seconds=10)
    back = time.monotonic() - begin
    follower.goes_on()
    done = follower.finish()
    assert done.steps > 60, "the box has waited for the cable"
    fault(f"back after {back:.1f} s, {done.steps} steps, none lost")


def test_who_is_revoked_is_out_and_an_invitation_brings_them_back(
    connected: Studio, fault: Fault
) -> None:
    fault("a key revoked at work")
    box, desk, visitor = connected.box, connected.desk, connected.visit()
    begin = time.monotonic()
    box.draggand("revoke", "anna")
    with pytest.raises(AccessRefused):
        visitor.watch(10)
    seconds = time.monotonic() - begin
    assert seconds < 6
    assert eventually(lambda: desk.run("draggan_daemon", "status").returncode == 78)
    assert "nobody may come in" in box.draggand("clients")
    line = connected.invite()
    desk.draggand("stop")
    connected.relay(line)
    assert "answers at" in desk.draggand("status")
    fault(f"out after {seconds:.1f} s")


def test_a_box_with_a_new_key_has_to_be_made_known(studio: Studio, fault: Fault) -> None:
    fault("the box's key replaced")
    line = studio.invite()
    serving = studio.serve()
    relay = studio.relay(line)
    studio.visit().client.close()
    printed = studio.box.draggand("key", "rotate").splitlines()
    assert ended(serving) == 0
    away = studio.desk.run("draggan_daemon", "status")
    assert away.returncode == 69 and f"No daemon answers at {ADDRESS}" in away.stderr
    alone = dragged(studio.desk)  # and starts no daemon here
    assert alone.returncode == 2 and f"No daemon answers at {ADDRESS}" in alone.stderr
    studio.serve()
    known = studio.desk.settings / "known_servers"
    hung_up = studio.desk.run("draggan_daemon", "status")  # by a relay that knew it well
    assert hung_up.returncode == 69 and f"line 1 of {known}" in hung_up.stderr
    assert ended(relay) == 0
    relay = studio.relay()
    refused = studio.desk.run("draggan_daemon", "status")
    assert refused.returncode == 78 and f"line 1 of {known}" in refused.stderr
    known.write_text(next(text.strip() for text in printed if ADDRESS in text) + "\n")
    assert ended(relay) == 0
    studio.relay()
    assert "answers at" in studio.desk.draggand("status")
    fault("refused until the new key was known")
