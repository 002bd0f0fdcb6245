"""From what a row's process measured to the figures that the table shows; our modules only."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from draggan.benchmark.counting import Peaks, Work
from draggan.benchmark.speed_rows import BASELINES, Contender
from draggan.benchmark.speed_scene import Setting


def described(setting: Setting, ready: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": setting.model,
        "resolution": max(ready["size"]),
        "points": setting.points,
        "mask": yes(setting.mask),
    }


def figures(
    contender: Contender,
    setting: Setting,
    ready: Mapping[str, Any],
    turns: Sequence[Mapping[str, Any]],
    work: Work,
    peaks: Peaks,
) -> dict[str, Any]:
    steps = [s for turn in turns for s in turn["steps"]]
    previews = [s["busy"] for turn in turns for s in turn["previews"]]
    cpu, wall, busy = ([s[key] for s in steps] for key in ("cpu", "wall", "busy"))
    middle = statistics.median(busy)
    arithmetic, traffic = peaks.least(work, contender.precision)
    return {
        **described(setting, ready),
        "row": contender.name,
        "title": contender.title,
        "cpu_seconds": statistics.median(cpu),
        "cpu_seconds_least": min(cpu),
        "kernel_seconds": statistics.median(s["kernel"] for s in steps),
        "wall_seconds": statistics.median(wall),
        "wall_seconds_least": min(wall),
        "busy_seconds": middle,
        "spread": (max(busy) - min(busy)) / middle,
        "steps": len(steps) * turns[0]["together"],
        "restarts": sum(turn["restarts"] for turn in turns),
        "memory_gb": turns[0]["memory"] / 1e9,  # before any preview
        "memory_loaded_gb": ready["memory"] / 1e9,
        "gflop": work.gflop,
        "gigabytes": work.gigabytes,
        "operators": work.operators,
        "gflop_per_second": work.gflop / middle,
        "gigabytes_per_second": work.gigabytes / middle,
        "arithmetic_seconds": arithmetic,
        "traffic_seconds": traffic,
        "floor_share": max(arithmetic, traffic) / middle,
        "bound": "arithmetic" if arithmetic >= traffic else "traffic",
        "steps_per_second": 1 / statistics.median(wall),
        "preview_seconds": statistics.median(previews) if previews else None,
        "samples": busy,
    }


def add_ratios(rows: list[dict[str, Any]], previews: Sequence[int]) -> None:
    """`ratio`, and `previews`: costs and ratios with a preview every n steps."""
    by_name = {row["row"]: row for row in rows}
    base = next((by_name[name] for name in BASELINES if name in by_name), None)
    for row in rows:
        row["baseline"] = base and base["title"]
        row["ratio"] = base and base["busy_seconds"] / row["busy_seconds"]
        row["memory_share"] = base and row["memory_gb"] / base["memory_gb"]
        row["previews"] = [
            {"every": n, "busy_seconds": mine, "ratio": base and _with_preview(base, n) / mine}
            for n in previews
            if (mine := _with_preview(row, n)) is not None
        ]


def _with_preview(row: Mapping[str, Any], every: int) -> Any:
    if row["preview_seconds"] is None:
        return None
    return row["busy_seconds"] + row["preview_seconds"] / every


def distance(a: Sequence[float], b: Sequence[float]) -> float:
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


def yes(value: bool) -> str:
    return "yes" if value else "no"
