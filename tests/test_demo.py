"""The demo's picture is what its script draws, and the demo runs as the README says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draggan.benchmark.demo_picture import ASSETS, SIZE, draw_demo_picture
from draggan.pictures import open_picture

ROOT = Path(__file__).resolve().parent.parent


def test_the_bundled_picture_is_what_the_script_draws() -> None:
    drawn = draw_demo_picture()
    bundled = open_picture(ASSETS / "demo.png").array
    assert bundled.shape == (SIZE, SIZE, 3)
    # Another processor may round a value differently.
    assert np.abs(bundled.astype(int) - drawn.array.numpy()).max() <= 2
    edit = json.loads((ASSETS / "demo.json").read_text())
    np.testing.assert_allclose(edit["handles"], drawn.handles, atol=0.11)


def test_a_seed_draws_another_animal_with_its_own_handles() -> None:
    other = draw_demo_picture(seed=1)
    assert (other.array.numpy() != open_picture(ASSETS / "demo.png").array).mean() > 0.5
    places = np.array(other.handles)
    assert places.min() > 0 and places.max() < SIZE
    assert np.hypot(*(places[:, 1] - places[:, 0]).T).max() > 40  # something to see


def test_the_readme_names_the_install_lines() -> None:
    lines = re.findall(r"^ +(python3 -m venv .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert lines == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/draggan demo",
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest",
    ]


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Where the demo's daemon has a socket of its own; it is ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="dg") as folder:
        environment = {**os.environ, "DRAGGAND_SOCKET": f"{folder}/d.sock"}
        yield environment
        subprocess.run(
            [sys.executable, "-m", "draggan_daemon", "stop"], env=environment, capture_output=True
        )


@pytest.mark.slow
def test_the_demo_turns_the_head_and_opens_the_mouth(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from draggan.cli import main; raise SystemExit(main(['demo']))"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    handles = [line for line in done.stdout.splitlines() if line.startswith("handle")]
    assert len(handles) == 2
    assert all(float(re.search(r"([\d.]+) px left", line)[1]) < 12 for line in handles), handles
    out = tmp_path / "draggan-demo"
    before, after = (np.asarray(Image.open(out / f"{name}.png")) for name in ("source", "result"))
    changed = np.abs(before.astype(int) - after).max(axis=2) > 24
    assert changed[200:460, 120:420].mean() > 0.15  # the face has moved
    assert (before == after).all(axis=2)[:192, :64].mean() > 0.8  # the lights beside it have not
    with zipfile.ZipFile(out / "layers.ora") as layers:
        assert layers.testzip() is None and len(layers.namelist()) > 6
