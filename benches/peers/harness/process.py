"""Runs the programs that are measured: how long they take, and what processor time and memory they use."""

import os
import re
import select
import signal
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
# What a program in the middle of a run may take before it counts as hanging.
LIMIT = 300


class Failed(Exception):
    """A program didn't do what was asked of it; the text says which and what."""


class Usage:
    """Processor seconds and peak resident bytes of one role; of several programs, the sums."""

    def __init__(self, cpu=0.0, resident=0):
        self.cpu = cpu
        self.resident = resident

    def __add__(self, other):
        return Usage(self.cpu + other.cpu, self.resident + other.resident)


def tree(pid):
    """The process and its living descendants, parents first."""
    found, left = [], [pid]
    while left:
        parent = left.pop()
        found.append(parent)
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as children:
                    left += map(int, children.read().split())
        except OSError:
            pass  # it has just ended
    return found


def kill(pid, *signals):
    """Sends the signals to the process and its descendants, which may have ended."""
    for number in signals:
        for process in reversed(tree(pid)):
            try:
                os.kill(process, number)
            except OSError:
                pass


def cpu_seconds(pid):
    """Processor seconds of the process and of those of its children that it has waited for."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:15])) / TICKS
    except OSError:
        return 0.0


def resident(pid):
    """Resident bytes of the process."""
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def tail(path):
    """The end of what a program wrote, on one line."""
    with open(path, errors="replace") as text:
        lines = [line.strip() for line in text.read()[-2000:].splitlines() if line.strip()]
    return " / ".join(lines[-6:])[-400:] or "it wrote nothing"


class Daemon:
    """A relay or server, up before a run and down after it."""

    def __init__(self, argv, port, cwd, env, log):
        self.name, self.log = argv[0], log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        await_port(port, self)

    def failure(self):
        """What it left behind, if it has ended."""
        if self.process.poll() is None:
            return None
        return f"{self.name} ended with {self.process.returncode}: {tail(self.log)}"

    def _now(self):
        processes = tree(self.process.pid)
        return Usage(sum(map(cpu_seconds, processes)), sum(map(resident, processes)))

    def begin(self):
        """Counts from here."""
        now = self._now()
        self.before, self.peak, self.counting = now.cpu, now.resident, True
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def _watch(self):
        while self.counting:
            self.peak = max(self.peak, self._now().resident)
            time.sleep(0.1)

    def end(self):
        """What it has used since `begin`."""
        self.counting = False
        self.watcher.join()
        now = self._now()
        return Usage(now.cpu - self.before, max(self.peak, now.resident))

    def stop(self):
        """Ends it and everything it started."""
        self.counting = False
        for number in (signal.SIGTERM, signal.SIGKILL):
            kill(self.process.pid, number)
            try:
                self.process.wait(3)
                return
            except subprocess.TimeoutExpired:
                pass


class Job:
    """A program that does its part of one run and ends."""

    def __init__(self, name, argv, cwd, env, log, stdin=None, stdout=None):
        self.name, self.log, self.figures = name, log, f"{log}.time"
        # Between this script and the program, because a program's peak memory counts what it was forked from.
        argv = ["/usr/bin/time", "--quiet", "--format=%U %S %M", f"--output={self.figures}", *argv]
        with open(log, "wb") as output:
            streams = [open(stdin or os.devnull, "rb"), open(stdout, "wb") if stdout else output]
            self.started = time.monotonic()
            self.process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=streams[0], stdout=streams[1], stderr=output)
        self.handle = os.pidfd_open(self.process.pid)
        for stream in streams:
            stream.close()

    def failure(self):
        """What it said, if it has ended before its time."""
        if self.process.poll() is None:
            return None
        return f"{self.name} ended with {self.process.returncode}: {tail(self.log)}"

    def await_output(self, pattern):
        """Waits until its output matches, and returns the first group, or else all of the match."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            ended = self.failure()
            with open(self.log, errors="replace") as text:
                found = re.search(pattern, text.read())
            if found:
                return found[found.re.groups and 1]
            if ended:
                raise Failed(ended)
            time.sleep(0.002)
        raise Failed(f"{self.name} hangs: {tail(self.log)}")

    def interrupt(self):
        """Ctrl+C, for a program that goes on serving."""
        for process in tree(self.process.pid)[1:2]:
            os.kill(process, signal.SIGINT)

    def wait(self, beside=None, any_status=False):
        """Waits for its end, and returns what it used; `ended` is when that was. Fails if `beside` does, meanwhile."""
        deadline = time.monotonic() + LIMIT
        watched = [self.handle] + ([beside.handle] if beside else [])
        while self.handle in watched:
            # Popen.wait() with a limit looks only every 50 ms.
            ended, _, _ = select.select(watched, [], [], deadline - time.monotonic())
            self.ended = time.monotonic()
            if not ended:
                raise Failed(f"{self.name} hangs: {tail(self.log)}")
            if beside and beside.handle in ended and beside.process.wait() != 0:
                raise Failed(beside.failure())
            watched = [handle for handle in watched if handle not in ended]
        if self.process.wait() != 0 and not any_status:
            raise Failed(self.failure())
        with open(self.figures) as figures:
            user, system, kibibytes = figures.read().split()[-3:]
        return Usage(float(user) + float(system), int(kibibytes) * 1024)

    def stop(self):
        """Ends it, if it hasn't."""
        if self.process.poll() is None:
            kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.handle)


def await_port(port, program):
    """Waits until somebody listens on the port, which `program` is to do."""
    wanted = f":{port:04X}"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            if not os.path.exists(table):
                continue
            with open(table) as lines:
                for fields in map(str.split, lines):
                    # 0A is the state LISTEN.
                    if fields[1].endswith(wanted) and fields[3] == "0A":
                        return
        if ended := program.failure():
            raise Failed(ended)
        time.sleep(0.002)
    raise Failed(f"{program.name} doesn't listen on port {port}")
