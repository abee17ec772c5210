"""The Celery application: two queues, one task, and no setting by which Celery would keep anything.

`celery -A connector.dispatch.app --broker URL inspect active` and Flower find the application here. It is for
looking: what works is `postrail work --engine celery`.
"""

from collections.abc import Callable

from celery import Celery, Task
from kombu import Connection, Queue

from connector.dispatch.queues import LIGHT, QUEUES

TASK = "postrail.advance"
CONNECT_S = 4.0
HEARTBEAT_S = 10.0
"""Seconds after which either side of a connection to RabbitMQ that is silent counts as gone."""

SILENCE_S = 10.0
"""Seconds that Redis may take for an answer."""

Work = Callable[[str, str, str, str], str]
"""Does what a message asks for: its queue, table, row and token. Says what became of it."""


def transport_options(broker_url: str | None) -> dict[str, object]:
    """Return what kombu wants to know besides the URL: a message that is lost on its way is noticed."""
    if broker_url is not None and broker_url.startswith("redis"):
        return {
            "socket_connect_timeout": CONNECT_S,
            "socket_timeout": SILENCE_S,
            "socket_keepalive": True,
            "health_check_interval": SILENCE_S,
        }
    return {"confirm_publish": True}


def _nobody(queue: str, table: str, row_id: str, token: str) -> str:
    raise RuntimeError(f"{queue} {table} {row_id} {len(token)}: run `postrail work --engine celery` to work")


class _Told(Celery):  # type: ignore[misc] # Celery has no types
    """An application on the broker that it was told, whatever CELERY_BROKER_URL and its like say."""

    def __init__(self, broker_url: str | None) -> None:
        super().__init__("postrail", broker=broker_url, set_as_current=False)
        self._told = broker_url

    def connection_for_read(self, url: str | None = None, **options: object) -> Connection:
        """Return a connection to hear from."""
        return super().connection_for_read(url or self._told, **options)

    def connection_for_write(self, url: str | None = None, **options: object) -> Connection:
        """Return a connection to send through."""
        return super().connection_for_write(url or self._told, **options)


def make_app(broker_url: str | None = None, work: Work = _nobody) -> Celery:
    """Return an application whose task does `work`; without a URL Celery's own options name the broker.

    A message is acknowledged before it is worked on, its result is kept nowhere, and it does not outlive the
    broker: the ledger has all that.
    """
    app = _Told(broker_url)
    app.conf.update(
        task_queues=[Queue(name) for name in QUEUES.values()],
        task_default_queue=LIGHT,
        task_create_missing_queues=False,
        task_default_delivery_mode="transient",
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_detect_quorum_queues=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_timeout=CONNECT_S,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=HEARTBEAT_S,
        broker_transport_options=transport_options(broker_url),
    )

    @app.task(name=TASK, shared=False, bind=True)  # type: ignore[untyped-decorator] # Celery has no types
    def advance(task: Task, table: str, row_id: str, token: str) -> str:
        return work(task.request.delivery_info["routing_key"], table, row_id, token)

    return app


def task_of(app: Celery) -> Task:
    """Return the one task of an application."""
    return app.tasks[TASK]


app = make_app()
