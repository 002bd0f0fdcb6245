"""What moves and is cut off at a border is noticed, and nothing else is."""

from __future__ import annotations

import pytest
import torch

from draggan.borders import Cut, find_cut, rim
from draggan.frame import Frame

SIDE = 64
WHOLE = Frame((256, 256), (SIDE, SIDE))
PART = Frame.around((512, 512), (SIDE, SIDE), (128, 128, 384, 384))
SPOTS = {  # of the model's picture: left, top, right, bottom
    "left": (0, 20, 12, 40),
    "top": (20, 0, 40, 12),
    "right": (52, 20, 64, 40),
    "bottom": (20, 52, 40, 64),
}


def effect(*box: int, strength: float = 0.5) -> torch.Tensor:
    found = torch.zeros(1, 1, SIDE, SIDE)
    left, top, right, bottom = box
    found[..., top:bottom, left:right] = strength
    return found


@pytest.mark.parametrize("edge", SPOTS)
def test_an_edge_of_the_picture_that_is_reached_is_named(edge: str) -> None:
    assert find_cut(effect(*SPOTS[edge]), WHOLE) == Cut(inside=False, edges=(edge,))


@pytest.mark.parametrize("edge", SPOTS)
def test_what_reaches_the_border_of_the_area_is_cut_off_there(edge: str) -> None:
    assert find_cut(effect(*SPOTS[edge]), PART) == Cut(inside=True, edges=())


@pytest.mark.parametrize("frame", [WHOLE, PART], ids=["whole", "part"])
@pytest.mark.parametrize(
    "seen",
    [
        effect(16, 16, 48, 48),  # well inside
        effect(0, 20, 12, 40, strength=0.1),  # too faint to be missed
        effect(0, 30, 1, 31),  # a speck
        effect(0, 0, 0, 0),
    ],
)
def test_nothing_visible_is_missed(seen: torch.Tensor, frame: Frame) -> None:
    assert find_cut(seen, frame) == Cut()


def test_only_borders_count_beyond_which_the_picture_goes_on() -> None:
    corner = Frame.around((512, 512), (SIDE, SIDE), (0, 128, 256, 384))
    assert find_cut(effect(*SPOTS["left"]), corner) == Cut(inside=False, edges=("left",))
    assert find_cut(effect(*SPOTS["right"]), corner) == Cut(inside=True)


def test_what_the_model_sees_beyond_the_picture_is_no_part_of_it() -> None:
    wide = Frame.around((256, 128), (SIDE, SIDE), (0, 0, 256, 128))
    assert find_cut(effect(20, 0, 40, 12), wide) == Cut()
    assert find_cut(effect(20, 10, 40, 20), wide) == Cut(edges=("top",))


def test_a_turned_area_has_borders_inside_the_picture() -> None:
    turned = Frame.around((256, 256), (SIDE, SIDE), (0, 0, 256, 256), angle=0.6)
    assert find_cut(effect(*SPOTS["left"]), turned).inside
    assert find_cut(effect(16, 16, 48, 48), turned) == Cut()


@pytest.mark.parametrize("side", SPOTS)
def test_the_rim_is_soft_where_the_picture_is_a_part_of_a_larger_one(side: str) -> None:
    soft = rim(WHOLE, (SIDE, SIDE), (side,))[0, 0]
    left, top, right, bottom = SPOTS[side]
    inner = rim(WHOLE, (SIDE, SIDE))
    assert inner.min() == 1
    outermost = {"left": soft[:, 0], "top": soft[0], "right": soft[:, -1], "bottom": soft[-1]}
    assert outermost[side].max() < 0.05
    assert soft[top:bottom, left:right].max() == 1 and soft[24:40, 24:40].min() == 1
    assert (soft < 1).float().mean() < 0.15


def test_a_soft_rim_follows_the_pictures_edge_where_the_model_sees_beyond_it() -> None:
    wide = Frame.around((256, 128), (SIDE, SIDE), (0, 0, 256, 128))
    soft = rim(wide, (SIDE, SIDE), ("top",))[0, 0]  # the picture fills the rows 16 to 48
    assert soft[17].max() < 0.1 and soft[22:48].min() == 1
