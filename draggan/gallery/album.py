"""The files of `draggan sample`: pictures, a contact sheet, a loop, a mixing grid; torch, numpy.

One full-size picture is in memory at a time, and sheets hold scaled-down ones, so neither many
seeds nor a large model fill it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from draggan.contact_sheet import ContactSheet, tile_for
from draggan.gallery.drawing import Artist, Space, as_pixels
from draggan.gallery.mixing import mixed
from draggan.pictures import save_png
from draggan.report import write_loop
from draggan.writing import replacing

FRAME_SECONDS = 0.04

Told = Callable[[int, int], None]  # (done, of how many)


def write_pictures(
    artist: Artist, seeds: Sequence[int], folder: Path, *, npy: bool, told: Told
) -> Path:
    """seed0007.png for each seed, and with `npy` the picture before cutting off as seed0007.npy.

    Returns the path of their contact sheet. Raises CannotWrite.
    """
    columns = max(1, round((len(seeds) * 1.3) ** 0.5))  # wider than high, as screens are
    rows = -(-len(seeds) // columns)
    sheet = _sheet(artist, columns, rows)
    for index, seed in enumerate(seeds):
        told(index, len(seeds))
        picture = artist.draw(artist.latent(seed), seed=seed)
        pixels = as_pixels(picture)
        save_png(folder / f"seed{seed:04d}.png", pixels)
        if npy:
            _save_npy(folder / f"seed{seed:04d}.npy", picture.numpy())
        sheet.put(index % columns, index // columns, pixels, caption=str(seed))
    path = folder / "contact-sheet.png"
    save_png(path, sheet.array)
    return path


def write_interpolation(
    artist: Artist, seeds: Sequence[int], folder: Path, *, frames: int, space: Space, told: Told
) -> Path:
    """An endless animation through the seeds and back to the first. Raises CannotWrite."""

    def drawn() -> Iterator[np.ndarray]:
        for index, picture in enumerate(artist.loop(seeds, frames, space=space)):
            told(index, frames)
            yield as_pixels(picture)

    path = folder / "interpolation.webp"
    write_loop(path, drawn(), count=frames, seconds=frames * FRAME_SECONDS)
    return path


def write_mixing_grid(
    artist: Artist,
    seeds: tuple[Sequence[int], Sequence[int]],
    rows: Sequence[int],
    folder: Path,
    *,
    told: Told,
) -> Path:
    """A grid: the picture of each row's seed (seeds[0]) with `rows` of W+ of each column's seed.

    The unmixed pictures stand on top and on the left. Raises CannotWrite.
    """
    down, across = ([(seed, artist.latent(seed)) for seed in list_] for list_ in seeds)
    sheet = _sheet(artist, len(across) + 1, len(down) + 1)
    total = (len(across) + 1) * (len(down) + 1) - 1
    places = ((i, j) for j in range(len(down) + 1) for i in range(len(across) + 1) if i or j)
    for done, (i, j) in enumerate(places):
        told(done, total)
        seed, ws = down[j - 1] if j else across[i - 1]
        if i and j:
            ws = mixed(ws, across[i - 1][1], rows)
        pixels = as_pixels(artist.draw(ws, seed=seed))
        sheet.put(i, j, pixels, caption="" if i and j else str(seed))
    path = folder / "mixing.png"
    save_png(path, sheet.array)
    return path


def _save_npy(path: Path, array: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array)  # straight into a file, numpy would not say why it cannot write
    with replacing(path) as file:
        file.write(buffer.getbuffer())


def _sheet(artist: Artist, columns: int, rows: int) -> ContactSheet:
    picture = (artist.generator.width, artist.generator.height)
    return ContactSheet(columns, rows, tile_for(picture, columns, rows))
