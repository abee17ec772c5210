"""A process that collects media of a home folder, again and again, until its standard input ends."""

import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from connector.settings import bare_environment, load_settings
from connector.wiring.media import gc

ROOT = Path(__file__).parents[3]


@contextmanager
def collecting(
    home: Path, url: str, settings: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Run a process that collects all the time; end it with the `with`."""
    command = [sys.executable, "-m", "tests.integration.media.collecting_process", str(home), url]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**bare_environment(), **(settings or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def stopped(process: "subprocess.Popen[str]") -> int:
    """Tell a process to stop; return how many files it has collected."""
    told, _ = process.communicate("stop\n", timeout=60)
    return int(told)


def tell(line: str) -> None:
    """Say something to who started this process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Collect until told to stop; print how many files went."""
    settings = load_settings({"home": Path(sys.argv[1]), "database_url": sys.argv[2], "secret_key": "s" * 32})
    went = 0
    tell("ready")
    while not select.select([sys.stdin], [], [], 0)[0]:
        went += gc(settings, dry_run=False, young_ms=0).files
    tell(str(went))


if __name__ == "__main__":
    main()
