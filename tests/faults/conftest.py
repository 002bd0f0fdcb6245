"""The fault tests' daemon, and the table of what was survived; their options stand above."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .house import House

Tell = Callable[[str, object], None]
FAULT, FIGURE = "fault", "figure"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault: breaks something on purpose and looks what survives")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.fault)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [row for outcome in ("passed", "failed") for row in _rows(terminalreporter, outcome)]
    if not rows:
        return
    terminalreporter.section("faults survived")
    width = max(len(fault) for fault, _, _ in rows)
    for fault, outcome, figures in rows:
        terminalreporter.write_line(f"{fault:{width}}  {outcome}  {figures}")
    survived = sum(outcome == "survived" for _, outcome, _ in rows)
    terminalreporter.write_line(f"{survived} of {len(rows)} survived")


def _rows(reporter: pytest.TerminalReporter, outcome: str) -> Iterator[tuple[str, str, str]]:
    word = {"passed": "survived", "failed": "FAILED  "}[outcome]
    for report in reporter.stats.get(outcome, []):
        if report.when != "call":
            continue
        told = report.user_properties
        fault = next((value for name, value in told if name == FAULT), None)
        if fault is not None:
            yield fault, word, ", ".join(str(value) for name, value in told if name == FIGURE)


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Names the fault that the test is about, for the table; what is measured is told as well."""

    def name(text: str) -> None:
        kind = FIGURE if any(name == FAULT for name, _ in request.node.user_properties) else FAULT
        request.node.user_properties.append((kind, text))

    return name


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: a socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="dg") as name:
        yield Path(name)


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    """A house whose daemon, if it still lives at the end, ends in good order and without a slip."""
    found = House(folder)
    yield found
    for visitor in found.visitors:
        visitor.client.close()
    found.visitors.clear()
    try:
        if found.alive():
            assert found.end() == 0, found.words()[-2000:]
        assert not found.slips(), found.slips()[0][:3000]
    finally:
        found.close()
