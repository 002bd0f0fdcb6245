"""Which pixels of a Krita document are worked on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load

krita = fake_krita()
region = load("draggan_wire.workbench.region")
document = load("host.document")
errors = load("draggan_wire.errors")
Crop = load("draggan_wire.crop").Crop
HandleLine = load("draggan_wire.workbench.handles").HandleLine
Settings = load("draggan_wire.workbench.settings").Settings

ARROW = HandleLine((290.0, 200.0), (310.0, 200.0))


@pytest.fixture
def raw() -> Any:
    return fake_krita().open(600, 400)


@pytest.fixture
def picture(raw: Any) -> Any:
    return document.active_document()


def source(picture: Any, *lines: Any, **settings: Any) -> Any:
    return region.choose_source(picture, Settings(**settings), lines)


def test_a_source_is_all_of_the_document_or_of_its_active_layer(picture: Any, raw: Any) -> None:
    whole = Crop(0, 0, 600, 400)
    uid = raw.named("Background").uniqueId().toString()
    assert source(picture, ARROW, source="visible", region="whole") == region.Source("", whole)
    assert source(picture, ARROW, source="layer", region="whole") == region.Source(uid, whole)


def test_of_a_selection_only_what_is_inside_the_picture_counts(picture: Any, raw: Any) -> None:
    raw.select(-50, 300, 150, 500)
    assert picture.selection_box() == (0, 300, 100, 400)


@pytest.mark.parametrize("area", [(), (700, 0, 20, 20), (-30, 10, 20, 20)])
def test_without_a_selection_inside_the_picture_there_is_no_such_region(
    picture: Any, raw: Any, area: tuple[int, ...]
) -> None:
    if area:
        raw.select(*area)
    with pytest.raises(errors.BadInput, match="no selection inside the picture"):
        source(picture, ARROW, region="selection")


def test_without_an_active_layer_there_is_a_sentence(picture: Any, raw: Any) -> None:
    raw.setActiveNode(None)
    with pytest.raises(errors.BadInput, match="No layer is active"):
        source(picture, ARROW, source="layer")
