"""The machine: its network, whether it is idle, and its memory made ready, so that figures are the programs' own."""

import os
import platform
import shutil
import subprocess
import time

from process import TICKS

# Idle: this many seconds in a row with less than this share of one processor busy.
IDLE_SECONDS = 3
IDLE_SHARE = 0.15
CONGESTION = "/proc/sys/net/ipv4/tcp_congestion_control"


class NotIdle(Exception):
    """Something else runs here, so nothing can be measured."""


def network(congestion):
    """Brings up loopback, all there is in this network namespace, with the congestion control for everybody."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if congestion:
        with open(CONGESTION, "w") as setting:
            setting.write(congestion)


def facts():
    """What the figures depend on, for the record."""
    with open("/proc/cpuinfo") as cpuinfo:
        models = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    with open("/proc/meminfo") as meminfo:
        kibibytes = int(meminfo.readline().split()[1])
    with open(CONGESTION) as setting:
        congestion = setting.read().strip()
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processors": len(os.sched_getaffinity(0)),
        "model": models[0] if models else platform.machine(),
        "memory_gib": round(kibibytes / 2**20, 1),
        "kernel": platform.release(),
        "congestion_control": congestion,
    }


def busy():
    """Processor seconds that this machine has worked since it started."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def await_idle(most):
    """Waits until the machine is idle; fails if it isn't within `most` seconds. None are no wait."""
    if not most:
        return
    deadline = time.monotonic() + most
    idle = 0
    while idle < IDLE_SECONDS:
        if time.monotonic() > deadline:
            raise NotIdle(f"this machine wasn't idle within {most} s: end what else runs, or let --wait be more")
        before = busy()
        time.sleep(1)
        idle = idle + 1 if busy() - before < IDLE_SHARE else 0


class Warmth:
    """Memory that can be written to at full speed.

    A virtual machine may give freed memory back to its host. The first write to such memory then costs more than
    moving a file does: seconds for each GiB. Right before a run, what it sends is therefore copied and removed until
    that costs as little as it ever did. On other machines two copies do.
    """

    MOST = 16

    def __init__(self):
        self.least = None

    def up(self, source, place):
        """Copies `source` to `place` and removes it, until that was quick twice in a row."""
        # How quick it can be shows only after some.
        known, quick = self.least is not None, 0
        for _ in range(self.MOST):
            before = os.times().children_system
            subprocess.run(["cp", "-r", source, place], check=True)
            cost = os.times().children_system - before
            shutil.rmtree(place) if os.path.isdir(place) else os.remove(place)
            self.least = min(cost, self.least or cost)
            quick = quick + 1 if cost <= 1.25 * self.least + 0.02 else 0
            if known and quick == 2:
                break
