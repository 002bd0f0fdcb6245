"""Turns host tests on and off, and gives them Krita, GIMP, a daemon and an animal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.hosts.animals import Animal
from tests.hosts.daemon import RealDaemon
from tests.hosts.enabling import GIMPS, HOW, KRITAS, wanted_hosts
from tests.hosts.far_daemon import FarDaemon
from tests.hosts.gimp.host import GimpHost
from tests.hosts.krita.host import KritaHost
from tests.hosts.roots import root_for

PROJECT = Path(__file__).resolve().parent.parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not wanted_hosts():
        terminalreporter.write_line(HOW)


@pytest.fixture(scope="session")
def out() -> Path:
    """Where results, pictures of the screen and logs go: $DRAGGAN_HOSTS_OUT or build/hosts."""
    return Path(os.environ.get("DRAGGAN_HOSTS_OUT") or PROJECT / "build/hosts").resolve()


@pytest.fixture(scope="session", params=[name for name in wanted_hosts() if name in KRITAS])
def bare_krita(request: pytest.FixtureRequest, out: Path) -> Iterator[KritaHost]:
    """Krita without the plugin."""
    host = KritaHost(request.param, root_for(request.param), out)
    yield host
    host.close()


@pytest.fixture(scope="session")
def krita(bare_krita: KritaHost) -> KritaHost:
    """Krita with the plugin installed and enabled; from then on `bare_krita` has it too."""
    bare_krita.install_plugin()
    return bare_krita


@pytest.fixture(scope="session", params=[name for name in wanted_hosts() if name in GIMPS])
def gimp(request: pytest.FixtureRequest, out: Path) -> Iterator[GimpHost]:
    """GIMP with the plug-in installed."""
    with closing(GimpHost(request.param, root_for(request.param), out)) as host:
        host.install_plugin()
        yield host


@pytest.fixture(scope="session")
def daemon(out: Path) -> Iterator[RealDaemon]:
    """A daemon with the default model that answers; tests that kill it start it again."""
    with closing(RealDaemon(_log(out, "daemon"))) as daemon:
        daemon.start()
        yield daemon


@pytest.fixture
def quick_daemon(out: Path) -> Iterator[RealDaemon]:
    """A daemon that computes nothing, so that steps come as fast as on a GPU."""
    command = ("-m", "tests.hosts.quick_daemon")
    with closing(RealDaemon(_log(out, "quick_daemon"), command=command)) as daemon:
        daemon.start()
        yield daemon


@pytest.fixture
def far_daemon(out: Path) -> Iterator[FarDaemon]:
    """A daemon that is reached by a relay over a slow network."""
    out.mkdir(parents=True, exist_ok=True)
    with closing(FarDaemon(out)) as daemon:
        yield daemon


def _log(out: Path, name: str) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    log = out / f"{name}.log"
    log.unlink(missing_ok=True)
    return log


@pytest.fixture(scope="session")
def animal() -> Animal:
    return Animal()


@pytest.fixture(scope="session")
def pictures(animal: Animal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with animal.png and the same as second.png."""
    folder = tmp_path_factory.mktemp("pictures")
    animal.save(folder / "animal.png")
    animal.save(folder / "second.png")
    return folder
