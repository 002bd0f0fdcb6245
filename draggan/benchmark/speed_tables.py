"""How the speed benchmark's rows are printed, and what each column counts; our modules only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from draggan.benchmark.counting import Peaks
from draggan.benchmark.table import Column, Table

SETTING = (
    Column("resolution", "px", "d", "side of the picture in pixels"),
    Column("points", "points", "d", "handles"),
    Column("mask", "mask", about="whether a mask holds a part of the picture"),
    Column("title", "way of dragging"),
)
TIMES = (
    Column("cpu_seconds", "CPU-s", ".3f", "CPU-seconds of all threads per step, median"),
    Column("cpu_seconds_least", "least", ".3f", "the same, of the quickest step"),
    Column("kernel_seconds", "kernel s", ".3f", "of the CPU-seconds, those in the kernel, median"),
    Column("wall_seconds", "wall s", ".3f", "seconds per step by the wall clock, median"),
    Column("spread", "spread", ".0%", "(longest - shortest step) / median: the noise floor"),
    Column("steps", "n", "d", "steps that were timed, after the warm-up of each turn"),
)
WORK = (
    Column(
        "memory_gb", "GB", ".2f", "peak memory of the process, runtime included (GPU: of tensors)"
    ),
    Column("gflop", "GFLOP", ".1f", "of products and convolutions per step, forward and backward"),
    Column("operators", "ops", "d", "operators dispatched per step, views not counted"),
    Column("gflop_per_second", "GFLOP/s", ".0f", "reached, per CPU-second (GPU: per second)"),
    Column("arithmetic_seconds", "arith s", ".3f", "GFLOP at the measured peak"),
    Column("traffic_seconds", "traffic s", ".3f", "all operators' bytes at the copying speed"),
    Column("floor_share", "of floor", ".0%", "the larger of those two over the time taken"),
    Column("bound", "bound by", about="which of those two is larger"),
    Column("ratio", "faster", ".1f", "the baseline's median time per step over this row's"),
)
RATES = (Column("steps_per_second", "steps/s", ".0f", "by the wall clock, without previews"),)
SAME = (
    *SETTING[:3],
    Column("one", "latent of"),
    Column("other", "and of"),
    Column("updates", "steps", "d", "updates of both latents from the same start"),
    Column("way", "way", ".3g", "distance of the first latent from the start"),
    Column("difference", "apart by", ".1e", "distance of the two, as a share of that way"),
    Column("reason", "comes from"),
)


def step_table(rows: Sequence[Mapping[str, Any]], peaks: Peaks, machine: str, device: str) -> Table:
    speeds = ", ".join(f"{name} {speed:.0f} GFLOP/s" for name, speed in peaks.gflops.items())
    per = "second" if device.startswith("cuda") else "CPU-second"
    baseline = next((row["baseline"] for row in rows if row["baseline"]), None)
    footing = [
        "A step without overlap or caches takes 'arith s' and 'traffic s' together. The rest are",
        "fresh pages from the kernel, small maps (which reach no peak) and the ops' own costs.",
    ]
    if baseline:
        footing.append(f"Faster: than '{baseline}' at the same px, points and mask. No previews.")
    return Table(
        columns=(*SETTING, *TIMES, *WORK, *(RATES if device.startswith("cuda") else ())),
        rows=tuple(rows),
        heading=(
            f"Drag steps on {machine}",
            f"Measured peak per {per}: {speeds}; copying {peaks.gigabytes:.1f} GB/s",
        ),
        footing=tuple(footing),
    )


def preview_table(rows: Sequence[Mapping[str, Any]], device: str) -> Table:
    """A preview's own cost, and a step's with a preview every n steps."""
    every = sorted({p["every"] for row in rows for p in row["previews"]})
    columns = [*SETTING, Column("preview_seconds", "preview s", ".3f", "of one preview")]
    for n in every:
        about = f"seconds per step (CPU-seconds on a CPU) with a preview every {n} steps"
        columns += [
            Column(f"every_{n}", f"every {n}", ".3f", about),
            Column(f"every_{n}_ratio", "faster", ".1f", "than the baseline with as many"),
        ]
        if device.startswith("cuda"):
            about = f"1 / ({n} steps and one preview)"
            columns.append(Column(f"every_{n}_rate", "previews/s", ".0f", about))
    shown = [{**row, **_previews(row)} for row in rows if row["previews"]]
    return Table(
        columns=tuple(columns),
        rows=tuple({c.key: row.get(c.key) for c in columns} for row in shown),
        heading=("With previews: every n steps the whole picture, as bytes in main memory.",),
        footing=(
            "The released code makes its picture in every step, wanted or not. Ours are drafts in",
            "bfloat16 where the hardware multiplies it, except those of plain torch.",
        ),
    )


def _previews(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for p in row["previews"]:
        key = f"every_{p['every']}"
        values[key], values[f"{key}_ratio"] = p["busy_seconds"], p["ratio"]
        values[f"{key}_rate"] = 1 / (p["every"] * p["busy_seconds"])
    return values


def same_table(rows: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> Table:
    return Table(
        columns=SAME,
        rows=tuple(rows),
        heading=("The same answer? Latents of the same drag, after the same number of steps.",),
        footing=tuple(notes),
    )
