"""`python -m draggan.doctor.torch_probe`: tells what torch sees here, as a line of JSON; torch."""

from __future__ import annotations

import json

import torch

from draggan.packed import can_pack
from draggan.replay import why_no_graphs


def describe() -> dict[str, object]:
    """Plain values, fit for JSON."""
    return {
        "version": torch.__version__,
        "cuda_build": torch.version.cuda or torch.version.hip or "",
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "mps": torch.backends.mps.is_available(),
        "why_no_cuda": _why_no_cuda(),
        "packs": can_pack(torch.zeros(1)),
        "gpus": [_gpu(index) for index in range(torch.cuda.device_count())],
    }


def _why_no_cuda() -> str:
    """Torch's own words, where it was built for GPUs and cannot use any."""
    if torch.cuda.is_available() or not (torch.version.cuda or torch.version.hip):
        return ""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return str(error).splitlines()[0]
    return ""


def _gpu(index: int) -> dict[str, object]:
    properties = torch.cuda.get_device_properties(index)
    free, fault, no_graphs = 0, "", ""
    try:
        free = torch.cuda.mem_get_info(index)[0]
        x = torch.ones(1, 1, 8, 8, device=f"cuda:{index}")
        torch.nn.functional.conv2d(x, x[..., :3, :3]).sum().item()
        no_graphs = why_no_graphs(x.device)
    except RuntimeError as error:
        fault = str(error).splitlines()[0]
    return {
        "name": properties.name,
        "memory": properties.total_memory,
        "free": free,
        "capability": f"{properties.major}.{properties.minor}",
        "fault": fault,
        "no_graphs": no_graphs,
    }


if __name__ == "__main__":
    print(json.dumps(describe()))
