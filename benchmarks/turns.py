"""A measured process that takes turns: it reads a number of rows, works them off, prints what that took."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.ledgers import Ledger
from benchmarks.machine import tree_cpu_seconds


@dataclass(frozen=True)
class Turn:
    """What a turn of `count` transitions took: seconds, and processor seconds of process and database."""

    count: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Transitions in a second."""
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor milliseconds for each transition."""
        return self.cpu_seconds / self.count * 1000


class Player:
    """`function` of the benchmarks' `module` in a process of its own, on a ledger."""

    def __init__(self, ledger: Ledger, module: str, function: str, *words: str) -> None:
        code = f"import sys; from {module} import {function}; {function}(*sys.argv[1:])"
        self._ledger = ledger
        self._log = ledger.home / f"{function}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(ledger.home), ledger.url, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, line: str) -> str:
        """Send a line, and return the answer. Raises SystemExit with its log where the process ended."""
        if self._process.stdin is None:
            raise AssertionError("a process without its pipes")
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self.hear()

    def hear(self) -> str:
        """Return the next line that it says. Raises SystemExit with its log where the process ended."""
        said = self._process.stdout.readline() if self._process.stdout else ""
        if not said:
            raise SystemExit(self._log.read_text()[-4000:])
        return said.strip()

    def turn(self, count: int) -> Turn:
        """Have so many rows worked off."""
        server = self._ledger.server_pid
        before = tree_cpu_seconds(server) if server else 0.0
        seconds, cpu = json.loads(self.ask(str(count)))
        of_server = tree_cpu_seconds(server) - before if server else 0.0
        return Turn(count, seconds, cpu + of_server)

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def middle(turns: Sequence[Turn], what: str) -> float:
    """Return the median of a figure."""
    return float(statistics.median(getattr(one, what) for one in turns))


def ratio(pairs: Sequence[tuple[Turn, Turn]], what: str) -> float:
    """Return the median of the ratios of a figure within a round."""
    return float(statistics.median(getattr(one, what) / getattr(other, what) for one, other in pairs))
