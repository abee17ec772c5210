"""What a drill found, and its two reports: an object for programs, lines for people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.drill.judge import PROMISES, Violation
from connector.drill.plan import Plan
from connector.drill.timeline import Line

STORIES = 5
"""How many broken posts are told in full to people; the report for programs has them all."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """The timeline of a post for which a promise was broken."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that a drill found: `counts` of what was seen, `blows` that were struck, `seconds` that it took."""

    plan: Plan
    violations: Sequence[Violation]
    counts: Mapping[str, int]
    blows: Mapping[str, int]
    seconds: float
    versions: Mapping[str, str]
    stories: Sequence[Story] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations

    def broken(self) -> dict[str, int]:
        """Return how often each promise was broken, zeros too."""
        found = Counter(violation.promise for violation in self.violations)
        return {promise: found[promise] for promise in PROMISES}

    def as_dict(self) -> dict[str, object]:
        """Return the report for programs."""
        return {
            "ok": self.ok,
            "seed": self.plan.seed,
            "plan": asdict(self.plan),
            "violations": self.broken(),
            "counts": dict(self.counts),
            "attacks": dict(self.blows),
            "seconds": round(self.seconds, 1),
            "versions": dict(self.versions),
            "broken": [asdict(violation) for violation in self.violations],
            "stories": [asdict(story) for story in self.stories],
        }


def tell(console: Console, findings: Findings) -> None:
    """Print the report for people."""
    for story in findings.stories[:STORIES]:
        console.print(_story(story))
    for violation in findings.violations:
        said = f"{violation.title} ({violation.post_id}): {PROMISES[violation.promise]}; {violation.detail}"
        console.print(Text(said), soft_wrap=True)
    console.print(_table("What was done and seen", [*findings.blows.items(), *findings.counts.items()]))
    promised = ((text, findings.broken()[promise]) for promise, text in PROMISES.items())
    console.print(_table("What may not happen", promised))
    verdict = "Every promise was kept" if findings.ok else f"{len(findings.violations)} promises were broken"
    versions = ", ".join(f"{name} {version}" for name, version in findings.versions.items())
    console.print(
        Text(f"{verdict}: seed {findings.plan.seed}, {findings.seconds:.0f} s, {versions}."), soft_wrap=True
    )


def _table(title: str, rows: Iterable[tuple[str, int]]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for name, count in rows:
        table.add_row(name.replace("_", " "), str(count))
    return table


def _story(story: Story) -> Table:
    table = Table(title=story.title, title_justify="left")
    table.add_column("at (UTC)", no_wrap=True)
    table.add_column("Postrail", overflow="fold")
    table.add_column("TikTok", overflow="fold")
    for line in story.lines:
        table.add_row(line.at[11:23], Text(line.postrail), Text(line.tiktok))
    return table
