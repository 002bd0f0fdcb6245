"""The plugin in real Krita: each test runs one scenario there and looks at what came of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.hosts.animals import Animal, read_png
from tests.hosts.daemon import RealDaemon
from tests.hosts.enabling import HOW, wanted_hosts
from tests.hosts.krita.host import KritaHost

pytestmark = pytest.mark.host
if not wanted_hosts():
    pytest.skip(HOW, allow_module_level=True)


def test_the_rig_paints_where_it_points_at_any_zoom_and_rotation(
    bare_krita: KritaHost, animal: Animal, animal_file: Path
) -> None:
    asked = []
    run = bare_krita.run(
        "brush",
        files={"animal.png": animal_file},
        obey={"nothing": lambda: asked.append("nothing")},
    )
    assert asked == ["nothing"]
    assert run.results["dialogs"] == []
    for k in range(3):
        painted = read_png(run.out / f"painted{k}.png")
        y, x = np.nonzero((painted != animal.picture).any(axis=2))
        # The brush is round and some pixels wide: its line's middle is the middle of the two ends.
        np.testing.assert_allclose([x.mean(), y.mean()], [240.5, 230.5], atol=6)
        assert x.min() < 200 < 280 < x.max()


def test_a_first_drag_moves_the_landmark_and_one_undo_takes_it_back(
    krita: KritaHost, daemon: RealDaemon, animal: Animal, animal_file: Path
) -> None:
    nose, target = animal.landmark("nose"), animal.target("nose")
    run = krita.run(
        "first_drag",
        given={"nose": nose, "target": target},
        files={"animal.png": animal_file},
        daemon=daemon,
    )
    told = run.results
    assert told["pinned"] == "Handle 1: placed, Handle 2: is a pin and stays"
    assert told["layers"] == told["layers after redo"]
    assert told["layers after undo"] == [["Background", "paintlayer", []]]
    assert told["active"] == "Background" and told["dialogs"] == []
    group = told["layers"][0]
    assert group[:2] == ["DragGAN", "grouplayer"]
    (result,) = group[2]
    assert result[1] == "paintlayer" and result[2][0][1] == "transparencymask"
    after = read_png(run.out / "after.png")
    came_to = animal.landmark_in(after, "nose")
    assert math.dist(nose, target) > 35
    assert math.dist(came_to, target) < 12, (nose, came_to, target)
