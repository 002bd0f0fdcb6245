"""What is written as OpenRaster reads back as the specification says."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draggan.cli.job import Job, Options
from draggan.cli.results import Outcome, Patch, Step, write_results
from draggan.errors import CannotWrite
from draggan.openraster import Group, Layer, crop_to_change, write_openraster
from draggan.pictures import Picture


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def written(tmp_path: Path) -> zipfile.ZipFile:
    source = noise(0, 30, 500, 3)
    steps = tuple(
        Layer(f"step {i}", noise(i, 8, 6, 3), x=4 + i, y=2, visible=False) for i in (20, 10)
    )
    stack = [
        Layer('result <&"> \x07', noise(1, 30, 500, 4)),
        Group("kept steps", steps, visible=False),
        Group("source", (Layer("photo", source),)),
    ]
    write_openraster(tmp_path / "layers.ora", stack, merged=source)
    return zipfile.ZipFile(tmp_path / "layers.ora")


def test_the_mimetype_comes_first_and_uncompressed(written: zipfile.ZipFile) -> None:
    first = written.infolist()[0]
    assert first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED
    assert first.extra == b"" and first.header_offset == 0
    assert written.read("mimetype") == b"image/openraster"


def test_the_archive_holds_exactly_what_the_format_asks_for(written: zipfile.ZipFile) -> None:
    assert written.testzip() is None
    assert sorted(written.namelist()) == [
        "Thumbnails/thumbnail.png",
        "data/layer0.png",
        "data/layer1.png",
        "data/layer2.png",
        "data/layer3.png",
        "mergedimage.png",
        "mimetype",
        "stack.xml",
    ]
    thumbnail = Image.open(io.BytesIO(written.read("Thumbnails/thumbnail.png")))
    assert thumbnail.size == (256, 15)


def test_the_stack_names_each_layer_with_its_place_and_visibility(
    written: zipfile.ZipFile,
) -> None:
    image = ET.fromstring(written.read("stack.xml"))
    assert image.tag == "image" and image.attrib["version"] == "0.0.5"
    assert (image.attrib["w"], image.attrib["h"]) == ("500", "30")
    (root,) = image
    result, kept, source = root
    assert (result.tag, result.attrib["name"]) == ("layer", 'result <&"> ')
    assert (kept.tag, kept.attrib["visibility"]) == ("stack", "hidden")
    assert [layer.attrib["name"] for layer in kept] == ["step 20", "step 10"]
    assert (kept[0].attrib["x"], kept[0].attrib["y"]) == ("24", "2")
    assert source[0].attrib["src"] == "data/layer3.png"


def test_each_layer_holds_its_own_pixels(written: zipfile.ZipFile) -> None:
    image = ET.fromstring(written.read("stack.xml"))
    for element in image.iter("layer"):
        pixels = np.asarray(Image.open(io.BytesIO(written.read(element.attrib["src"]))))
        assert pixels.shape[2] == 4
        if element.attrib["name"] == "step 10":
            np.testing.assert_array_equal(pixels[..., :3], noise(10, 8, 6, 3))
            assert (pixels[..., 3] == 255).all()


def test_laying_the_cropped_change_over_the_source_gives_the_picture() -> None:
    below = noise(2, 40, 50, 3)
    array = below.copy()
    array[7:20, 11:13] ^= 255
    layer = crop_to_change("a", array, below, visible=True)
    assert layer.array.shape == (13, 2, 3) and (layer.x, layer.y) == (11, 7)
    over = below.copy()
    over[layer.y : layer.y + 13, layer.x : layer.x + 2] = layer.array
    np.testing.assert_array_equal(over, array)


def test_a_picture_with_transparency_is_kept_whole() -> None:
    below = noise(2, 40, 50, 4)
    array = below.copy()
    array[3, 3] ^= 255
    assert crop_to_change("a", array, below, visible=True).array.shape == (40, 50, 4)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "layers.ora").mkdir()
    with pytest.raises(CannotWrite, match=r"layers\.ora"):
        write_openraster(tmp_path / "layers.ora", [], merged=noise(0, 4, 4, 3))
    assert [path.name for path in tmp_path.iterdir()] == ["layers.ora"]


def test_no_two_entries_of_an_edit_share_a_name(tmp_path: Path) -> None:
    source = noise(0, 30, 40, 3)
    job = Job(Picture(source), "photo.png", (), None, Options(out=tmp_path))
    steps = tuple(Step(i, Patch(noise(i, 8, 6, 3)), ()) for i in (5, 10))
    outcome = Outcome(Patch(noise(1, 8, 6, 3)), steps, (), "reached", 10, 1.0, None)
    write_results(job, outcome)
    with zipfile.ZipFile(tmp_path / "layers.ora") as archive:
        image = ET.fromstring(archive.read("stack.xml"))
    names = [entry.attrib["name"] for entry in image.iter() if "name" in entry.attrib]
    assert len(names) == 7
    assert len(set(names)) == 7  # GIMP renames the second of two: "result #1"
