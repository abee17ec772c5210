"""A house on PostgreSQL whose work Celery shares out, and a broker of each kind.

Use with `pytest_plugins = ("tests.databases", "tests.running", "tests.celery.celery_house")`.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue

from connector.dispatch.app import make_app
from connector.dispatch.queues import MEDIA, QUEUES
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

    @property
    def name(self) -> str:
        """What Celery calls it."""
        return f"postrail-{self.process.pid}@{os.uname().nodename}"

    def said(self, what: str) -> int:
        """Count how often it has said something."""
        return self.log.read_text(errors="replace").count(what)

    def end(self) -> None:
        """Ask it to end, and wait for that."""
        self.process.terminate()
        self.process.wait(STOP_S)


@contextmanager
def celery_working(
    at: CeleryHouse, *words: str, until: str = LINKED, **settings: str
) -> Iterator[CeleryWorker]:
    """Run `postrail work --engine celery` with `words`; give it once it has said `until`, and end it.

    The settings, without their prefix, are its own.
    """
    worker = _begin(at, words, settings)
    try:
        eventually(lambda: worker.process.poll() is not None or worker.said(until), what=f"{worker.log}")
        yield worker
    finally:
        worker.end()


def _begin(at: CeleryHouse, words: tuple[str, ...], settings: Mapping[str, str]) -> CeleryWorker:
    house = at.house
    own = {f"POSTRAIL_{name}": value for name, value in {"WORKERS": "2", **settings}.items()}
    log = house.folder / f"work-{len(list(house.folder.glob('work-*.log')))}.log"
    command = (sys.executable, "-m", "connector", "work", "--engine", "celery", *words)
    with log.open("xb") as file:
        process = subprocess.Popen(
            [*command, "--home", str(house.home)],
            cwd=house.folder,
            env={"POSTRAIL_PUBLIC_URL": house.url, **house.environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    return CeleryWorker(process, log)


@contextmanager
def supervised(at: CeleryHouse) -> Iterator[None]:
    """Run such a worker, and start another whenever it ends, as a supervisor does."""
    ended = threading.Event()
    first = _begin(at, (), {})
    eventually(lambda: first.process.poll() is not None or first.said(LINKED), what=f"{first.log}")

    def keep() -> None:
        worker = first
        while not ended.wait(0.1):
            if worker.process.poll() is not None:
                worker = _begin(at, (), {})
        worker.end()

    keeper = threading.Thread(target=keep, name="supervisor")
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def leave_lying(broker: OwnBroker, many: int) -> None:
    """Put messages of an earlier life into the queue `media`."""
    with Connection(broker.url) as connection, connection.Producer() as producer:
        for _ in range(many):
            producer.publish({}, routing_key=MEDIA, delivery_mode="transient", declare=[Queue(MEDIA)])


def ids_of_lying(broker: OwnBroker) -> list[str]:
    """Return Celery's ids of the messages that lie in the queue `media`; they are left there."""
    with Connection(broker.url) as connection, connection.channel() as channel:
        messages = list(iter(Queue(MEDIA)(channel).get, None))
        for message in messages:
            message.requeue()
        return [message.headers["id"] for message in messages]


def tell(broker: OwnBroker, worker: CeleryWorker, say: Callable[..., Any], *words: object) -> None:
    """Tell a worker something by Celery's remote control (`say`), and wait until it has heard it."""
    with Connection(broker.url) as connection:
        answers = say(
            make_app(broker.url).control,
            *words,
            destination=[worker.name],
            connection=connection,
            reply=True,
            limit=1,
            timeout=STOP_S,
        )
    assert [list(answer) for answer in answers] == [[worker.name]]


@contextmanager
def refusing_media(broker: OwnBroker) -> Iterator[None]:
    """Let the broker refuse every message for the queue `media`: a RabbitMQ has another one of that name."""
    with Connection(broker.url) as connection, connection.channel() as channel:
        if connection.transport.driver_type == "redis":
            channel.client.config_set("maxmemory", "1")
        else:
            broker.delete(MEDIA)
            channel.queue_declare(MEDIA, durable=False, auto_delete=False)
        try:
            yield
        finally:
            if connection.transport.driver_type == "redis":
                channel.client.config_set("maxmemory", "0")
            else:
                broker.delete(MEDIA)


@contextmanager
def greedy_listener(url: str) -> Iterator[None]:
    """Take every message at a RabbitMQ before anybody else, and throw it away."""
    ended, listening = threading.Event(), threading.Event()
    arguments = {"x-priority": 10}
    queues = [Queue(name, consumer_arguments=arguments) for name in QUEUES.values()]

    def listen() -> None:
        with (
            Connection(url) as connection,
            Consumer(connection, queues, callbacks=[lambda _body, message: message.ack()], accept=["json"]),
        ):
            listening.set()
            while not ended.is_set():
                with suppress(TimeoutError):
                    connection.drain_events(timeout=0.2)

    listener = threading.Thread(target=listen, name="greedy")
    listener.start()
    listening.wait(STOP_S)
    try:
        yield
    finally:
        ended.set()
        listener.join()
