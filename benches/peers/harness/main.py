"""Measures couplet beside its peers; run.sh starts it, in namespaces of its own."""

import argparse
import json
import os
import shutil
import subprocess
import sys

import machine
import report
import transfer
from process import Failed
from tools import TOOLS

MEASURES = ("big", "small", "tiny")
# A run during which others used more than this share of one processor is done again, so often at most.
NOISE = 0.15
TRIES = 3


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("measure", nargs="?", default="all", choices=[*MEASURES, "all"])
    parser.add_argument("--runs", type=int, default=3, help="of each program at each measure (3)")
    parser.add_argument("--peers", metavar="A,B,C", help="couplet and these only; all: " + ", ".join(names()))
    parser.add_argument("--congestion", metavar="NAME", help="TCP's congestion control, for all (this machine's own)")
    parser.add_argument("--place", metavar="DIR", help="where all files lie (see README.md)")
    parser.add_argument("--wait", type=int, default=300, metavar="SECONDS",
                        help="for an idle machine, each time; 0: not at all, to try something out (300)")
    parser.add_argument("--home", default="target/peers", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    chosen.peers = names() if chosen.peers is None else chosen.peers.split(",")
    if unknown := set(chosen.peers) - set(names()):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
    if chosen.runs < 1:
        parser.error("--runs counts from 1")
    return chosen


def names():
    """Those who are measured, in the order of the tables."""
    return list(dict.fromkeys(tool.name for tools in TOOLS.values() for tool in tools))


def version(tool):
    """The first line of what the program says its version is."""
    if not tool.version or tool.missing():
        return None
    said = subprocess.run(tool.version.split(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    first = (said.stdout or said.stderr).strip().partition("\n")[0]
    return " ".join(first.split())


class Results:
    """Every run as a line of JSON, added to one file."""

    def __init__(self, path, facts):
        self.path, self.facts = path, facts

    def add(self, **run):
        """One run more."""
        with open(self.path, "a") as file:
            file.write(json.dumps(self.facts | run) + "\n")


def run_once(tool, source, size, place, warmth, wait):
    """One run that was alone on this machine, if that can be had."""
    for _ in range(TRIES):
        figures = transfer.Run(tool, source, size, place).measure(warmth, wait)
        # What a kernel thread does for us counts as others', too: a little is always there.
        figures["noisy"] = figures["others_cpu_seconds"] > max(0.3, NOISE * figures["seconds"])
        if not figures["noisy"]:
            break
    return figures


def measure(name, tools, place, chosen, results):
    """All tools at one measure, by turns, so that what changes with time hits all alike."""
    os.makedirs(f"{place}/run")
    transfer.prepare(f"{place}/run")
    source, size = transfer.make_source(name, place)
    warmth = machine.Warmth()
    outcomes = [report.Outcome(tool, []) for tool in tools]
    for outcome in outcomes:
        if missing := outcome.tool.missing():
            outcome.skipped = f"no {missing} here"
    for number in range(1, chosen.runs + 1):
        for outcome in outcomes:
            if outcome.skipped or outcome.failed:
                continue
            print(f"{name} {number}/{chosen.runs}: {outcome.tool.name}", file=sys.stderr, flush=True)
            try:
                figures = run_once(outcome.tool, source, size, place, warmth, chosen.wait)
            except Failed as failure:
                outcome.failed = str(failure)
                results.add(measure=name, tool=outcome.tool.name, run=number, failed=outcome.failed)
                continue
            outcome.runs.append(figures)
            results.add(measure=name, tool=outcome.tool.name, run=number, **figures)
    return outcomes


def main():
    """Measures, prints, and says by its status whether everything that is here did its work."""
    chosen = arguments()
    if missing := [program for program in ("/usr/bin/time", "ip", "cp", "tar") if not shutil.which(program)]:
        sys.exit(f"run.sh needs {', '.join(missing)}")
    home = os.path.abspath(chosen.home)
    os.makedirs(home, exist_ok=True)
    machine.network(chosen.congestion)
    facts = machine.facts()
    versions = [said for tool in TOOLS["big"] if tool.name in ["couplet", *chosen.peers] and (said := version(tool))]
    results = Results(f"{home}/results.jsonl", facts | {"versions": versions})
    print(", ".join(f"{name}: {value}" for name, value in facts.items()))
    print("versions:", "; ".join(versions), flush=True)
    failed = False
    for name in MEASURES if chosen.measure == "all" else [chosen.measure]:
        # A disk would be measured more than the programs: each file that is made costs it the same, and so does
        # each page, whoever writes it.
        usual = "/dev/shm" if name != "tiny" and os.path.isdir("/dev/shm") else home
        place = f"{chosen.place or usual}/couplet-peers-{os.getuid()}"
        shutil.rmtree(f"{place}/run", ignore_errors=True)
        tools = [tool for tool in TOOLS[name] if tool.name in ["couplet", *chosen.peers]]
        try:
            outcomes = measure(name, tools, place, chosen, results)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        print(f"\n{report.table(name, outcomes)}\n\n{report.verdicts(name, outcomes)}", flush=True)
        failed |= any(outcome.failed for outcome in outcomes)
    print(f"\nEvery run: {results.path}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except machine.NotIdle as reason:
        sys.exit(f"run.sh: {reason}")
    except KeyboardInterrupt:
        sys.exit(130)
