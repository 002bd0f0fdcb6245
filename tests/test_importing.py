"""Importing strangers' files: what becomes of a good one, and that nothing becomes of a bad one."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from draggan.checkpoint import (
    ImportedModel,
    import_model,
    importing,
    load_discriminator,
    load_generator,
    save_network,
)
from draggan.checkpoint.card import read_header
from draggan.checkpoint.conversion import convert
from draggan.checkpoint.examination import examine
from draggan.checkpoint.import_process import Job
from draggan.checkpoint.importing import id_from_name
from draggan.checkpoint.reader_process import Reading, _listen, _silence
from draggan.checkpoint.safetensors_file import load_network, load_prior
from draggan.errors import BadCheckpoint, BadInput, CannotWrite, DragganError
from draggan.stylegan2_generator import StyleGAN2Generator

from .model_files import TINY, state_dict_file, tiny_discriminator, tiny_network

CARD = {"title": "Tiny", "family": "stylegan2", "licence": "CC0", "summary": "A test.", "by": "me"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry that one model has been imported into, by a process of its own."""
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return state_dict_file(tmp_path_factory.mktemp("source") / "My Cats (v2).pt")


@pytest.fixture(scope="module")
def imported(registry: Path, source: Path) -> ImportedModel:
    return import_model(source, directory=registry)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    return state_dict_file(tmp_path / "cats.pt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registry with nothing in it, not made yet."""
    return tmp_path / "share" / "models"


def refused(kind: type[DragganError], path: Path, folder: Path, **how: object) -> DragganError:
    """The refusal of an import that has changed nothing in the registry."""
    before = sorted(os.listdir(folder)) if folder.is_dir() else []
    with pytest.raises(kind) as caught:
        import_model(path, directory=folder, **how)  # type: ignore[arg-type]
    assert (sorted(os.listdir(folder)) if folder.is_dir() else []) == before
    assert caught.value.hint and "Traceback" not in caught.value.sentence
    return caught.value


# A good file.


def test_an_imported_model_draws_what_the_network_in_the_file_does(imported: ImportedModel):
    generator = load_generator(imported.card.path)
    theirs = StyleGAN2Generator(tiny_network())
    assert isinstance(generator, StyleGAN2Generator)
    assert generator.network.architecture == TINY
    with torch.no_grad():
        ours, expected = (g.render(g.sample([5])) for g in (generator, theirs))
    assert torch.equal(ours, expected)


def test_an_import_leaves_the_model_and_nothing_else(imported: ImportedModel, registry: Path):
    assert os.listdir(registry) == ["My-Cats-v2.safetensors"]
    assert imported.card.id == "My-Cats-v2"
    assert imported.card.path == registry / "My-Cats-v2.safetensors"
    assert imported.card.path.stat().st_mode & 0o777 == 0o644


def test_the_card_says_where_the_model_comes_from(imported: ImportedModel, source: Path):
    found = read_header(imported.card.path).source
    assert found is not None and not imported.already
    assert (found.file, found.bytes) == (source.name, source.stat().st_size)
    assert found.origin == imported.origin and "NVIDIA" in found.origin
    assert source.name in imported.card.summary and imported.card.width == 16


def test_the_statistics_of_the_latents_are_those_that_would_be_estimated(imported: ImportedModel):
    stored = load_prior(imported.card.path)
    expected = StyleGAN2Generator(tiny_network()).prior()
    assert stored is not None
    torch.testing.assert_close(stored.mean, expected.mean)
    torch.testing.assert_close(stored.covariance, expected.covariance)


def test_the_statistics_of_the_features_are_per_channel(imported: ImportedModel):
    tensors = load_file(imported.card.path)
    mean, std = tensors["statistics.b8.mean"], tensors["statistics.b8.std"]
    generator = StyleGAN2Generator(tiny_network())
    with torch.no_grad():
        maps = [generator.features(generator.sample([seed]), 8).map for seed in (0, 1)]
    values = torch.cat(maps).transpose(0, 1).flatten(1)
    torch.testing.assert_close(mean, values.mean(1))
    torch.testing.assert_close(std, values.std(1, correction=0))


def test_the_discriminator_is_kept(imported: ImportedModel):
    kept, expected = load_discriminator(imported.card.path), tiny_discriminator()
    assert kept is not None and kept.architecture == expected.architecture
    picture = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(kept(picture), expected(picture))


def test_the_same_file_again_is_already_there(
    imported: ImportedModel, registry: Path, source: Path
):
    again = import_model(source, directory=registry)
    assert again.already and again.card == imported.card


def test_another_file_of_the_same_name_is_refused(
    imported: ImportedModel, registry: Path, tmp_path: Path
):
    other = state_dict_file(tmp_path / imported.card.path.with_suffix(".pt").name, seed=1)
    error = refused(BadInput, other, registry)
    assert "My-Cats-v2" in error.sentence and "--name" in error.hint


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("ffhq.pkl", "ffhq"),
        ("network-snapshot-025000.pkl", "network-snapshot-025000"),
        ("stylegan2-car-config-f.v1.pt", "stylegan2-car-config-f.v1"),
        ("My Model (final)!.pt", "My-Model-final"),
        ("Käse/..\\\n.pkl", "K-se"),
        (".pkl", "pkl"),
        ("...", "model"),
        ("日本.pkl", "model"),
        ("x" * 200 + ".pkl", "x" * 64),
    ],
)
def test_a_files_name_becomes_an_id_that_may_travel(name: str, model_id: str):
    assert id_from_name(name) == model_id


@pytest.mark.parametrize("name", ["", "a b", "../x", "x/y", ".hidden", "-x", "x" * 65, "é", "x\n"])
def test_a_name_that_can_be_no_id_is_refused(foreign: Path, folder: Path, name: str):
    assert "letters" in refused(BadInput, foreign, folder, model_id=name).hint


def test_a_name_of_the_programs_own_models_is_refused(foreign: Path, folder: Path):
    error = refused(BadInput, foreign, folder, model_id="critters")
    assert "comes with the program" in error.sentence


# Files that are none.


def test_a_folder_is_refused(tmp_path: Path, folder: Path):
    assert "folder" in refused(BadCheckpoint, tmp_path, folder).sentence


def test_a_missing_file_is_refused(tmp_path: Path, folder: Path):
    assert "does not exist" in refused(BadCheckpoint, tmp_path / "cats.pkl", folder).sentence
    refused(BadCheckpoint, Path("a\0b"), folder)
    online = refused(BadCheckpoint, Path("https://example.com/cats.pkl"), folder)
    assert "Download" in online.hint


def test_an_empty_file_is_refused(tmp_path: Path, folder: Path):
    (tmp_path / "cats.pkl").touch()
    assert "empty" in refused(BadCheckpoint, tmp_path / "cats.pkl", folder).sentence


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path, folder: Path):
    with open(tmp_path / "cats.pkl", "wb") as file:
        file.truncate(4 * 2**30 + 1)
    assert "too large" in refused(BadCheckpoint, tmp_path / "cats.pkl", folder).sentence


def test_something_that_never_ends_is_refused(tmp_path: Path, folder: Path):
    os.mkfifo(tmp_path / "cats.pkl")
    assert "not a file" in refused(BadCheckpoint, tmp_path / "cats.pkl", folder).sentence


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_a_file_that_may_not_be_read_is_refused(foreign: Path, folder: Path):
    foreign.chmod(0)
    assert "cannot be opened" in refused(BadCheckpoint, foreign, folder).sentence


def test_a_pickle_that_would_run_a_command_is_refused_and_does_not(tmp_path: Path, folder: Path):
    path, trace = tmp_path / "cats.pkl", tmp_path / "trace"
    path.write_bytes(b"cos\nsystem\n(S'touch %s'\ntR." % os.fsencode(trace))
    refused(BadCheckpoint, path, folder)
    assert not trace.exists()


# What can happen meanwhile. The other process is played by a function here.


Play = Callable[[Callable[[Job], None]], None]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    def act(action: Callable[[Job], None]) -> None:
        def run_job(job: Job, *, report: object) -> Reading:
            action(job)
            return Reading("a play", ())

        monkeypatch.setattr(importing, "run_job", run_job)

    return act


def test_a_result_that_the_loader_does_not_take_is_thrown_away(
    foreign: Path, folder: Path, play: Play
):
    play(lambda job: None)
    refused(BadCheckpoint, foreign, folder)


def test_a_source_that_changes_meanwhile_is_refused(foreign: Path, folder: Path, play: Play):
    def act(job: Job) -> None:
        save_network(tiny_network(), job.part, metadata=CARD)
        foreign.write_bytes(b"something else")

    play(act)
    assert "changed" in refused(BadCheckpoint, foreign, folder).sentence


def test_an_import_that_is_interrupted_leaves_nothing(foreign: Path, folder: Path, play: Play):
    def act(job: Job) -> None:
        Path(job.part).write_bytes(b"half")
        raise KeyboardInterrupt

    play(act)
    with pytest.raises(KeyboardInterrupt):
        import_model(foreign, directory=folder)
    assert os.listdir(folder) == []


def test_a_model_that_appears_meanwhile_stays(foreign: Path, folder: Path, play: Play):
    def act(job: Job) -> None:
        save_network(tiny_network(), job.part, metadata=CARD)
        (folder / "cats.safetensors").write_bytes(b"theirs")

    play(act)
    with pytest.raises(BadInput, match="meanwhile"):
        import_model(foreign, directory=folder)
    assert (folder / "cats.safetensors").read_bytes() == b"theirs"
    assert len(os.listdir(folder)) == 1


def test_what_killed_imports_left_is_cleared_away(foreign: Path, folder: Path, play: Play):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True,
                          capture_output=True, text=True).stdout.strip()  # fmt: skip
    folder.mkdir(parents=True)
    names = [f".importing-{gone}-x.part", ".importing-nobody-x.part", f".importing-{10**30}-x.part"]
    for name in names:
        (folder / name).touch()
    running, old = folder / ".importing-1-x.part", folder / ".importing-1-old.part"
    running.touch()
    old.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    play(lambda job: save_network(tiny_network(), job.part, metadata=CARD))
    import_model(foreign, directory=folder)
    kept = {path.name for path in folder.iterdir()}
    assert kept - {names[2]} == {"cats.safetensors", running.name}


def test_a_registry_that_cannot_be_written_is_told(foreign: Path, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite) as caught:
        import_model(foreign, directory=tmp_path / "file" / "models")
    assert "XDG_DATA_HOME" in caught.value.hint


def test_a_disk_that_is_full_in_the_end_is_told(
    foreign: Path, folder: Path, play: Play, monkeypatch: pytest.MonkeyPatch
):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    play(lambda job: save_network(tiny_network(), job.part, metadata=CARD))
    monkeypatch.setattr(os, "fsync", full)
    error = refused(CannotWrite, foreign, folder)
    assert "no space left" in error.sentence and "Free some space" in error.hint


# The other process itself.


def limits(monkeypatch: pytest.MonkeyPatch, **changed: int) -> None:
    make = importing._job

    def smaller(*arguments: object) -> Job:
        return Job(**{**make(*arguments).__dict__, **changed})  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "_job", smaller)


def test_a_reader_that_takes_too_long_is_ended(
    foreign: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    limits(monkeypatch, seconds=0)
    assert "took longer" in refused(BadCheckpoint, foreign, folder).sentence


def test_a_reader_that_is_killed_from_outside_is_told():
    job = Job("/a", "/b", "cats.pkl", "0" * 64, 1, 0, 0, 120)
    error = _silence(job, -9, overdue=False)
    assert "cats.pkl ended before it was done (signal 9)" in error.sentence and error.hint


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_text_can_be_imported(foreign: Path, folder: Path):
    odd = foreign.with_name(os.fsdecode(b"c\xe4ts\x1b.pt"))
    foreign.rename(odd)
    imported = import_model(odd, directory=folder)
    assert (imported.card.id, imported.card.title) == ("c-ts", "c ts ")


def test_a_result_larger_than_its_limit_is_refused(
    foreign: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    limits(monkeypatch, written_bytes=5000)
    assert "more than" in refused(CannotWrite, foreign, folder).sentence


def test_a_reader_without_memory_says_so(
    foreign: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    if not Path("/proc/self/statm").exists():
        pytest.skip("the limit on memory needs /proc")
    limits(monkeypatch, memory_bytes=0)
    assert "memory" in refused(BadCheckpoint, foreign, folder).sentence


CONFINED = """
import json, os, resource, socket, sys
from draggan.checkpoint.confinement import confine
confine(seconds=50, written_bytes=12345)
found = {name: resource.getrlimit(getattr(resource, name))[0] for name in
         ("RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_FSIZE")}
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)
    found["network"] = True
except OSError:
    found["network"] = False
found["descriptors"] = sorted(int(n) for n in os.listdir("/proc/self/fd"))
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what is denied differs elsewhere")
def test_a_confined_process_has_limits_and_where_possible_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", CONFINED, port], capture_output=True, text=True, check=True
        )
        allowed = shutil.which("unshare") is not None and _succeeds("unshare", "-Un", "true")
    found = json.loads(done.stdout)
    assert (found["RLIMIT_CORE"], found["RLIMIT_FSIZE"]) == (0, 12345)
    assert found["RLIMIT_NOFILE"] <= 64
    assert not (allowed and found["network"])


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def test_the_lines_of_the_other_process_are_taken_for_a_strangers():
    stages: list[str] = []
    lines = b'{"stage": "\\u001b[2JReading"}\n{"note": "a\\u0007b"}\n{"done": {"origin": "x"}}\n'
    assert _listen(io.BytesIO(lines), stages.append) == Reading("x", ("a b",))
    assert stages == [" [2JReading"]
    for garbage in (b"", b"\xff\n", b"[]\n", b'{"done": 1}\n', b"{" * 100_000, b"[" * 100_000):
        assert _listen(io.BytesIO(garbage), stages.append) is None
    with pytest.raises(CannotWrite, match="full"):
        _listen(io.BytesIO(b'{"refused": {"code": "cannot_write", "sentence": "full"}}'), print)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_import_ended_from_outside_leaves_nothing_that_stays(
    foreign: Path, tmp_path: Path, number: signal.Signals
):
    folder = tmp_path / "draggan" / "models"
    start = "import sys; from draggan.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", start, "models", "import", str(foreign)]
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (folder.is_dir() and os.listdir(folder)) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=30)
    if number == signal.SIGKILL:
        assert len(os.listdir(folder)) == 1
        import_model(foreign, directory=folder)
        assert os.listdir(folder) == ["cats.safetensors"]
    else:
        assert process.returncode == 130
        assert os.listdir(folder) == []


# What it does, without the process around it.


@pytest.fixture
def told() -> list[dict[str, object]]:
    return []


@pytest.fixture
def converted(tmp_path: Path, told: list[dict[str, object]]) -> Iterator[Callable[[Path], Path]]:
    def run(source: Path) -> Path:
        part = tmp_path / "out.part"
        job = Job(str(source), str(part), source.name, "0" * 64, 1, 0, 0, 1)
        convert(job, lambda **message: told.append(message))
        return part

    yield run


def test_a_model_of_our_own_is_copied_with_its_card(
    tmp_path: Path, converted: Callable[[Path], Path]
):
    path = tmp_path / "mine.safetensors"
    save_network(tiny_network(), path, metadata=CARD, dtype=torch.float16)
    part = converted(path)
    copied, mine = load_file(part), load_file(path)
    assert all(torch.equal(copied[name], tensor) for name, tensor in mine.items())
    assert copied["mapping.w_avg"].dtype == torch.float16
    header = read_header(part)
    assert header.fields == CARD and header.source is not None
    assert header.source.origin == "model file of this program"
    assert load_prior(part) is not None


def test_plain_safetensors_with_nvidias_names_are_recognised(
    tmp_path: Path, converted: Callable[[Path], Path]
):
    path = tmp_path / "theirs.safetensors"
    save_file(dict(_separate_state(tiny_network())), path)
    assert load_network(converted(path)).architecture.channels == TINY.channels


def _separate_state(network: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    for name, tensor in network.state_dict().items():
        yield name, tensor.clone()


@pytest.mark.parametrize("error", ["os error 28", "os error 122"])
def test_a_full_disk_is_named(
    foreign: Path,
    converted: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
    error: str,
):
    def full(*_: object, **__: object) -> None:
        raise SafetensorError(f"I/O error: whatever ({error})")

    monkeypatch.setattr("draggan.checkpoint.conversion.save_file", full)
    with pytest.raises(CannotWrite, match="disk is full"):
        converted(foreign)


def test_a_network_whose_pixels_are_not_numbers_is_refused():
    network = tiny_network()
    with torch.no_grad():
        torgb = network.synthesis.block(16).torgb
        assert torgb is not None
        torgb.weight.fill_(3e38)
    with pytest.raises(BadCheckpoint, match="not numbers"):
        examine(StyleGAN2Generator(network), name="cats.pkl")


def test_a_network_that_draws_one_colour_is_refused():
    network = tiny_network()
    with torch.no_grad():
        for size in (4, 8, 16):
            torgb = network.synthesis.block(size).torgb
            assert torgb is not None
            torgb.weight.zero_()
    with pytest.raises(BadCheckpoint, match="one colour"):
        examine(StyleGAN2Generator(network), name="cats.pkl")
