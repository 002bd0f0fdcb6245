"""A training run on disk, so that it can go on tomorrow; safetensors only, never a pickle."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from draggan.errors import BadCheckpoint
from draggan.writing import replacing

from .recipe import Recipe
from .regression import Progress, Regression

FORMAT = "draggan-training-1"


def save_run(run: Regression, path: Path) -> None:
    """Write weights, average, momenta and progress, whole or not at all."""
    header = {
        "format": FORMAT,
        "recipe": json.dumps(dataclasses.asdict(run.recipe)),
        "progress": json.dumps(dataclasses.asdict(run.progress)),
        "steps": str(run.steps),
    }
    tensors = {name: value.contiguous().cpu() for name, value in _tensors(run).items()}
    with replacing(path) as file:
        file.write(save(tensors, metadata=header))


def resume_run(recipe: Recipe, path: Path, *, device: torch.device) -> Regression:
    """Take up a saved run under a recipe of the same network.

    With the stages it was saved with, it goes on in the middle of its stage; with other stages it
    starts the first of these with the saved weights. Raises BadCheckpoint.
    """
    run = Regression(recipe, device=device)
    hint = "Give a file that `draggan train` wrote for a network of the same size."
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise BadCheckpoint(f"{path} is no training run.", hint=hint)
            saved = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        _restore(run, saved)
        stages = json.loads(header["recipe"])["stages"]
        progress = json.loads(header["progress"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise BadCheckpoint(f"{path} cannot be resumed ({error}).", hint=hint) from None
    same = stages == [dataclasses.asdict(stage) for stage in recipe.stages]
    run.progress = (
        Progress(**progress) if same else Progress(0, 0.0, int(progress["images"]), float("nan"))
    )
    run.steps = int(header["steps"])
    run.random.manual_seed(recipe.seed + run.steps)  # lessons that were not seen yet
    return run


def _tensors(run: Regression) -> dict[str, Tensor]:
    tensors = {f"network.{k}": v for k, v in run.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in run.average.state_dict().items()}
    for name, parameter in run.network.named_parameters():
        state = run.muon.state.get(parameter) or run.adam.state.get(parameter) or {}
        tensors |= {f"optimiser.{name}.{key}": torch.as_tensor(v) for key, v in state.items()}
    return tensors


def _restore(run: Regression, saved: dict[str, Tensor]) -> None:
    for prefix, network in (("network.", run.network), ("average.", run.average)):
        network.load_state_dict(
            {k[len(prefix) :]: v for k, v in saved.items() if k.startswith(prefix)}
        )
    adam = {id(p) for group in run.adam.param_groups for p in group["params"]}
    for name, parameter in run.network.named_parameters():
        prefix = f"optimiser.{name}."
        state = {k[len(prefix) :]: v for k, v in saved.items() if k.startswith(prefix)}
        if state:
            optimiser = run.adam if id(parameter) in adam else run.muon
            optimiser.state[parameter] = {
                k: v.to(parameter) if v.ndim else v for k, v in state.items()
            }
