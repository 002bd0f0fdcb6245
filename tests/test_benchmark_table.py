"""One printer and one kind of file for every benchmark."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from draggan.benchmark.table import (
    Column,
    Report,
    Table,
    add_json_argument,
    check_json_argument,
    plain_arguments,
    present,
)
from draggan.errors import CannotWrite

COLUMNS = (Column("name", "row"), Column("seconds", "s", ".2f", "seconds per step"))
ROWS = ({"name": "quick", "seconds": 0.5, "secret": 7}, {"name": "slow one", "seconds": None})


def report(**settings: object) -> Report:
    table = Table(COLUMNS, ROWS, heading=("of a test",))
    return Report("test", {"steps": 3}, {"rows": table}, **settings)  # type: ignore[arg-type]


def test_texts_stand_to_the_left_and_numbers_to_the_right() -> None:
    heading, titles, quick, slow = Table(COLUMNS, ROWS, heading=("of a test",)).lines()
    assert heading == "of a test"
    assert titles == "row          s"
    assert quick == "quick     0.50"
    assert slow == "slow one     -"


def test_the_file_holds_the_rows_and_what_was_counted_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    present(report(details={"worst": float("nan")}), tmp_path / "new" / "rows.json")
    assert "quick" in capsys.readouterr().out
    read = json.loads((tmp_path / "new" / "rows.json").read_text())
    assert read["rows"] == [dict(row) for row in ROWS]
    assert read["counted"]["seconds"] == "seconds per step"
    assert read["arguments"] == {"steps": 3} and read["worst"] is None
    assert {"torch", "draggan"} <= set(read["versions"])
    assert read["machine"]["cores"] >= 1 and read["date"].endswith("+00:00")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["rows.json"]


def test_without_a_file_the_table_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    present(report(), None)
    assert "slow one" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        check_json_argument(tmp_path / "file" / "rows.json")
    check_json_argument(None)


def test_arguments_become_plain_values() -> None:
    parser = argparse.ArgumentParser()
    add_json_argument(parser)
    parser.set_defaults(run=print)
    assert plain_arguments(parser.parse_args(["--json", "a/b.json"])) == {"json": "a/b.json"}
