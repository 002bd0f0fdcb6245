"""The plug-in in real GIMP: each test runs one scenario there and looks at what came of it."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.hosts.animals import Animal, coffee, find_again, read_png
from tests.hosts.daemon import RealDaemon
from tests.hosts.enabling import HOW, wanted_hosts
from tests.hosts.far_daemon import FarDaemon
from tests.hosts.far_story import (
    assert_it_looks_like,
    colours,
    previews,
    replayed,
    results,
    step_on_show,
)
from tests.hosts.gimp.host import HERE, GimpHost
from tests.hosts.running import Run

pytestmark = pytest.mark.host

ARRIVED = 12  # pixels of 512 from the target
GAP = 100  # milliseconds that the dialog may stand still
PREVIEWS = 15  # a second: twenty are asked for
TIGHT = 0.6  # share of the picture that is covered at most: the animal fills half of it
AT_ONCE = 2  # seconds; a step of the model takes a twentieth, other work on the machine some more
PROJECT = Path(__file__).resolve().parent.parent.parent
ORIGINAL = ["layer", True, False, []]  # beside the name, which differs with the way it is opened
BELOW = np.array([0x30, 0x60, 0xFF], int)  # of the layer below one that was cut out
LARGE = 12  # seconds from OK to a layer of 24 megapixels, with other work on the machine
DONE = "All handles have reached their targets"

if not wanted_hosts():
    pytest.skip(HOW, allow_module_level=True)


CHECKS = sorted(path.stem for path in (*HERE.glob("console_*.py"), *HERE.glob("inside_*.py")))


@pytest.mark.parametrize("check", CHECKS)
def test_each_part_of_the_plugin_holds_in_gimp_or_with_gtk_alone(
    gimp: GimpHost, check: str
) -> None:
    gimp.run(check)


def test_a_python_script_drags_without_a_window_and_gets_the_result(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    run = gimp.run("scenario_batch_python", given=arrow(animal), files=pictures, daemon=daemon)
    told = run.results
    assert_a_group_has_been_added(told["tree"])
    well, sentence, name = told["returned"]
    assert (well, sentence) == (True, "")
    assert name == told["tree"][0][4][0][0]
    assert told["the layer is as it was"]
    after = read_png(run.out / "after.png")
    assert_the_nose_moved(animal, animal.picture, after)
    np.testing.assert_array_equal(animal.picture[:16, :60], after[:16, :60])
    assert_only_what_is_covered_changed(run)


def test_script_fu_drags_as_well_and_hears_what_is_wrong(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    run = gimp.run("scenario_batch_script_fu", given=arrow(animal), files=pictures, daemon=daemon)
    told = run.results
    assert told["done"] == [True, ""]
    assert_a_group_has_been_added(told["tree"])
    assert told["tree"][0][4][0][0] == "what came back"
    assert_the_nose_moved(animal, animal.picture, read_png(run.out / "after.png"))
    well, sentence = told["wrong"]
    assert not well and "Handle 1 ('10,20:30')" in sentence


def test_layers_that_nothing_can_be_made_of_are_said_and_stay_as_they_are(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    given = arrow(animal)
    told = gimp.run(
        "scenario_bad_layers", given=given, files=pictures, daemon=daemon, seconds=500
    ).results
    wanted = {
        "transparent": "nothing to see",
        "transparent floats": "nothing to see",
        "tiny": "only 3 x 2 pixels",
        "one pixel": "only 1 x 1 pixels",
        "thin": "only 600 x 1 pixels",
        "selected elsewhere": "outside the selection",
        "selected outside": "no selection inside",
        "nothing selected": "no selection inside",
        "NaNs everywhere": "no numbers",
        "spread over it": "too large",
    }
    for name, words in wanted.items():
        well, sentence, changes = told[name]
        assert well is False and words in sentence and changes == [], (name, told[name])
        assert "Traceback" not in sentence, sentence
    for name in ("NaNs in a corner", "200 megapixels"):
        assert told[name][:2] == [True, ""], (name, told[name])


def test_a_head_that_was_cut_out_takes_its_alpha_along(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, tmp_path: Path
) -> None:
    Image.fromarray(animal.cut_out).save(tmp_path / "cut_out.png")
    run = gimp.run("scenario_cut_out", given=arrow(animal), files=tmp_path, daemon=daemon)
    told = run.results
    for name in ("u8", "float"):
        assert told[f"{name}: returned"] == [True, ""]
        group, original, below = told[f"{name}: tree"]
        result, copy = group[4]
        assert [layer[0] for layer in result[4]] == ["Moved", "Cleared"] and copy[2]
        assert not original[2] and below[2]
        assert_only_what_is_covered_changed(run, f"{name}: ", f"{name}.")
        before, after = (read_png(run.out / f"{name} {when}.png") for when in ("before", "after"))
        was, now = (np.abs(each - BELOW).max(axis=2) > 8 for each in (before, after))
        assert (was & ~now).sum() > 500, "the head has left, and what is below is seen there"
        assert (now & ~was).sum() > 100, "it has come where there was nothing"


def test_what_a_script_gets_wrong_is_said_and_changes_nothing(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    told = gimp.run(
        "scenario_bad_arguments", given=arrow(animal), files=pictures, daemon=daemon
    ).results
    wanted = {
        "no handles": "There are no handles",
        "half a handle": "Handle 1 ('10,20:30')",
        "a word": "Handle 2 ('left,5:6,7')",
        "bad JSON": "line 1, column 10",
        "only pins": "All handles are pins",
        "outside": "lies outside the layer",
        "no such path": "'whiskers'",
        "handles and path": "both handles and a path",
        "no such model": "no model 'unicorns'",
        "no such quality": "The argument 'quality' is 'perfect'",
        "no such region": "The argument 'region' is 'moon'",
        "no such paste": "The argument 'paste' is 'half'",
        "a turn too far": "The argument 'turn' is 270",
        "steps below none": "The argument 'iterations' is -4",
        "too many steps": "The argument 'iterations' is 1000000000",
        "no address": "'somewhere'",
        "a far address": "192.0.2.1",
        "nobody listens": "daemon",
        "garbage": "Something else than draggand listens",
        "indexed": "ndexed",
        "two layers": "one layer",
    }
    for name, words in wanted.items():
        well, sentence = told[name]
        assert well is False and words in sentence, (name, sentence)
        assert "Traceback" not in sentence and "could not do its part" not in sentence, sentence
    assert told["changes"] == []


def test_without_a_daemon_a_script_is_told_how_to_get_one(
    gimp: GimpHost, animal: Animal, pictures: Path
) -> None:
    told = gimp.run("scenario_no_daemon", given=arrow(animal), files=pictures).results
    well, sentence = told["said"]
    assert not well and "`draggand serve`" in sentence and "`draggan install gimp`" in sentence
    assert told["changes"] == []


def test_a_script_and_the_dialog_start_the_daemon_that_is_installed(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    told = gimp.run("scenario_starting", given=arrow(animal), files=pictures, daemon=daemon).results
    assert told["was installed"] == {"command": [sys.executable, "-m", "draggan_daemon"]}
    assert told["script"] == [True, ""]
    assert "starting" in told["connections"] and told["connections"][-1] == "connected"
    assert told["dialog"][0] == "cancelled"


def test_images_of_any_depth_model_and_profile_are_dragged(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    run = gimp.run(
        "scenario_formats", given=arrow(animal), files=pictures, daemon=daemon, seconds=500
    )
    told = run.results
    for name in ("u16", "f32 linear", "grey", "adobe", "offsets"):
        assert told[f"{name}: returned"] == [True, ""], name
        assert told[f"{name}: same precision"]
        before, after = (read_png(run.out / f"{name} {when}.png") for when in ("before", "after"))
        assert_the_nose_moved(animal, before, after)
        # What is far from the head has the colours that it had, but for less than 8 bits show.
        np.testing.assert_array_equal(before[:16, :60], after[:16, :60])
        assert_only_what_is_covered_changed(run, f"{name}: ", f"{name}.")
        assert 0.05 < share_covered(run, f"{name}.coverage") < TIGHT, name
        assert (told[f"{name}: finer than 8 bits"] > 0.2) == (name in ("u16", "f32 linear"))


def test_a_feathered_selection_is_all_that_may_move(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    given = arrow(animal, box=[70, 20, 330, 400])  # the head and not the shoulders
    run = gimp.run("scenario_selection", given=given, files=pictures, daemon=daemon)
    told = run.results
    well, sentence = told["elsewhere"]
    assert not well and "outside the selection" in sentence and told["changes"] == []
    assert told["returned"] == [True, ""] and told["selection stays"]
    assert_the_nose_moved(animal, animal.picture, read_png(run.out / "after.png"))
    assert_only_what_is_covered_changed(run)
    selected = np.fromfile(run.out / "selection.raw", np.float32).reshape(512, 512)
    assert 0 < ((selected > 0) & (selected < 1)).mean() < 0.2, "the selection is not feathered"
    before, after = (visible(run, when) for when in ("before.raw", "after.raw"))
    np.testing.assert_array_equal(before[selected == 0], after[selected == 0])


def test_a_first_edit_in_the_dialog_adds_layers_and_one_undo_takes_them_back(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    run = gimp.run(
        "scenario_dialog", given=arrow(animal), files=pictures, daemon=daemon, seconds=300
    )
    told = run.results
    assert told["handles"] == ["placed"] and told["pinned"] == ["placed", "pinned"]
    assert told["message"].startswith(DONE)
    assert told["changes before OK"] == told["changes after undo"] == []
    assert told["the same after redo"]
    group, original = told["tree"]
    assert group[:3] == ["DragGAN", "group", True] and original[1:] == ORIGINAL
    result, kept = group[4]
    assert result[1:4] == ["layer", True, True]
    assert kept[:4] == [f"DragGAN, step {told['last'] - 2}", "layer", False, True]
    after = read_png(run.out / "after.png")
    assert_the_nose_moved(animal, animal.picture, after)
    assert_only_what_is_covered_changed(run)
    judged = animal.landmark_in(after, "nose")
    nose, target = animal.landmark("nose"), animal.target("nose")
    # The judge looks at the nose's tip, which a turn carries further than what can be seen of it.
    assert math.dist(judged, target) < ARRIVED < math.dist(nose, target) / 2


def test_a_drag_whose_daemon_has_died_can_be_given_up_and_made_again(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    told = gimp.run(
        "scenario_daemon_killed",
        given=arrow(animal),
        files=pictures,
        daemon=daemon,
        obey={"kill_daemon": daemon.kill, "start_daemon": daemon.start},
        seconds=300,
    ).results
    waits = "The connection is gone; the drag goes on as soon as it is back..."
    assert told["while it may come back"] == waits
    assert "The daemon is gone" in told["without daemon"]["message"]
    assert told["message"].startswith(DONE)
    assert told["returned"] == [True, ""]
    assert_a_group_has_been_added(told["tree"])


def test_an_edit_is_taken_up_again_from_its_file(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    run = gimp.run(
        "scenario_reopen", given=arrow(animal), files=pictures, daemon=daemon, seconds=400
    )
    told = run.results
    assert told["returned"] == told["went on"] == [True, ""] and told["file size"] < 8e6
    assert told["cancelled"][0] == "cancelled"
    for name in ("source", "result"):
        assert told[f"{name}: message"] == "The edit is open again."
        before, again = told[f"{name}: steps"]
        assert before == again and before[0] > 0
        before, again = told[f"{name}: handles"]
        assert len(before) == len(again) == 1
    assert told["message after going on"].startswith(DONE)
    (group, original) = told["tree after all"]
    assert original[1:] == ORIGINAL
    shown, hidden = group[4]
    assert shown[2] and not hidden[2], "the new result is shown alone, in the same group"
    assert_the_nose_moved(animal, animal.picture, read_png(run.out / "after.png"))


def test_an_edit_is_taken_up_on_its_layer_as_it_is_now(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    given = arrow(animal)
    run = gimp.run("scenario_reopen_changed", given=given, files=pictures, daemon=daemon)
    told = run.results
    assert told["returned"] == [True, ""]
    words = {"painted": "The picture has changed since this edit was made"}
    for name in ("as it was", "covered", "painted"):
        state, message, step = told[name]
        assert state == "done" and step == [told["last"]] * 2, name
        assert message.startswith(words.get(name, "The edit is open again.")), name
    state, message, step = told["gone"]
    assert (state, step) == ("failed", [0, 0]) and "layer has been deleted" in message
    assert "holds this step already" in told["nothing new"]
    assert told["returned again"] == [True, ""]
    shown, hidden = told["tree again"][0][4]
    assert shown[2] and not hidden[2], "what moved takes along what was painted"
    for name in ("as it was", "covered", "painted", "gone"):
        if name != "painted":
            assert told[f"{name}: changes"] == [] and told[f"{name}: cancelled"][0] == "cancelled"
        assert len(told[f"{name}: windows"]) == 2, told[f"{name}: windows"]


def test_a_picture_of_a_camera_becomes_a_layer_in_seconds_and_is_taken_up_from_a_small_note(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    given = arrow(animal)
    told = gimp.run(
        "scenario_photograph", given=given, files=pictures, daemon=daemon, seconds=400
    ).results
    print(told)
    found = re.search(r"(\d+) steps", told["message"])
    assert found and 1 <= int(found[1]) <= 10 and told["returned"] == [True, ""]
    assert told["seconds to the layer"] < LARGE
    assert told["note"] < 1_000_000  # bytes: the picture itself is not in it
    assert told["taken up"] == ["The edit is open again.", [int(found[1])] * 2]


def test_a_layer_and_an_image_may_vanish_while_the_dialog_is_open(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    told = gimp.run(
        "scenario_vanishing", given=arrow(animal), files=pictures, daemon=daemon, seconds=300
    ).results
    for name in ("layer deleted", "layer deleted in mid-drag"):
        assert "layer has been deleted" in told[name]
    assert told["layers"] == 1
    assert "image has been closed" in told["image closed"]
    assert told["alive"] == 2


def test_the_filter_is_repeated_and_shown_again_as_it_was_left(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    run = gimp.run(
        "scenario_repeat", given=arrow(animal), files=pictures, daemon=daemon, seconds=300
    )
    told = run.results
    assert_a_group_has_been_added(told["tree"])
    assert not told["dialog when repeated"]
    assert [branch[1] for branch in told["tree after repeating"]] == ["group", "group", "layer"]
    assert_the_nose_moved(animal, animal.picture, read_png(run.out / "after.png"))
    assert told["quality shown again"] == "Fast: a rough likeness"
    assert told["paste shown again"] == "All that the model sees"
    first, repeated = (share_covered(run, f"{name}.raw") for name in ("first", "repeated"))
    assert first > 0 and abs(first - repeated) < 0.02, "the same is pasted again"


def test_the_dialog_never_stands_still_while_previews_stream_in(
    gimp: GimpHost, quick_daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    given = arrow(animal)
    run = gimp.run("scenario_never_blocking", given=given, files=pictures, daemon=quick_daemon)
    pace = run.results["dragging"]
    print(pace)
    assert pace["shown"] > PREVIEWS * pace["seconds"]
    # One gap may be the machine's: the dialog's own part, too, waits where others hold the cores.
    assert pace["p95"] < GAP / 2 and pace["second"] < GAP and pace["own"] < GAP / 2


def test_a_script_can_ask_for_all_that_the_dialog_offers(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    nose, target = animal.landmark("nose"), animal.target("nose")
    given = arrow(animal, json=json.dumps([[*nose, *target]]))
    run = gimp.run("scenario_arguments", given=given, files=pictures, daemon=daemon, seconds=400)
    told = run.results
    for name in ("path", "no mask", "visible", "in a group", "pasted whole", "few steps", "seed"):
        assert told[f"{name}: returned"] == [True, ""], name
    for name in ("path", "no mask", "visible", "in a group", "pasted whole"):
        assert_the_nose_moved(animal, animal.picture, read_png(run.out / f"{name}.png"))
    result, *kept = told["path: tree"][0][4]
    assert result[2] and [step[0] for step in kept] == [
        f"DragGAN, step {2 * k}" for k in range(len(kept), 0, -1)
    ]
    assert len(kept) >= 2 and not any(step[2] for step in kept)
    assert [branch[0] for branch in told["in a group: tree"]] == ["mine"]
    assert [branch[0] for branch in told["in a group: tree"][0][4]] == ["DragGAN", "Background"]
    assert told["few steps: tree"][0][4][0][0].endswith("step 3")
    assert told["seed: size"] == [128, 128]


def test_the_readmes_script_drags_a_folder(
    gimp: GimpHost, daemon: RealDaemon, tmp_path: Path
) -> None:
    chapter = (PROJECT / "README.md").read_text().partition("### Scripting it")[2]
    script = chapter.partition("```python\n")[2].partition("```")[0]
    shutil.copy(PROJECT / "draggan/assets/demo.png", tmp_path)
    run = gimp.run("scenario_readme", given={"script": script}, files=tmp_path, daemon=daemon)
    assert run.results["status"] == 0, run.results["said"]
    assert "demo.png -> DragGAN" in run.results["said"]
    before, after = (read_png(run.out / f"{where}/demo.png") for where in ("photos", "dragged"))
    assert before.shape == after.shape and (before != after).any()


def test_only_what_is_painted_in_the_dialog_moves(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    lines = [((80.0, y), (390.0, y)) for y in range(40, 400, 30)]  # the head, generously
    given = arrow(animal, strokes=lines)
    run = gimp.run("scenario_painting", given=given, files=pictures, daemon=daemon, seconds=300)
    told = run.results
    assert told["kept"] == list(range(10, told["last"] + 1, 10))
    assert len(told["tree while dragging"]) > 1, "the image does not show the steps"
    group, original = told["tree"]
    assert original[1:] == ORIGINAL and len(group[4]) == 1 + len(told["kept"])
    assert told["changes after undo"] == []
    assert_the_nose_moved(animal, animal.picture, read_png(run.out / "after.png"))
    assert_only_what_is_covered_changed(run)
    before, after = visible(run, "before.raw"), visible(run, "after.raw")
    rows, columns = np.nonzero((before != after).any(axis=2))
    brush = 512 / 24 + 2
    assert columns.min() > 80 - brush and columns.max() < 390 + brush
    assert rows.min() > 40 - brush and rows.max() < 370 + brush


def test_a_drag_is_stopped_at_once_and_cancel_leaves_nothing(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    told = gimp.run(
        "scenario_stopping", given=arrow(animal), files=pictures, daemon=daemon, seconds=300
    ).results
    assert told["stop"] < AT_ONCE and told["escape"] < AT_ONCE
    assert told["message"].startswith("Stopped")
    assert told["changes"] == []
    assert len(told["windows"]) == 1, told["windows"]


def test_over_a_far_network_a_drag_shows_jpegs_survives_a_cut_and_ends_as_a_local_one(
    gimp: GimpHost, far_daemon: FarDaemon, animal: Animal, pictures: Path
) -> None:
    far = far_daemon
    obey = {"cut": far.cut, "restore": far.restore}
    run = gimp.run("scenario_far_link", given=arrow(animal), files=pictures, daemon=far, obey=obey)
    told = run.results
    assert told["message"].startswith(DONE), told["read"]
    assert told["step while cut"] == told["step when cut"]
    assert_a_group_has_been_added(told["tree"])
    shown = previews(far)
    assert len(shown) > 2 and {image.coding for image in shown.values()} == {"jpeg"}
    assert {image.coding for image in results(far)} == {"rows"}
    assert max(len(image.data) for image in shown.values()) < 100_000
    seen = visible(run, "shown.raw")[..., :3]
    with replayed(far) as local:
        assert (run.out / "result.raw").read_bytes() == bytes(local.result.data)
        assert_it_looks_like(seen, colours(local.step(step_on_show(seen, shown))))


def test_a_far_daemon_that_is_killed_and_started_again_goes_on_with_the_drag(
    gimp: GimpHost, far_daemon: FarDaemon, animal: Animal, pictures: Path
) -> None:
    far = far_daemon
    run = gimp.run(
        "scenario_far_daemon_killed",
        given=arrow(animal),
        files=pictures,
        daemon=far,
        obey={"kill_daemon": far.near.kill, "start_daemon": far.near.start},
    )
    told = run.results
    gone = "The connection is gone; the drag goes on as soon as it is back..."
    assert told["read"].index(gone) < told["read"].index("The connection is back; going on...")
    assert not told["can start one"]
    assert told["message"].startswith(DONE)
    assert_a_group_has_been_added(told["tree"])
    with replayed(far) as local:
        assert (run.out / "result.raw").read_bytes() == bytes(local.result.data)


def test_the_dialog_shows_how_the_model_sees_a_picture_before_it_is_dragged(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, tmp_path: Path
) -> None:
    animal.save(tmp_path / "animal.png")
    Image.fromarray(coffee()).save(tmp_path / "coffee.png")
    given = arrow(animal)
    run = gimp.run("scenario_likeness", given=given, files=tmp_path, daemon=daemon, seconds=300)
    told = run.results
    assert told["seen while opening"] == ["opening", ""]
    assert "poor" not in told["fit at first"] and "close" in told["fit"]
    assert told["message"].startswith(DONE) and told["the same step"]
    assert told["returned"] == [True, ""] and told["cancelled"][0] == "cancelled"
    assert share_covered(run, "all.raw") > 0
    assert told["unknown"].startswith("poor") and told["changes"] == []
    assert len(told["windows"]) == 3, "no box with a message"


def test_a_layer_too_large_to_be_sent_is_dragged_in_part(
    gimp: GimpHost, daemon: RealDaemon, animal: Animal, pictures: Path
) -> None:
    left, top = at = (3100, 2200)
    nose, target = animal.landmark("nose"), animal.target("nose")
    there = [(x + left, y + top) for x, y in (nose, target)]
    given = {"at": at, "handles": "{:.2f},{:.2f}:{:.2f},{:.2f}".format(*there[0], *there[1])}
    run = gimp.run("scenario_large", given=given, files=pictures, daemon=daemon, seconds=400)
    assert run.results["around the handles"] == run.results["returned"] == [True, ""]
    assert_only_what_is_covered_changed(run)
    assert_the_nose_moved(animal, animal.picture, read_png(run.out / "after.png"))


def arrow(animal: Animal, **more: object) -> dict[str, object]:
    nose, target = animal.landmark("nose"), animal.target("nose")
    text = "{:.2f},{:.2f}:{:.2f},{:.2f}".format(*nose, *target)
    return {"nose": nose, "target": target, "handles": text, **more}


def assert_a_group_has_been_added(tree: list) -> None:
    group, original = tree
    assert original[1:] == ORIGINAL
    assert group[:4] == ["DragGAN", "group", True, False]
    (result,) = group[4]
    assert result[1:4] == ["layer", True, True], "one visible layer with a mask"


def assert_the_nose_moved(animal: Animal, before: np.ndarray, after: np.ndarray) -> None:
    nose, target = animal.landmark("nose"), animal.target("nose")
    came_to = find_again(before, after, nose)
    assert math.dist(came_to, target) < ARRIVED, (nose, came_to, target)


def visible(run: Run, name: str, size: str = "size") -> np.ndarray:
    """What was seen, in the image's own format: uint8 (height, width, bytes per pixel)."""
    width, height = run.results[size]
    return np.fromfile(run.out / name, np.uint8).reshape(height, width, -1)


def share_covered(run: Run, name: str) -> float:
    """Which share of a result's mask lets something be seen."""
    return float((np.fromfile(run.out / name, np.float32) > 0).mean())


def assert_only_what_is_covered_changed(run: Run, key: str = "", file: str = "") -> None:
    """Bit for bit; `key` and `file` are what the names of results and files begin with."""
    names = ("before", "after") if file else ("before.raw", "after.raw")
    before, after = (visible(run, file + name, f"{key}size") for name in names)
    left, top, width, height = run.results[f"{key}covers"]
    cover = np.fromfile(run.out / (f"{file}coverage" if file else "coverage.raw"), np.float32)
    covered = np.zeros(before.shape[:2], bool)
    covered[top : top + height, left : left + width] = cover.reshape(height, width) > 0
    np.testing.assert_array_equal(before[~covered], after[~covered])
    assert (before[covered] != after[covered]).any()
