"""The application: its broker is the one that it was told; its task tells by which queue a message came."""

import pytest

from connector.dispatch.app import make_app, task_of
from connector.dispatch.queues import MEDIA

TOLD = "redis://told:6379/0"
OTHER = "redis://other:6379/3"


@pytest.mark.parametrize("name", ["CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"])
def test_no_variable_of_celery_s_leads_a_worker_to_another_broker(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, OTHER)
    app = make_app(TOLD)
    assert (app.connection_for_read().hostname, app.connection_for_write().hostname) == ("told", "told")


def test_celery_s_own_tools_find_the_broker_by_celery_s_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", OTHER)
    app = make_app()
    assert (app.connection_for_read().hostname, app.connection_for_write().hostname) == ("other", "other")


def test_the_task_is_told_by_which_queue_its_message_came() -> None:
    told: list[tuple[str, ...]] = []

    def work(*words: str) -> str:
        told.append(words)
        return "worked"

    task = task_of(make_app(TOLD, work))
    assert task.apply(("posts", "p", "t"), routing_key=MEDIA).get() == "worked"
    assert told == [(MEDIA, "posts", "p", "t")]
