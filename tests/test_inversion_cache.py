"""The cache of what was found: exact, bounded, and harmless whatever lies in its folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from draggan.generator import WeightDelta
from draggan.inversion_cache import Finding, InversionCache, key_of
from draggan.saved import Place

KEY = "0" * 32


def finding(generator: Any, **changes: Any) -> Finding:
    ws = torch.randn(1, generator.num_ws, generator.w_dim, generator=torch.Generator())
    found = Finding(
        ws,
        28.5,
        place=Place((20.5, 30.0), 1.5, 0.1),
        likeness=0.75,
        residual=residual(generator),
    )
    return replace(found, **changes)


def residual(generator: Any, rank: int = 2) -> dict[str, np.ndarray]:
    channels, *size = generator.map_shape(generator.drag_block())
    random = np.random.default_rng(0)
    shapes = {"channels": (channels, rank), "maps": (rank, *size)}
    return {name: random.random(shape).astype(np.float16) for name, shape in shapes.items()}


def entries(cache: InversionCache) -> list[str]:
    return sorted(path.name for path in cache.folder.iterdir())


@pytest.fixture
def cache(tmp_path: Path) -> InversionCache:
    return InversionCache(tmp_path / "inversions")


def test_what_was_kept_comes_back_exactly(cache: InversionCache, tiny_generator: Any) -> None:
    kept = finding(tiny_generator)
    assert cache.get(KEY, tiny_generator, "fast") is None
    cache.put(KEY, kept, "fast")
    found = cache.get(KEY, tiny_generator, "fast")
    assert found is not None and torch.equal(found.ws, kept.ws)
    assert (found.psnr, found.place, found.likeness) == (28.5, kept.place, 0.75)
    assert found.residual.keys() == kept.residual.keys()
    for name, values in kept.residual.items():
        assert np.array_equal(found.residual[name], values)
        assert found.residual[name].dtype == np.float16


def test_nobody_else_looks_into_the_folder(cache: InversionCache, tiny_generator: Any) -> None:
    cache.put(KEY, finding(tiny_generator), "fast")
    assert cache.folder.stat().st_mode & 0o077 == 0


def test_tuned_weights_are_kept(cache: InversionCache, tiny_generator: Any) -> None:
    name, weight = next(
        (name, p) for name, p in tiny_generator.network.named_parameters() if "b32.conv1.w" in name
    )
    left, right = torch.randn(len(weight), 2), torch.randn(2, *weight.shape[1:])
    cache.put(KEY, finding(tiny_generator, delta=WeightDelta({}, {name: (left, right)})), "fast")
    found = cache.get(KEY, tiny_generator, "fast")
    assert found is not None and torch.equal(found.delta.factors[name][0], left)


def test_a_name_depends_on_all_that_counts() -> None:
    image, weight = torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8)
    other, lighter = image.clone(), weight.clone()
    other[0, 0, 0, 0] = 1e-7
    lighter[0, 0, 0, 0] = 0.5
    names = {
        key_of("a", image, weight, "fast"),
        key_of("b", image, weight, "fast"),
        key_of("a", other, weight, "fast"),
        key_of("a", image, lighter, "fast"),
        key_of("a", image, weight, "best"),
    }
    assert len(names) == 5 and key_of("a", image.clone(), weight, "fast") in names


def test_another_version_of_the_program_finds_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    image, weight = torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8)
    before = key_of("a", image, weight, "fast")
    monkeypatch.setattr("draggan.inversion_cache.RECIPE", 99)
    assert key_of("a", image, weight, "fast") != before


def test_the_least_recently_used_entries_go_first(tmp_path: Path, tiny_generator: Any) -> None:
    cache = InversionCache(tmp_path)
    for k in range(3):
        cache.put(f"{k}", finding(tiny_generator), "fast")
        os.utime(tmp_path / f"{k}.inversion", (k, k))
    assert cache.get("0", tiny_generator, "fast")  # used now
    size = (tmp_path / "0.inversion").stat().st_size
    InversionCache(tmp_path, limit=2 * size + 10).put("3", finding(tiny_generator), "fast")
    assert entries(cache) == ["0.inversion", "3.inversion"]


def test_what_is_larger_than_all_is_not_kept(tmp_path: Path, tiny_generator: Any) -> None:
    for limit in (0, 100):
        cache = InversionCache(tmp_path / "none", limit=limit)
        cache.put(KEY, finding(tiny_generator), "fast")
        assert not cache.folder.exists() and cache.get(KEY, tiny_generator, "fast") is None


def test_without_a_limit_above_zero_nothing_is_read(tmp_path: Path, tiny_generator: Any) -> None:
    InversionCache(tmp_path).put(KEY, finding(tiny_generator), "fast")
    assert InversionCache(tmp_path, limit=0).get(KEY, tiny_generator, "fast") is None


@pytest.mark.parametrize("at", [0, 20, 300, -200, -1])
def test_a_damaged_entry_is_thrown_away(
    cache: InversionCache, tiny_generator: Any, at: int
) -> None:
    cache.put(KEY, finding(tiny_generator), "fast")
    (path,) = cache.folder.iterdir()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))
    assert cache.get(KEY, tiny_generator, "fast") is None and entries(cache) == []


def test_an_entry_of_another_model_or_quality_is_thrown_away(
    cache: InversionCache, tiny_generator: Any
) -> None:
    coarser = residual(tiny_generator)
    coarser["maps"] = coarser["maps"][:, ::2, ::2]
    for foreign in ({"ws": torch.zeros(1, 3, 16)}, {"residual": coarser}):
        cache.put(KEY, finding(tiny_generator, **foreign), "fast")
        assert cache.get(KEY, tiny_generator, "fast") is None and entries(cache) == []
    cache.put(KEY, finding(tiny_generator), "fast")
    assert cache.get(KEY, tiny_generator, "best") is None and entries(cache) == []


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path, tiny_generator: Any) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = InversionCache(tmp_path / "file")
    cache.put(KEY, finding(tiny_generator), "fast")
    assert cache.get(KEY, tiny_generator, "fast") is None


def test_by_default_it_lies_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert InversionCache().folder == tmp_path / "draggan" / "inversions"
    assert InversionCache().limit == 256 << 20
