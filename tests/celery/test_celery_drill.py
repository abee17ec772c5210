"""`postrail drill` with Celery, short: processes are killed and frozen, the broker is wiped and robbed."""

import json
from pathlib import Path

import pytest

from connector.drill.brokers import PACKAGES
from connector.settings import bare_environment
from tests.running import postrail

MEASURE = ("--posts", "36", "--kills", "6", "--freezes", "1", "--seconds", "20", "--settle", "400")
GROUND = ("--postgresql", "--workers", "2", "--full-disks", "0", "--stops", "1", "--broker-faults", "6")


@pytest.mark.parametrize("broker", sorted(PACKAGES))
def test_every_post_is_published_once_and_told_as_it_is(tmp_path: Path, broker: str) -> None:
    report = tmp_path / "report.json"
    told = postrail(
        "drill",
        *(*MEASURE, *GROUND, "--broker", broker, "--seed", "20261120", "--report", str(report)),
        environment=bare_environment(),
        folder=tmp_path,
        timeout_s=500,
    )
    assert report.exists(), told.stderr
    found = json.loads(report.read_text())
    assert (told.returncode, found["broken"]) == (0, [])
    counts, attacks = found["counts"], found["attacks"]
    assert counts["on_tiktok"] + counts["failed_with_every_attempt_spent"] == counts["accepted"] == 36
    assert attacks["wipe_broker"] == attacks["purge_queues"] == attacks["delete_queues"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--broker", "redis"), "--workers"), (("--broker-faults", "1"), "--broker")],
    ids=["nobody to share with", "nothing to break"],
)
def test_what_cannot_be_held_is_said_in_a_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    told = postrail("drill", *words, environment=bare_environment(), folder=tmp_path)
    assert told.returncode == 2
    assert said in told.stderr
