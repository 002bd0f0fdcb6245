"""The truth about motion is the renderer's, and methods are held against it."""

from __future__ import annotations

import pytest
import torch

from draggan.benchmark import correspondence as bench
from draggan.benchmark.dense_truth import dense_truth
from draggan.benchmark.tasks import Case, find_tasks, make_cases
from draggan.checkpoint import load_generator
from draggan.critters import parameter_index, sample_parameters
from draggan.generator import Generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    return load_generator("critters")


@pytest.fixture(scope="module")
def gaze() -> Case:
    (case,) = make_cases(1, find_tasks(["gaze"])[:1], size=128, seed=777)
    return case


def test_an_animal_that_has_not_changed_stands_still():
    animal = sample_parameters(1, seed=5)
    truth = dense_truth(animal, animal, 64)
    assert not truth.moved.any() and truth.hidden.float().mean() < 0.003
    assert truth.still.float().mean() > 0.9


def test_a_shifted_head_comes_from_where_it_was():
    before = sample_parameters(1, seed=5)
    before[0, parameter_index("tx")] = 0.0
    after = before.clone()
    after[0, parameter_index("tx")] = 0.1  # half picture widths
    truth = dense_truth(before, after, 64)
    x, y = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="xy")
    way = (truth.source[0] - torch.stack((x, y)))[:, truth.moved]
    assert truth.moved.float().mean() > 0.1 and truth.hidden.any()
    assert way[0].median() == pytest.approx(-3.2, abs=0.1)
    assert way[1].abs().median() < 0.1


def test_ours_is_nearer_to_the_truth_than_what_is_simpler(generator: Generator, gaze: Case):
    pair = bench.task_pair(generator, gaze)
    found = {name: bench.measure(method, pair) for name, method in bench.METHODS.items()}
    best = found["ours"].errors.median()
    assert best < 1.2
    assert all(best < one.errors.median() for name, one in found.items() if name != "ours")
    assert found["ours"].unseen / found["ours"].hidden > 0.5
    assert found["ours"].exact / found["ours"].still > 0.7


def test_the_table_has_a_line_for_each_kind_and_one_for_all(generator: Generator, gaze: Case):
    pair = bench.task_pair(generator, gaze)
    found = {("ours", "gaze"): [bench.measure(bench.ours, pair)]}
    rows = bench.table(found, heading="a heading").rows
    assert [(row["method"], row["pairs"]) for row in rows] == [("ours", "gaze"), ("ours", "all")]
