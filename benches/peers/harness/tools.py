"""The programs that are measured, and how each is run.

In the commands, {source} is the file or directory to send, {name} the last part of its path, {out} the empty directory
that it is to arrive in, {run} a directory for what a program keeps, {code} a fresh code to meet by.
"""

import shutil
from dataclasses import dataclass, field, replace

# Words of couplet's codes; the other programs take any.
WORDS = "acorn banjo denim elbow gecko hazel igloo koala lamp lemon mango oasis otter quilt robin tulip".split()


@dataclass(frozen=True)
class Relay:
    """A program between the two ends, or a server at one; up when it listens on `port`."""

    command: str
    port: int
    # Whose processor time and memory its own are.
    role: str = "relay"
    # It serves one transfer and ends.
    ends: bool = False


@dataclass(frozen=True)
class Tool:
    """One program, or a pipeline of several, that moves a file."""

    name: str
    # Programs on the PATH.
    needs: tuple
    send: str
    # None where the sender does the receiver's part, too.
    receive: str | None = None
    relays: tuple = ()
    # Who starts first: "together" where either may, "sender" or "receiver".
    first: str = "together"
    # The second starts when the output of the first matches this (a group is the code) or the first
    # listens on this port.
    ready: str | int | None = None
    # The sender goes on serving; it is told to end when the receiver has.
    serves: bool = False
    env: dict = field(default_factory=dict)
    # How its version is asked for.
    version: str | None = None
    note: str = ""

    def missing(self):
        """The program that it needs and this machine hasn't, if any."""
        return next((program for program in self.needs if not shutil.which(program)), None)


COUPLET = Tool(
    "couplet", ("couplet", "couplet-relay"),
    send="couplet send {source} --code {code} --relay 127.0.0.1:3647 --quiet",
    receive="couplet receive {code} --to {out} --relay 127.0.0.1:3647 --yes --quiet",
    relays=(Relay("couplet-relay --listen 127.0.0.1:3647 --data {run}/couplet-relay", 3647),),
    version="couplet --version")


def floor(name, hash):
    """The least that a sealed transfer through a relay can cost; perfkit/src/floor.rs."""
    return Tool(
        name, ("floor",),
        send=f"floor send 127.0.0.1:6000 {{source}} {hash}",
        receive=f"floor receive 127.0.0.1:6000 {{out}}/{{name}} {hash}",
        relays=(Relay("floor relay 6000", 6000, ends=True),), first="receiver", ready="ready")


FLOOR_BLAKE3 = replace(floor("floor-blake3", "blake3"), note="both ends hash")
COPY = Tool("cp", ("cp",), send="cp -r {source} {out}/", note="no network")

# Through a proxy, without sealing and without a check.
HAPROXY = Relay("haproxy -db -f {run}/haproxy.cfg", 6000)
SOCAT = Relay("socat TCP-LISTEN:6000,bind=127.0.0.1,reuseaddr,fork TCP:127.0.0.1:6001", 6000)


def netcat(name, relay):
    """One netcat to another; a directory goes as a tar archive."""
    return Tool(
        name, ("nc.openbsd", relay.command.split()[0]),
        send="nc.openbsd -N 127.0.0.1 6000 < {source}",
        receive="nc.openbsd -l 127.0.0.1 6001 > {out}/{name}",
        relays=(relay,), first="receiver", ready=6001, note="neither sealed nor checked")


def tarred(tool):
    """The same for a directory."""
    return replace(
        tool,
        send="bash -c 'tar -C {source} -cf - . | nc.openbsd -N 127.0.0.1 6000'",
        receive="bash -c 'nc.openbsd -l 127.0.0.1 6001 | tar -C {out} -xf -'")


# A server at the receiver's end, made reachable by a tunnel through bore's.
SSHD = Relay("/usr/sbin/sshd -D -e -f {run}/sshd_config", 2222, role="receiver")
BORE = (
    SSHD,
    Relay("bore server --bind-addr 127.0.0.1 --min-port 7000 --max-port 7999", 7835),
    Relay("bore local 2222 --local-host 127.0.0.1 --to 127.0.0.1 --port 7100", 7100))
SSH = ("-F none -i {run}/id -c aes256-gcm@openssh.com -o StrictHostKeyChecking=no "
       "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR")
SCP = Tool(
    "scp-bore", ("scp", "sshd", "bore"), relays=BORE, version="bore --version",
    send=f"scp -q -r {SSH} -P 7100 {{source}} root@127.0.0.1:{{out}}/")
RSYNC = Tool(
    "rsync-bore", ("rsync", "ssh", "sshd", "bore"), relays=BORE, version="rsync --version",
    send=f"rsync -rW -e 'ssh {SSH} -p 7100' {{source}} root@127.0.0.1:{{out}}/")

CROC = Tool(
    "croc", ("croc",),
    send="croc --relay 127.0.0.1:9009 --ignore-stdin --disable-clipboard --yes send --no-local {source}",
    receive="croc --relay 127.0.0.1:9009 --ignore-stdin --disable-clipboard --yes --overwrite --out {out}",
    relays=(Relay("croc relay --host 127.0.0.1 --source-join-limit 100000 --room-join-limit 100000", 9013),),
    first="sender", ready="other computer", env={"CROC_SECRET": "{code}"}, version="croc --version")

WORMHOLE_RELAYS = (
    Relay("twist wormhole-mailbox --port tcp:4000:interface=127.0.0.1 --channel-db {run}/mailbox.sqlite", 4000),
    Relay("twist transitrelay --port tcp:4001:interface=127.0.0.1", 4001))
RS = "--force-relay --rendezvous-server ws://127.0.0.1:4000/v1 --relay-server tcp://127.0.0.1:4001"
WORMHOLE_RS = Tool(
    "wormhole-rs", ("wormhole-rs", "twist"), relays=WORMHOLE_RELAYS, version="wormhole-rs --version",
    send=f"wormhole-rs send {RS} --no-qr --code {{code}} {{source}}",
    receive=f"wormhole-rs receive {RS} --noconfirm --out-dir {{out}} {{code}}")
PY = "wormhole --relay-url ws://127.0.0.1:4000/v1 --transit-helper tcp:127.0.0.1:4001"
WORMHOLE_PY = Tool(
    "wormhole-py", ("wormhole", "twist"), relays=WORMHOLE_RELAYS, version="wormhole --version",
    send=f"{PY} send --hide-progress --no-listen --code {{code}} {{source}}",
    receive=f"{PY} receive --hide-progress --accept-file --no-listen -o {{out}}/{{name}} {{code}}")
SENDME = Tool(
    "sendme", ("sendme",), version="sendme --version", note="direct, no relay",
    send="sendme send --relay disabled --no-progress --ticket-type addresses {source}",
    receive="sendme receive --relay disabled --no-progress {code}",
    first="sender", ready=r"sendme receive (\S+)", serves=True)

NC_HAPROXY = netcat("nc-haproxy", HAPROXY)
NC_SOCAT = netcat("nc-socat", SOCAT)
OTHERS = [COPY, NC_HAPROXY, NC_SOCAT, RSYNC, SCP, CROC, WORMHOLE_RS, WORMHOLE_PY, SENDME]

# In the order of the tables. The floor moves one file only.
TOOLS = {
    "big": [COUPLET, FLOOR_BLAKE3, floor("floor", "none"), *OTHERS],
    "small": [COUPLET, COPY, tarred(NC_HAPROXY), tarred(NC_SOCAT), *OTHERS[3:]],
    "tiny": [COUPLET, FLOOR_BLAKE3, floor("floor", "none"), *OTHERS],
}
