"""Every benchmark's table, printed or written as JSON from the same rows; no torch.

A `Column` says what it counts; that sentence goes into the file beside the numbers.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from draggan.benchmark.machine import describe_machine, describe_versions
from draggan.writing import check_folder, replacing

Row = Mapping[str, object]
GAP = "  "


@dataclass(frozen=True)
class Column:
    """One value of each row: its key, its heading, and how a number is printed."""

    key: str
    title: str
    form: str = ""  # a format specification such as ".2f"; texts stand to the left
    about: str = ""  # what it counts, with its unit

    def text(self, row: Row) -> str:
        value = row.get(self.key)
        if value is None:
            return "-"
        return str(value) if isinstance(value, str) else format(value, self.form)


@dataclass(frozen=True)
class Table:
    """Rows and the columns that a reader of the terminal sees; rows may hold more than that."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    heading: tuple[str, ...] = ()  # lines above the table
    footing: tuple[str, ...] = ()  # and below it

    def lines(self) -> list[str]:
        cells = [[c.title for c in self.columns]]
        cells += [[c.text(row) for c in self.columns] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        left = [all(isinstance(r.get(c.key, ""), str) for r in self.rows) for c in self.columns]
        body = [_line(line, widths, left) for line in cells]
        return [*self.heading, *body, *self.footing]

    def print(self) -> None:
        print("\n".join(self.lines()))


@dataclass(frozen=True)
class Report:
    """What one run of a benchmark found."""

    benchmark: str
    arguments: Mapping[str, object]
    tables: Mapping[str, Table]  # "rows" is the main one
    details: Mapping[str, object] = field(default_factory=dict)  # what no table shows
    device: str = "cpu"

    def to_dict(self) -> dict[str, object]:
        """Plain values: what was counted, where, when, with what, and the rows."""
        return {
            "benchmark": self.benchmark,
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "machine": describe_machine(self.device),
            "versions": describe_versions(),
            "arguments": dict(self.arguments),
            "counted": {
                column.key: column.about or column.title
                for table in self.tables.values()
                for column in table.columns
            },
            "notes": [line for t in self.tables.values() for line in (*t.heading, *t.footing)],
            **{name: list(table.rows) for name, table in self.tables.items()},
            **self.details,
        }


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the rows to FILE, as JSON"
    )


def check_json_argument(path: Path | None) -> None:
    """Refuses before any work what could not be written after it. Raises CannotWrite."""
    if path is not None:
        check_folder(path.parent)


def present(report: Report, path: Path | None) -> None:
    """Print the tables; write them to `path` too, atomically. Raises CannotWrite."""
    print("\n\n".join("\n".join(table.lines()) for table in report.tables.values()))
    if path is not None:
        write_json(report, path)


def write_json(report: Report, path: Path) -> None:
    """The file holds JSON proper: numbers that are none (nan, inf) become null."""
    text = json.dumps(_plain(report.to_dict()), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as file:
        file.write(f"{text}\n".encode())


def plain_arguments(args: argparse.Namespace) -> dict[str, object]:
    """The command's arguments as values for JSON."""
    values = {k: v for k, v in vars(args).items() if not callable(v)}
    return {k: str(v) if isinstance(v, Path) else v for k, v in values.items()}


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v) for v in value]
    return value


def _line(cells: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> str:
    parts = (
        cell.ljust(width) if to_left else cell.rjust(width)
        for cell, width, to_left in zip(cells, widths, left, strict=True)
    )
    return GAP.join(parts).rstrip()
