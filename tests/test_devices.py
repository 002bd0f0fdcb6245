"""Which devices compute: as the settings say, or every GPU that there is, without loading torch."""

from __future__ import annotations

from pathlib import Path

import pytest
from draggan_daemon.devices import devices


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """A computer with three GPUs."""
    for bus in ("0000:01:00.0", "0000:02:00.0", "0000:03:00.0"):
        (tmp_path / "gpus" / bus).mkdir(parents=True)
    return tmp_path / "gpus"


def torch_built_for(version: str, tmp_path: Path) -> Path:
    file = tmp_path / "version.py"
    file.write_text(f"from typing import Optional\ncuda: Optional[str] = {version}\n")
    return file


def test_what_is_named_is_taken(driver: Path, tmp_path: Path) -> None:
    torch = torch_built_for("'12.6'", tmp_path)
    for named in (("cpu",), ("cuda:1",), ("cuda:0", "cuda:2")):
        assert devices(named, {}, driver=driver, torch_file=torch) == named


@pytest.mark.parametrize("word", ["auto", "cuda"])
def test_every_gpu_gets_a_worker(word: str, driver: Path, tmp_path: Path) -> None:
    torch = torch_built_for("'12.6'", tmp_path)
    found = devices((word,), {}, driver=driver, torch_file=torch)
    assert found == ("cuda:0", "cuda:1", "cuda:2")


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("1,2", ("cuda:0", "cuda:1")),
        ("GPU-aa,GPU-bb", ("cuda:0", "cuda:1")),
        ("0,7,1", ("auto",)),  # CUDA itself stops at the first that it does not know
        ("2", ("auto",)),
        ("", ("auto",)),
        ("-1", ("auto",)),
    ],
)
def test_gpus_that_are_hidden_do_not_count(
    visible: str, found: tuple[str, ...], driver: Path, tmp_path: Path
) -> None:
    torch, environ = torch_built_for("'12.6'", tmp_path), {"CUDA_VISIBLE_DEVICES": visible}
    assert devices(("auto",), environ, driver=driver, torch_file=torch) == found


def test_without_gpus_or_a_torch_for_them_one_worker_decides_itself(
    driver: Path, tmp_path: Path
) -> None:
    cpu_only = torch_built_for("None", tmp_path)
    assert devices(("auto",), {}, driver=driver, torch_file=cpu_only) == ("auto",)
    assert devices(("auto",), {}, driver=tmp_path / "none") == ("auto",)
    assert devices(("auto",), {}, driver=driver, torch_file=tmp_path / "none") == ("auto",)
