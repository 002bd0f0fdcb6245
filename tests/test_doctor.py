"""`draggan doctor`: each thing that can be wrong has its sentence and its remedy."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from draggan_daemon.config import Config
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker

from draggan import __version__
from draggan.cli import doctor, main
from draggan.cli.daemon_check import check_daemon
from draggan.doctor import packages, room
from draggan.doctor.children import ChildFailed, answer_of
from draggan.doctor.computing import (
    GIB,
    Gpu,
    NvidiaFacts,
    TorchFacts,
    gpu_findings,
    probe_torch,
    processor_findings,
    step_findings,
    thread_findings,
    usable_cores,
)
from draggan.doctor.findings import Finding, examined, good, note, problem

from .fake_engine import FakeEngine

CPU_ONLY = TorchFacts("2.13.0+cpu", "", 4, "AVX2", mps=False, why_no_cuda="", gpus=())
FOR_CUDA = replace(CPU_ONLY, version="2.13.0+cu126", cuda_build="12.6")
CARD = Gpu("NVIDIA RTX 4070", 12 * GIB, 11 * GIB, "8.9")
DRIVER = NvidiaFacts(("NVIDIA RTX 4070",), "560.35")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Registry, cache and socket of this test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DRAGGAND_SOCKET", str(tmp_path / "d.sock"))
    tmp_path.chmod(0o700)
    return tmp_path


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    assert finding.sentence.strip() and (finding.state == "good" or finding.remedy)
    return finding


# The command.


def test_it_says_what_it_finds_without_loading_torch_itself(home: Path) -> None:
    code = (
        "import sys; from draggan.cli import main; code = main(['doctor', '--json', 'found.json']);"
        "sys.exit('torch is loaded' if 'torch' in sys.modules else code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "draggan can work here" in done.stdout
    found = json.loads((home / "found.json").read_text())
    assert found["works"] is True and found["draggan"] == __version__
    subjects = {finding["subject"] for finding in found["findings"]}
    assert {"Python", "Packages", "ZeroMQ", "torch", "GPU", "Processor", "Threads"} <= subjects
    assert {"Memory", "Models' folder", "Cache", "Models", "Daemon"} <= subjects


def test_a_problem_gives_exit_code_2_and_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check() -> list[Finding]:
        return [good("One", "It is fine."), problem("Other", "It is broken.", "Mend it.")]

    monkeypatch.setattr(doctor, "CHECKS", (("Things", check),))
    assert main(["doctor", "--json", str(tmp_path / "found.json")]) == 2
    told = capsys.readouterr().out
    assert "PROBLEM Other: It is broken.\n          Mend it." in told and "One thing keeps" in told
    assert json.loads((tmp_path / "found.json").read_text())["works"] is False


def test_a_note_is_no_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = [note("Thing", "It is slow.", "Wait.")].copy
    monkeypatch.setattr(doctor, "CHECKS", (("Thing", check),))
    assert main(["doctor"]) == 0
    assert "Wait." in capsys.readouterr().out


def test_a_check_that_fails_is_told_and_the_others_follow() -> None:
    def check() -> Iterator[Finding]:
        yield good("Thing", "So far.")
        raise RuntimeError("no idea")

    (finding,) = examined("Thing", check)
    assert finding.state == "note" and "no idea" in finding.sentence


def test_a_place_where_no_file_can_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", ())
    (tmp_path / "file").touch()
    assert main(["doctor", "--json", str(tmp_path / "file" / "found.json")]) == 2
    assert "Cannot write" in capsys.readouterr().err


# Processes of their own.


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("raise SystemExit(3)", "exit code 3"),
        ("print('hello')", "makes no sense"),
        ("print([1])", "makes no sense"),
        ("import time; time.sleep(60)", "no answer"),
    ],
)
def test_a_library_that_crashes_takes_nobody_along(code: str, reason: str) -> None:
    with pytest.raises(ChildFailed, match=reason):
        answer_of(["-c", code], patience=5 if "sleep" not in code else 0.3)


# Packages.


def test_versions_are_compared_by_their_numbers() -> None:
    assert packages.satisfies("2.13.0+cpu", ">=2.10,<2.14")
    assert not packages.satisfies("2.9.1", ">=2.10,<2.14")
    assert not packages.satisfies("2.14.0", "<2.14,>=2.10")
    assert packages.satisfies("10.1", ">=10.1") and packages.satisfies("3", "")


def test_what_is_missing_or_too_old_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["numpy>=99", "no-such-thing>=1", "pillow>=1", 'pytest>=99; extra == "test"']
    monkeypatch.setattr(packages.metadata, "requires", lambda _: wanted)
    first, *faults = packages.check_packages()
    assert first.state == "good" and "pillow" in first.sentence
    assert [fault.state for fault in faults] == ["problem", "problem"]
    assert "needs >=99" in faults[0].sentence and "no-such-thing is missing" in faults[1].sentence


def test_a_tree_that_is_not_installed_is_only_noted() -> None:
    assert only(packages.check_packages("no-such-distribution")).state == "note"


@pytest.mark.parametrize(("version", "state"), [("4.3.4", "good"), ("4.3.3", "problem")])
def test_an_old_libzmq_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, version: str, state: str
) -> None:
    monkeypatch.setattr(packages, "answer_of", lambda _: {"libzmq": version})
    finding = only(packages.check_libzmq())
    assert finding.state == state and version in finding.sentence


# What computes.


def test_the_probe_tells_what_torch_says() -> None:
    import torch

    facts = probe_torch()
    assert facts.version == torch.__version__ and facts.threads >= 1
    assert len(facts.gpus) == torch.cuda.device_count()


def test_a_gpu_that_computes_is_named_with_its_memory_and_driver() -> None:
    finding = only(gpu_findings(replace(FOR_CUDA, gpus=(CARD,)), DRIVER, {}))
    assert finding.state == "good"
    for part in ("NVIDIA RTX 4070", "12.0 GiB", "11.0 GiB free", "8.9", "560.35"):
        assert part in finding.sentence


@pytest.mark.parametrize(
    ("torch", "nvidia", "environment", "state", "words"),
    [
        (CPU_ONLY, NvidiaFacts(), {}, "good", "no NVIDIA GPU"),
        (CPU_ONLY, DRIVER, {}, "note", "built for the CPU"),
        (FOR_CUDA, DRIVER, {"CUDA_VISIBLE_DEVICES": "-1"}, "note", "CUDA_VISIBLE_DEVICES='-1'"),
        (replace(FOR_CUDA, why_no_cuda="too old"), DRIVER, {}, "note", "too old"),
        (replace(FOR_CUDA, gpus=(replace(CARD, free=GIB),)), DRIVER, {}, "note", "nearly full"),
        (
            replace(FOR_CUDA, gpus=(replace(CARD, fault="no kernel image"),)),
            DRIVER,
            {},
            "problem",
            "no kernel image",
        ),
    ],
)
def test_why_a_gpu_is_not_used(
    torch: TorchFacts,
    nvidia: NvidiaFacts,
    environment: dict[str, str],
    state: str,
    words: str,
) -> None:
    finding = only(gpu_findings(torch, nvidia, environment))
    assert finding.state == state and words in finding.sentence


def test_bfloat16_in_hardware_is_told() -> None:
    with_it = only(processor_findings(CPU_ONLY, frozenset({"avx2", "avx512_bf16"}), "Some CPU"))
    assert "bfloat16 in hardware (avx512_bf16)" in with_it.sentence
    without = only(processor_findings(CPU_ONLY, frozenset({"avx2"}), "Some CPU"))
    assert "no bfloat16" in without.sentence
    old = replace(CPU_ONLY, cpu="DEFAULT")
    assert only(processor_findings(old, frozenset(), "Old CPU")).state == "note"


@pytest.mark.parametrize(
    ("threads", "cores", "asked", "remedy"),
    [
        (4, 4.0, None, ""),
        (8, 2.0, None, "OMP_NUM_THREADS=2"),
        (2, 0.5, None, "OMP_NUM_THREADS=1"),
        (1, 8.0, "1", "unset"),
        (1, 0.5, None, ""),
    ],
)
def test_threads_that_do_not_fit_the_cores_are_noted(
    threads: int, cores: float, asked: str | None, remedy: str
) -> None:
    environment = {"OMP_NUM_THREADS": asked} if asked else {}
    finding = only(thread_findings(threads, cores, environment))
    assert (finding.state == "good") == (not remedy) and remedy in finding.remedy


def test_a_containers_quota_counts(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text("50000 100000\n")
    assert usable_cores(quota) == 0.5
    quota.write_text("max 100000\n")
    assert usable_cores(quota) == usable_cores(tmp_path / "none") >= 1


# Memory, disks, models.


def test_the_smaller_of_memory_and_container_counts(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000000 kB\nMemAvailable:    4194304 kB\n")
    assert room.free_memory(meminfo, tmp_path) == 4 * GIB
    (tmp_path / "memory.max").write_text(f"{3 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{2 * GIB}\n")
    assert room.free_memory(meminfo, tmp_path) == GIB
    assert room.free_memory(tmp_path / "none", tmp_path / "none") is None


@pytest.mark.parametrize(
    ("free", "state"), [(8 * GIB, "good"), (GIB, "note"), (GIB // 4, "problem"), (None, "note")]
)
def test_little_memory_is_told(
    monkeypatch: pytest.MonkeyPatch, free: int | None, state: str
) -> None:
    monkeypatch.setattr(room, "free_memory", lambda: free)
    (finding,) = room.check_memory()
    assert finding.state == state


def test_folders_that_do_not_exist_yet_are_judged_by_where_they_would_be(home: Path) -> None:
    findings = list(room.check_disks())
    assert {finding.state for finding in findings} <= {"good", "note"}
    assert (
        str(home / "data") in findings[0].sentence and str(home / "cache") in findings[1].sentence
    )
    assert not (home / "data").exists()


def test_a_full_disk_is_a_problem(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(room.shutil.disk_usage("/"))(10 * GIB, 10 * GIB, 1)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage)
    assert [finding.state for finding in room.check_disks()] == ["problem", "problem"]


def test_a_folder_that_cannot_be_written_is_noted(home: Path) -> None:
    (home / "data").touch()  # a file in the way; permissions do not bind a superuser
    finding = next(iter(room.check_disks()))
    assert finding.state == "note" and "cannot be written" in finding.sentence and finding.remedy


def test_a_model_that_cannot_be_read_is_named(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = home / "data" / "draggan" / "models"
    folder.mkdir(parents=True)
    (folder / "broken.safetensors").write_bytes(b"\xff" * 40)
    first, fault = room.check_models()
    assert first.state == "good" and "critters" in first.sentence and "broken" not in first.sentence
    assert fault.state == "note" and "broken.safetensors" in fault.sentence
    assert str(folder) in fault.remedy
    assert not caplog.records  # said once


# The daemon.


def test_no_daemon_is_no_problem_and_none_is_started(home: Path) -> None:
    assert only(check_daemon()).state == "good"
    assert not list(home.glob("d.sock*"))


def test_an_address_that_is_none_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGGAND_SOCKET", "ftp://somewhere")
    assert only(check_daemon()).state == "problem"


def test_a_socket_folder_open_to_others_is_a_problem(home: Path) -> None:
    home.chmod(0o755)
    assert "other users" in only(check_daemon()).sentence


@pytest.mark.parametrize(("version", "state"), [(__version__, "good"), ("0.0.9", "note")])
def test_a_daemon_that_answers_is_named_and_its_version_compared(
    monkeypatch: pytest.MonkeyPatch, version: str, state: str
) -> None:
    with tempfile.TemporaryDirectory(prefix="dg") as folder:
        path = f"{folder}/d.sock"
        monkeypatch.setenv("DRAGGAND_SOCKET", path)
        worker = InProcessWorker(FakeEngine())
        door = Door(worker, Config(), version=version)
        door.bind_local(Path(path))
        thread = threading.Thread(target=door.serve)
        thread.start()
        try:
            finding = only(check_daemon())
        finally:
            door.end()
            thread.join(8)
            worker.release()
    assert finding.state == state and version in finding.sentence and path in finding.sentence


def test_something_that_never_answers_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="dg") as folder, socket.socket(socket.AF_UNIX) as deaf:
        path = os.path.join(folder, "d.sock")
        deaf.bind(path)
        deaf.listen()
        monkeypatch.setenv("DRAGGAND_SOCKET", path)
        finding = only(check_daemon(patience=0.5))
    assert finding.state == "problem" and "does not answer" in finding.sentence


def test_how_steps_run_is_told_with_the_reason():
    (one_by_one,) = step_findings(CPU_ONLY)
    (recorded,) = step_findings(replace(CPU_ONLY, gpus=(CARD,)))
    (refused,) = step_findings(replace(CPU_ONLY, gpus=(replace(CARD, no_graphs="out of luck"),)))
    assert "one by one" in one_by_one.sentence and "CUDA graph" in recorded.sentence
    assert "out of luck" in refused.sentence
