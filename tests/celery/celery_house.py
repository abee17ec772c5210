"""A house on PostgreSQL whose work Celery shares out, and a broker of each kind.

Use with `pytest_plugins = ("tests.databases", "tests.running", "tests.celery.celery_house")`.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.drill.brokers import BrokerKind, OwnBroker, why_not
from tests.running import CLOCK, STOP_S, BuildHouse, House, eventually, free_port

LEASE_S = "2"
READY = "and Celery"
LINKED = "broker_linked"


@dataclass(frozen=True)
class CeleryHouse:
    """A house without workers of its own, and the broker through which others get its work."""

    house: House
    broker: OwnBroker


@pytest.fixture(scope="session", params=["rabbitmq", "redis"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """Give a broker of each kind in turn; a test that ends it starts it again."""
    kind: BrokerKind = request.param
    missing = why_not(kind)
    if missing is not None:
        pytest.fail(missing, pytrace=False)
    running = OwnBroker(
        kind, tmp_path_factory.mktemp("brokers") / kind, [free_port() for _ in range(3)], CLOCK
    )
    running.start()
    yield running
    running.close()


@pytest.fixture
def celery_house(postgres_url: str, build_house: BuildHouse, broker: OwnBroker) -> CeleryHouse:
    """Give a house whose server leaves all work to Celery, with short leases."""
    house = build_house(
        DATABASE_URL=postgres_url,
        WORKERS="0",
        LEASE_S=LEASE_S,
        ENGINE="celery",
        BROKER_URL=broker.url,
        LOG_FORMAT="json",
    )
    return CeleryHouse(house, broker)


@dataclass(frozen=True)
class CeleryWorker:
    """A `postrail work --engine celery`, and what it has said."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self, what: str) -> int:
        """Count how often it has said something."""
        return self.log.read_text(errors="replace").count(what)


@contextmanager
def celery_working(at: CeleryHouse, *words: str, until: str = LINKED) -> Iterator[CeleryWorker]:
    """Run `postrail work --engine celery` with `words`; give it once it has said `until`, and end it."""
    house = at.house
    number = len(list(house.folder.glob("work-*.log")))
    log = house.folder / f"work-{number}.log"
    environment = {"POSTRAIL_PUBLIC_URL": house.url, **house.environment, "POSTRAIL_WORKERS": "2"}
    with log.open("ab") as file:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "connector",
                "work",
                "--engine",
                "celery",
                *words,
                "--home",
                str(house.home),
            ],
            cwd=house.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    worker = CeleryWorker(process, log)
    try:
        eventually(lambda: process.poll() is not None or worker.said(until), what=f"{until}: {log}")
        yield worker
    finally:
        process.terminate()
        process.wait(STOP_S)
