"""Builds the wheel, installs it in an empty environment, and does the whole job there, outside the checkout.

Run it as a script: `python tests/wheel.py`. Exits 0 only if every step did.
"""

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from connector.settings import bare_environment

ROOT = Path(__file__).resolve().parents[1]
STEP_S = 600
PYTHON_NAMES = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


def clean_environment() -> dict[str, str]:
    """Return the environment without anything that leads back to the checkout."""
    return {name: value for name, value in bare_environment().items() if name not in PYTHON_NAMES}


def steps(folder: Path) -> Iterator[tuple[str, list[str], Path]]:
    """Yield what is to be done: what to say, the command, and where it runs. Later ones need the earlier."""
    yield (
        "building the wheel",
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)],
        ROOT,
    )
    wheel = next(folder.glob("*.whl"))
    home = folder / "environment"
    venv.create(home, with_pip=True)
    python, outside = str(home / "bin" / "python"), folder / "outside"
    outside.mkdir()
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ["-c", str(ROOT / "constraints.txt")]
    yield f"installing {wheel.name} in an empty environment", [*install, *constraints, str(wheel)], outside
    postrail = str(home / "bin" / "postrail")
    yield "postrail check", [postrail, "check"], outside
    yield "postrail demo", [postrail, "demo"], outside


def main() -> int:
    """Do every step; return the exit status of the first that fails, else 0."""
    with tempfile.TemporaryDirectory(prefix="postrail-wheel-") as name:
        for said, command, where in steps(Path(name)):
            sys.stdout.write(f"--- {said}\n")
            sys.stdout.flush()
            done = subprocess.run(command, cwd=where, env=clean_environment(), timeout=STEP_S, check=False)
            if done.returncode != 0:
                sys.stdout.write(f"--- {said} ended with exit status {done.returncode}\n")
                return done.returncode
    sys.stdout.write("--- the wheel installs and does the whole job outside the checkout\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
