"""Replayed steps: what they record, and that they are simply called where graphs cannot be."""

from __future__ import annotations

import pytest
import torch

from draggan.replay import Replay, why_no_graphs


def test_each_step_records_its_own_values():
    x = torch.zeros(2)
    replay = Replay(lambda: [x.add_(1), x * 2], torch.device("cpu"))
    assert [[v.tolist() for v in record] for record in replay.run(2)] == [
        [[1.0, 1.0], [2.0, 2.0]],
        [[2.0, 2.0], [4.0, 4.0]],
    ]
    assert x.tolist() == [2.0, 2.0]


def test_a_cpu_says_why_it_has_no_graphs():
    assert "CUDA" in why_no_graphs(torch.device("cpu"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_records_steps_and_repeats_them():
    device = torch.device("cuda")
    assert why_no_graphs(device) == ""
    x = torch.zeros(2, device=device)
    values = Replay(lambda: [x.add_(1)], device).run(3)
    assert [record[0].tolist() for record in values] == [[1, 1], [2, 2], [3, 3]]
