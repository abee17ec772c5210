"""Celery's own tools beside the workers, by the commands of the guide: `celery inspect`, and Flower's API."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from connector.dispatch.app import TASK
from tests.celery.celery_house import CeleryHouse, celery_working
from tests.running import STOP_S, House, call, eventually, free_port

pytest_plugins = ("tests.databases", "tests.running", "tests.celery.celery_house")

GUIDE = Path(__file__).parents[2] / "docs" / "scaling.md"
INSPECT = "celery -A connector.dispatch.app inspect active_queues"
SHUTDOWN = "celery -A connector.dispatch.app control shutdown"
MANY = 30
FLOWER = "celery -A connector.dispatch.app flower --address=127.0.0.1 --port=5555"


def words(command: str) -> list[str]:
    """Return a command of the guide, run by this Python."""
    assert command in GUIDE.read_text()
    return [sys.executable, "-m", *shlex.split(command)]


def environment(at: CeleryHouse) -> dict[str, str]:
    """Return what the guide sets for both."""
    return {
        **at.house.environment,
        "CELERY_BROKER_URL": at.broker.url,
        "FLOWER_UNAUTHENTICATED_API": "true",
    }


@contextmanager
def flower(at: CeleryHouse) -> Iterator[str]:
    """Run Flower on a free port; give its URL."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        f"--port={url.rpartition(':')[2]}" if word == "--port=5555" else word for word in words(FLOWER)
    ]
    with (at.house.folder / "flower.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=at.house.folder, env=environment(at), stdout=log, stderr=log)
    try:
        yield url
    finally:
        process.terminate()
        process.wait(STOP_S)


def ask(url: str) -> dict[str, Any]:
    """Ask Flower; nothing while it does not answer yet."""
    with suppress(requests.RequestException):
        answer = call("GET", url)
        return answer.body if answer.status == 200 else {}
    return {}


def seen(url: str) -> list[dict[str, Any]]:
    """Return the messages that Flower has seen from their beginning."""
    return [task for task in ask(f"{url}/api/tasks").values() if task["name"] == TASK and task["args"]]


def publish(house: House, title: str) -> str:
    """Publish photos; return the post's id."""
    answer = house.run("post_photos", house.photos(title, wait_seconds="40"))
    assert answer.body["status"] == "published_public"
    return str(answer.body["post_id"])


def test_flower_lists_the_worker_its_queues_and_every_message(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house), flower(celery_house) as url:
        workers = eventually(lambda: ask(f"{url}/api/workers?refresh=true"), what="a worker in Flower")
        ((name, worker),) = workers.items()
        assert name.startswith("postrail-")
        assert {queue["name"] for queue in worker["active_queues"]} == {"postrail.media", "postrail.light"}
        # Flower asks the workers for their events some seconds after its start.
        ids = [publish(house, f"seen in flower {number}") for number in range(MANY) if not seen(url)]
        (first, *_) = eventually(lambda: seen(url), what="a task in Flower")
    assert first["worker"] == name
    assert any(post_id in first["args"] for post_id in ids)


def test_a_worker_that_is_shut_down_through_the_broker_ends_as_if_it_were_asked_to(
    celery_house: CeleryHouse,
) -> None:
    with celery_working(celery_house) as worker:
        subprocess.run(
            words(SHUTDOWN),
            cwd=celery_house.house.folder,
            env=environment(celery_house),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert worker.process.wait(STOP_S) == 0
        assert worker.said("celery_ended") == 1


def test_celery_s_own_command_line_finds_the_workers(celery_house: CeleryHouse) -> None:
    with celery_working(celery_house, "--queue", "media"):
        told = subprocess.run(
            [*words(INSPECT), "--json"],
            cwd=celery_house.house.folder,
            env=environment(celery_house),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    (queues,) = json.loads(told.stdout).values()
    assert [queue["name"] for queue in queues] == ["postrail.media"]
