"""A process that collects media of a home folder, again and again, until its standard input ends."""

import select
import sys
from pathlib import Path

from connector.settings import load_settings
from connector.wiring.media import gc


def tell(line: str) -> None:
    """Say something to who started this process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Collect until told to stop; print how many files went."""
    settings = load_settings({"home": Path(sys.argv[1]), "database_url": sys.argv[2]})
    went = 0
    tell("ready")
    while not select.select([sys.stdin], [], [], 0)[0]:
        went += gc(settings, dry_run=False, young_ms=0).files
    tell(str(went))


if __name__ == "__main__":
    main()
