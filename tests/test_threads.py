"""Torch's threads are told to sleep soon, unless the user has said otherwise."""

from __future__ import annotations

import os

from draggan.threads import share_the_cores


def test_threads_are_told_to_sleep_soon(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    share_the_cores()
    assert int(os.environ["GOMP_SPINCOUNT"]) < 100_000


def test_numpy_has_no_threads_beside_torchs(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    share_the_cores()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_what_the_user_has_set_stays(monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    share_the_cores()
    assert os.environ["GOMP_SPINCOUNT"] == "7"


def test_a_wait_policy_of_the_users_is_enough(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    share_the_cores()
    assert "GOMP_SPINCOUNT" not in os.environ
