"""The tables: medians of all runs, and what couplet's are beside its targets."""

from dataclasses import dataclass
from statistics import median
from typing import Callable

ROLES = ("sender", "relay", "receiver")


@dataclass
class Outcome:
    """All that came of one tool at one measure."""

    tool: object
    runs: list
    # Why it wasn't measured, if it wasn't.
    skipped: str = ""
    failed: str = ""

    def median(self, *path):
        """The median over all runs, of a figure or of a figure in a group."""
        return median(dig(run, path) for run in self.runs)

    def spread(self, name, form):
        """A figure's median, with the least and the most if there were several runs."""
        values = [run[name] for run in self.runs]
        text = form.format(median(values))
        return f"{text} ({form.format(min(values))}–{form.format(max(values))})" if len(values) > 1 else text

    def cpu(self):
        """Processor seconds of all programs together."""
        return f"{sum(self.median('cpu_seconds', role) for role in ROLES):.2f}"

    def resident(self):
        """Peak memory at the sender, the relay and the receiver."""
        values = [self.median("resident_mib", role) for role in ROLES]
        return " / ".join(f"{value:.0f}" if value else "–" for value in values)

    def remarks(self):
        """What has to be known to read the figures."""
        noisy = sum(run["noisy"] for run in self.runs)
        return "; ".join(filter(None, [
            self.tool.note,
            self.runs[0]["as_archive"] and "arrives as an archive, not unpacked",
            noisy and f"{noisy} of {len(self.runs)} while something else was running",
            self.failed and f"then FAILED: {self.failed}",
        ]))


def dig(value, path):
    """A value in nested dictionaries."""
    for name in path:
        value = value[name]
    return value


TITLES = {
    "big": "One file of 1 GiB, random, in the page cache",
    "small": "10,000 files of 4 KiB in one directory (100 in each of 100)",
    "tiny": "One file of 1 KiB",
}
SECONDS = ("seconds", lambda outcome: outcome.spread("seconds", "{:.3f}"))
CPU = ("CPU-s", Outcome.cpu)
RESIDENT = ("resident MiB: sender / relay / receiver", Outcome.resident)
COLUMNS = {
    "big": [
        ("MiB/s", lambda outcome: outcome.spread("mib_per_second", "{:.0f}")),
        ("CPU-s per GiB", lambda outcome: outcome.spread("cpu_seconds_per_gib", "{:.2f}")),
        RESIDENT,
    ],
    "small": [
        SECONDS, CPU, RESIDENT,
        ("modes, times", lambda outcome: "kept" if all(run["metadata_kept"] for run in outcome.runs) else "lost"),
    ],
    "tiny": [SECONDS, CPU, RESIDENT],
}


def table(measure, outcomes):
    """The measure's table: every tool has a row, also the one that wasn't measured."""
    columns = COLUMNS[measure]
    rows = [["program", *(title for title, _ in columns), "remarks"]]
    for outcome in outcomes:
        if outcome.runs:
            rows.append([outcome.tool.name, *(value(outcome) for _, value in columns), outcome.remarks()])
        else:
            why = f"skipped: {outcome.skipped}" if outcome.skipped else f"FAILED: {outcome.failed}"
            rows.append([outcome.tool.name, *("–" for _ in columns), why])
    return f"## {TITLES[measure]}\n\n{markdown(rows)}"


def markdown(rows):
    """A table that can be read as it is, too."""
    cells = [[str(cell).replace("|", "/") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


@dataclass
class Target:
    """What couplet is to reach, by itself or beside another in the same runs."""

    text: str
    bound: float
    # The figure, of couplet's outcome and, if `beside` names one, of the other's.
    figure: Callable
    beside: str = ""
    at_least: bool = False

    def row(self, outcomes):
        """Text, figure, target, verdict."""
        needed = [outcomes.get(name) for name in ("couplet", self.beside) if name]
        sign = ">=" if self.at_least else "<="
        if not all(outcome and outcome.runs for outcome in needed):
            return [self.text, "–", f"{sign} {self.bound:g}", "not measured"]
        value = self.figure(*needed)
        met = value >= self.bound if self.at_least else value <= self.bound
        return [self.text, f"{value:.3g}", f"{sign} {self.bound:g}", "met" if met else "missed"]


def faster(beside, bound):
    """So many times the MiB/s of another."""
    return Target(
        f"MiB/s, times those of {beside}", bound, beside=beside, at_least=True,
        figure=lambda own, other: own.median("mib_per_second") / other.median("mib_per_second"))


def cheaper(beside, bound):
    """So many times the processor seconds of another."""
    return Target(
        f"CPU-s per GiB, times those of {beside}", bound, beside=beside,
        figure=lambda own, other: own.median("cpu_seconds_per_gib") / other.median("cpu_seconds_per_gib"))


def within(text, bound, *path):
    """A figure of couplet's own."""
    return Target(text, bound, figure=lambda own: own.median(*path))


TARGETS = {
    "big": [
        faster("floor-blake3", 0.9), faster("croc", 1.9), faster("wormhole-rs", 4.5), faster("sendme", 6),
        within("CPU-s per GiB", 2.1, "cpu_seconds_per_gib"),
        # The same in other words, for a machine that is slower or faster than the one of the figure before.
        cheaper("floor-blake3", 1.1),
        *(within(f"resident MiB of the {role}", most, "resident_mib", role)
          for role, most in (("sender", 32), ("relay", 16), ("receiver", 32))),
    ],
    "small": [within("seconds", 0.7, "seconds")],
    "tiny": [within("seconds", 0.05, "seconds")],
}


def verdicts(measure, outcomes):
    """Couplet's targets at this measure, each met or missed."""
    by_name = {outcome.tool.name: outcome for outcome in outcomes}
    rows = [["couplet", "measured", "target", ""], *(target.row(by_name) for target in TARGETS[measure])]
    return markdown(rows)
