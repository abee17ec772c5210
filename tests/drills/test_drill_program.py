"""`postrail drill`, short: the product comes through on both databases, one without the gate does not.

The longer ones are run by `make drill`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.settings import bare_environment
from tests.running import postrail

MEASURE = ("--posts", "36", "--kills", "6", "--freezes", "1", "--seconds", "15", "--settle", "400")
ON = {
    "sqlite": ("--full-disks", "1", "--clock-steps", "1"),
    "postgresql": ("--postgresql", "--stops", "1", "--servers", "2", "--workers", "1", "--full-disks", "0"),
}
NAIVE = ("--posts", "30", "--kills", "2", "--seconds", "8", "--settle", "40")
ALONE = ("--restarts", "0", "--freezes", "0", "--full-disks", "0")


def drill(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Hold a drill; return its exit status and its report."""
    report = folder / "report.json"
    told = postrail(
        "drill", *words, "--report", str(report), environment=bare_environment(), folder=folder, timeout_s=500
    )
    assert report.exists(), told.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    assert f"--seed {found['seed']}" in told.stderr
    return told.returncode, found


@pytest.mark.parametrize("database", ON)
def test_every_post_is_published_once_and_told_as_it_is(tmp_path: Path, database: str) -> None:
    status, report = drill(tmp_path, *MEASURE, *ON[database], "--seed", "20261120")
    assert (status, report["broken"]) == (0, [])
    counts = report["counts"]
    assert counts["on_tiktok"] + counts["failed_with_every_attempt_spent"] == counts["accepted"] == 36
    assert report["attacks"]["kill"] == 6
    assert counts["ambiguous_inits"] > 0


@pytest.mark.parametrize(
    ("variant", "promise"), [("no-gate-retry", "twice"), ("no-gate-park", "unconfirmed")]
)
def test_an_engine_without_the_gate_is_found_out(tmp_path: Path, variant: str, promise: str) -> None:
    status, report = drill(tmp_path, *NAIVE, *ALONE, "--naive", variant, "--seed", "1")
    assert (status, report["ok"]) == (1, False)
    assert report["violations"][promise] > 0
    assert report["stories"][0]["lines"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--servers", "2"), "--postgresql"),
        (("--stops", "1"), "--postgresql"),
        (("--naive", "no-gate"), "no-gate-retry"),
        (("--gate-mode", "ajar"), "POSTRAIL_GATE_MODE"),
        (("--database-url", "postgresql://127.0.0.1:9/nowhere"), "cannot be reached"),
    ],
    ids=["servers", "stops", "naive", "gate mode", "database"],
)
def test_what_cannot_be_held_is_said_in_a_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    told = postrail("drill", *words, environment=bare_environment(), folder=tmp_path)
    assert told.returncode == 2
    assert said in told.stderr
    assert "Traceback" not in told.stderr
