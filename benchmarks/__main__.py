"""Measure, and write `benchmarks/report.md`: everything, or the parts that are named.

python -m benchmarks                    everything
python -m benchmarks growth two_nodes   these; their sections of the report are replaced, the others stay
python -m benchmarks ledger             all parts about the ledger
"""

import re
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.machine import describe
from connector.kernel.clock import SystemClock, to_iso

REPORT = Path(__file__).with_name("report.md")
LEDGER = ("accepting", "transitions", "growth", "two_nodes", "pending")
PARTS = (
    "big_video",
    "cut_upload",
    "ingest",
    "media",
    "serving",
    "web_server",
    "webhooks",
    "coercion",
    *LEDGER,
)
SECTION = re.compile(r"^(?=## )", re.MULTILINE)


def wanted(words: list[str]) -> list[str]:
    """Return the parts that are named, all where none is. Raises SystemExit for a name that none has."""
    named = [part for word in words for part in (LEDGER if word == "ledger" else (word,))]
    if unknown := [name for name in named if name not in PARTS]:
        raise SystemExit(f"no such part: {', '.join(unknown)}; there are ledger (all of {LEDGER}), {PARTS}")
    return named or list(PARTS)


def merged(report: str, sections: list[str]) -> str:
    """Return a report whose sections of these titles are replaced; a new one comes last."""
    head, *known = SECTION.split(report)
    fresh = {section.partition("\n")[0]: section for section in sections}
    kept = [fresh.pop(section.partition("\n")[0], section).strip() for section in known]
    return "\n\n".join([head.strip(), *kept, *(section.strip() for section in fresh.values())]) + "\n"


def main() -> None:
    """Measure, print and write the report."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    made = to_iso(SystemClock().now())[:10]
    sections = []
    for name in wanted(words):
        print(f"measuring {name} ...", flush=True)
        sections.append(import_module(f"benchmarks.{name}").report())
        print(sections[-1], flush=True)
    head = f"# Measured\n\nMade {made} by `make bench` on: {describe()}\n"
    REPORT.write_text(merged(REPORT.read_text() if words else head, sections))


main()
