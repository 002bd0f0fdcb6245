"""While a drag shows twenty previews a second, Krita never stands still for long."""

import time

from draggan_rig.gaps import GapMeter
from draggan_rig.painter import begin_and_place


def main(rig):
    _, _, docker = yield from begin_and_place(rig)
    idle = GapMeter()
    idle.start()
    yield 2000
    rig.put("idle", idle.stop())
    opening, dragging = GapMeter(), GapMeter()
    opening.start()
    yield from docker.click("Drag")
    yield from docker.wait_for_step(1)
    rig.put("opening", opening.stop())
    dragging.start()
    steps, began = [], time.perf_counter()
    while docker.at_work() and time.perf_counter() - began < 12:
        step = docker.step()[0]
        if not steps or steps[-1] != step:
            steps.append(step)
        yield 10
    seconds = time.perf_counter() - began
    rig.put("dragging", dragging.stop())
    rig.put("steps", steps)
    rig.put("seconds", seconds)
    rig.put("previews per second", len(steps) / seconds)
    if docker.at_work():
        yield from docker.click("Stop")
    yield from docker.wait_until_idle()
    yield from rig.screenshot("done")
