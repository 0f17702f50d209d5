"""One run: from the sender's start to the file at the receiver, checked byte by byte."""

import os
import random
import shlex
import shutil
import subprocess

import machine
from process import Daemon, Failed, Job, Usage, await_port
from tools import WORDS

MIB = 1 << 20
BIG = 1024 * MIB
TINY = 1024
# The small files: so many directories of so many files of so many bytes.
DIRECTORIES, FILES, SMALL = 100, 100, 4096


def make_source(measure, place):
    """Makes what is to be sent, unless it is there from before; returns its path and size."""
    path = f"{place}/{measure}"
    size = {"big": BIG, "small": DIRECTORIES * FILES * SMALL, "tiny": TINY}[measure]
    if not os.path.exists(path):
        fresh = f"{path}.fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        if measure == "small":
            make_tree(fresh)
        else:
            write_random(fresh, size)
        os.rename(fresh, path)
    return path, size


def make_tree(root):
    """Many small files, of two modes, and none of them new: so that it shows who keeps that."""
    for number in range(DIRECTORIES * FILES):
        directory = f"{root}/{number // FILES:03}"
        os.makedirs(directory, exist_ok=True)
        path = f"{directory}/{number:05}.bin"
        write_random(path, SMALL)
        os.chmod(path, 0o750 if number % 2 else 0o640)
        os.utime(path, (10**9 + number, 10**9 + number))


def write_random(path, size):
    """Writes a file that nothing can compress."""
    with open(path, "wb") as file:
        for start in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - start)))


def read_all(path):
    """Has everything in the page cache."""
    files = [path] if os.path.isfile(path) else [f"{d}/{name}" for d, _, names in os.walk(path) for name in names]
    for name in files:
        with open(name, "rb", buffering=0) as file:
            while file.read(MIB):
                pass


def prepare(directory):
    """Writes what the proxy and the SSH server are configured with."""
    with open(f"{directory}/haproxy.cfg", "w") as config:
        config.write(
            "global\n nbthread 1\n"
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 5m\n timeout server 5m\n"
            "frontend here\n bind 127.0.0.1:6000\n default_backend there\n"
            "backend there\n server receiver 127.0.0.1:6001\n")
    if not shutil.which("sshd"):
        return
    for key in ("id", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{directory}/{key}"], check=True)
    # Where it locks itself up, whether or not it asks for anybody's password.
    os.makedirs("/run/sshd", exist_ok=True)
    with open(f"{directory}/sshd_config", "w") as config:
        config.write(
            f"ListenAddress 127.0.0.1:2222\nHostKey {directory}/host\nAuthorizedKeysFile {directory}/id.pub\n"
            "PermitRootLogin prohibit-password\nUsePAM no\nStrictModes no\nPidFile none\n"
            "Subsystem sftp internal-sftp\n")


class Run:
    """One tool moving one source, from cold to done."""

    def __init__(self, tool, source, size, place):
        self.tool, self.source, self.size = tool, source, size
        self.out, self.logs = f"{place}/out", f"{place}/logs"
        self.homes = {role: f"{place}/home-{role}" for role in ("sender", "relay", "receiver")}
        for directory in (self.out, self.logs, *self.homes.values()):
            shutil.rmtree(directory, ignore_errors=True)
            os.makedirs(directory)
        code = f"{random.randrange(1000, 10000)}-{random.choice(WORDS)}-{random.choice(WORDS)}"
        self.words = dict(
            source=source, name=os.path.basename(source), out=self.out, run=f"{place}/run", code=code)
        self.daemons, self.jobs = [], {}

    def _argv(self, command):
        argv = [part.format(**self.words) for part in shlex.split(command)]
        return [shutil.which(argv[0]), *argv[1:]]

    def _env(self, role):
        """Nothing is read from the home of whoever measures, or left in it."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        own = {name: value.format(**self.words) for name, value in self.tool.env.items()}
        return env | {"HOME": self.homes[role]} | own

    def _start(self, role, command, cwd):
        argv, files = self._argv(command), {}
        for sign in ("<", ">"):
            if sign in argv:
                at = argv.index(sign)
                files[sign] = argv[at + 1]
                del argv[at:at + 2]
        job = Job(role, argv, cwd, self._env(role), f"{self.logs}/{role}", files.get("<"), files.get(">"))
        self.jobs[role] = job
        return job

    def _start_daemons(self):
        for relay in self.tool.relays:
            if not relay.ends:
                log = f"{self.logs}/daemon-{relay.port}"
                daemon = Daemon(
                    self._argv(relay.command), relay.port, self.homes[relay.role], self._env(relay.role), log)
                self.daemons.append((relay.role, daemon))

    def _start_end(self, role):
        if role == "sender":
            return self._start(role, self.tool.send, self.homes[role])
        # Some write into the directory that they are started in.
        return self._start(role, self.tool.receive, self.out)

    def _start_ends(self):
        """Starts both ends, and a relay for this run alone, in the tool's order."""
        for relay in self.tool.relays:
            if relay.ends:
                await_port(relay.port, self._start(relay.role, relay.command, self.homes[relay.role]))
        if self.tool.receive is None:
            self._start_end("sender")
            return
        first, second = ("receiver", "sender") if self.tool.first == "receiver" else ("sender", "receiver")
        job = self._start_end(first)
        if isinstance(self.tool.ready, int):
            await_port(self.tool.ready, job)
        elif self.tool.ready:
            said = job.await_output(self.tool.ready)
            if self.tool.serves:
                self.words["code"] = said
        self._start_end(second)

    def measure(self, warmth, wait):
        """Does it, and returns the figures."""
        try:
            self._start_daemons()
            os.sync()
            machine.await_idle(wait)
            read_all(self.source)
            warmth.up(self.source, f"{self.out}/warm")
            busy = machine.busy()
            for _, daemon in self.daemons:
                daemon.begin()
            self._start_ends()
            return self._finish(busy)
        finally:
            for job in self.jobs.values():
                job.stop()
            for _, daemon in self.daemons:
                daemon.stop()

    def _finish(self, busy):
        used = {"sender": Usage(), "relay": Usage(), "receiver": Usage()}
        sender, receiver = self.jobs["sender"], self.jobs.get("receiver")
        if receiver:
            used["receiver"] += receiver.wait(beside=sender)
        if self.tool.serves:
            sender.interrupt()
        used["sender"] += sender.wait(any_status=self.tool.serves)
        if "relay" in self.jobs:
            used["relay"] += self.jobs["relay"].wait()
        for role, daemon in self.daemons:
            used[role] += daemon.end()
        cpu = sum(usage.cpu for usage in used.values())
        seconds = (receiver or sender).ended - sender.started
        figures = {
            "seconds": seconds,
            "mib_per_second": self.size / MIB / seconds,
            "cpu_seconds": {role: usage.cpu for role, usage in used.items()},
            "cpu_seconds_per_gib": cpu / (self.size / 2**30),
            "resident_mib": {role: usage.resident / MIB for role, usage in used.items()},
            "others_cpu_seconds": max(0.0, machine.busy() - busy - cpu),
        }
        return figures | check(self.source, self.out)


def check(source, out):
    """Whether what arrived is what was sent, and how."""
    arrived = f"{out}/{os.path.basename(source)}"
    archives = [f"{out}/{name}" for name in os.listdir(out) if name.endswith(".tar")]
    if archives:
        os.mkdir(f"{out}/unpacked")
        subprocess.run(["tar", "-xf", archives[0], "-C", f"{out}/unpacked"], check=True)
    sent = listing(source)
    # Some put a directory into the one they are told, some only what is in it.
    places = [arrived, out, f"{out}/unpacked", f"{out}/unpacked/{os.path.basename(source)}"]
    found = next((place for place in places if listing(place).keys() == sent.keys()), None)
    if not found:
        raise Failed("what arrived isn't what was sent: the names differ")
    for name in sent:
        if not same_bytes(source + name, found + name):
            raise Failed(f"what arrived isn't what was sent: {name or 'the file'} differs")
    return {"as_archive": bool(archives), "metadata_kept": listing(found) == sent}


def listing(root):
    """Modes and modification times of the files under `root`, by their names from there; or of the file itself."""
    paths = [root] if os.path.isfile(root) else [f"{d}/{name}" for d, _, names in os.walk(root) for name in names]
    stats = {path[len(root):]: os.stat(path) for path in paths}
    return {name: (stat.st_mode, int(stat.st_mtime)) for name, stat in stats.items()}


def same_bytes(one, other):
    """Whether two files have the same contents."""
    with open(one, "rb", buffering=0) as left, open(other, "rb", buffering=0) as right:
        while (chunk := left.read(MIB)) == right.read(MIB):
            if not chunk:
                return True
    return False
