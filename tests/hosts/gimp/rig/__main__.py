"""Runs one file with the rig; what came of it is in result.json of the output folder."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

from .rig import Rig


def main(path):
    rig = Rig()
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(int(os.environ["RIG_SECONDS"]))
    kind = path.name.partition("_")[0]
    try:
        {"scenario": story, "console": batch, "inside": widgets}[kind](rig, path)
    except BaseException:
        rig.put("error", traceback.format_exc())
        rig.picture_of_failure()
    rig.put("ok", "error" not in rig.results)
    rig.close()


def too_long(_signal, _frame):
    raise TimeoutError(f"not within {os.environ['RIG_SECONDS']} s")


def story(rig, path):
    spec = importlib.util.spec_from_file_location("scenario", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(rig)


def batch(rig, path):
    """A check in GIMP's batch mode, with the plug-in's own modules within reach."""
    status, said = rig.batch(path)
    assert status == 0, f"GIMP ended with status {status}:\n{said[-6000:]}"


def widgets(rig, path):
    """A check in Python with a display, the plug-in's modules and those beside it within reach."""
    display = rig.display()
    reach = os.pathsep.join((os.environ["RIG_PLUGIN"], str(path.parent)))
    environment = {**display.environment, "PYTHONPATH": reach}
    done = subprocess.run(
        ["python3", path],
        env=environment,
        cwd=rig.out,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    (rig.out / "inside.log").write_text(done.stdout)
    assert done.returncode == 0, f"status {done.returncode}:\n{done.stdout[-6000:]}"
    assert done.stdout.strip(), "nothing has been checked"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
