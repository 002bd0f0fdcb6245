"""The pictures that tell what an edit did can be read on any picture of any size."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from draggan.report import Mark, before_after, write_animation, write_loop

MOVING = Mark(start=(20.0, 30.0), now=(45.0, 30.0), target=(80.0, 30.0))
PIN = Mark(start=(10.0, 10.0), now=(10.0, 10.0), target=(10.0, 10.0))


def flat(value: int, width: int = 100, height: int = 60) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def is_red(pixel: np.ndarray) -> bool:
    return pixel[0] > 180 and pixel[1] < 120 and pixel[2] < 120


def is_blue(pixel: np.ndarray) -> bool:
    return pixel[2] > 180 and pixel[0] < 120


def panels(sheet: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    gap = max(8, width // 48)
    before = sheet[gap : gap + height, gap : gap + width]
    return before, sheet[gap : gap + height, 2 * gap + width : 2 * (gap + width)]


def test_before_shows_the_start_and_after_where_the_handle_is() -> None:
    big = flat(128, 500, 300)
    mark = Mark((100.0, 150.0), (225.0, 150.0), (400.0, 150.0))
    before, after = panels(before_after(big, big, [mark]), 500, 300)
    assert is_red(before[150, 100]) and is_blue(before[150, 400])
    assert is_red(after[150, 225]) and is_blue(after[150, 400])
    assert not is_red(after[150, 100])


@pytest.mark.parametrize("value", [0, 128, 255])
def test_marks_stand_out_on_black_gray_and_white(value: int) -> None:
    big = flat(value, 500, 300)
    before, _ = panels(before_after(big, big, [Mark((100, 150), (100, 150), (400, 150))]), 500, 300)
    shaft = before[:, 250].astype(int).sum(axis=1)
    assert shaft.min() < 200 and shaft.max() > 700  # a dark rim and a light core


def test_a_pin_is_a_square_of_its_own_colour() -> None:
    before, _ = panels(before_after(flat(90, 500, 300), flat(90, 500, 300), [PIN]), 500, 300)
    assert before[10, 10].tolist()[0] > 200 and before[10, 10].tolist()[2] < 100


def test_a_tiny_picture_is_scaled_up_and_a_large_one_down() -> None:
    assert before_after(flat(9, 20, 20), flat(9, 20, 20), [PIN]).shape[0] > 384
    assert before_after(flat(9, 4000, 1000), flat(9, 4000, 1000), [PIN]).shape[1] < 2200


def test_transparency_is_shown_as_a_checkerboard() -> None:
    clear = np.zeros((300, 500, 4), np.uint8)
    before, _ = panels(before_after(clear, clear, []), 500, 300)
    assert {tuple(pixel) for pixel in before[0]} == {(204, 204, 204), (240, 240, 240)}


def test_the_animation_plays_every_frame_and_rests_at_the_end(tmp_path: Path) -> None:
    frames = [(flat(value, 64, 48), [MOVING]) for value in (0, 120, 240)]
    write_animation(tmp_path / "drag.webp", frames)
    with Image.open(tmp_path / "drag.webp") as animation:
        assert animation.n_frames == 3
        assert animation.info["loop"] == 0
        shown = []
        for index in range(3):
            animation.seek(index)
            shown.append(int(np.asarray(animation.convert("L"))[-1, -1]))
            last = animation.info["duration"]
    assert shown == pytest.approx([0, 120, 240], abs=6)
    assert last == 1500


def test_an_animation_of_one_frame_is_written_too(tmp_path: Path) -> None:
    write_animation(tmp_path / "drag.webp", [(flat(5), [])])
    assert open_size(tmp_path / "drag.webp") == (400, 240)


def test_a_loop_never_rests_and_holds_one_frame_at_a_time(tmp_path: Path) -> None:
    alive: list[weakref.ref[np.ndarray]] = []

    def frames() -> Iterator[np.ndarray]:
        for value in (0, 80, 160, 240):
            assert sum(frame() is not None for frame in alive) <= 1
            frame = flat(value, 500, 400)
            alive.append(weakref.ref(frame))
            yield frame

    write_loop(tmp_path / "loop.webp", frames(), count=4, seconds=0.4)
    with Image.open(tmp_path / "loop.webp") as animation:
        assert (animation.n_frames, animation.info["loop"], animation.size) == (4, 0, (500, 400))
        for index, level in enumerate((0, 80, 160, 240)):
            animation.seek(index)
            animation.load()
            assert animation.info["duration"] == 100
            assert int(np.asarray(animation.convert("L"))[-1, -1]) == pytest.approx(level, abs=6)


def test_a_loop_of_one_frame_is_a_still_picture(tmp_path: Path) -> None:
    write_loop(tmp_path / "loop.webp", [flat(7)], count=1, seconds=1)
    assert open_size(tmp_path / "loop.webp") == (400, 240)


def test_a_loop_that_is_cut_short_leaves_nothing(tmp_path: Path) -> None:
    def frames() -> Iterator[np.ndarray]:
        yield flat(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_loop(tmp_path / "loop.webp", frames(), count=3, seconds=1)
    assert list(tmp_path.iterdir()) == []


def open_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size
