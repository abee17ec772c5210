"""Write `docs/capacity.md`."""

import json
from pathlib import Path

from benchmarks.capacity.assumptions import FILE, read
from benchmarks.capacity.cost import Measured
from benchmarks.capacity.page import render

COSTS = Path(__file__).parents[1] / "costs.json"
DOCUMENT = Path(__file__).parents[2] / "docs" / "capacity.md"


def page() -> str:
    """Return the page of the costs and the assumptions that are written down."""
    given, lines = read(FILE.read_text())
    return render(Measured.of(json.loads(COSTS.read_text())), given, lines)


if __name__ == "__main__":
    DOCUMENT.write_text(page())
