"""Sends messages to the broker over a connection of its own."""

from collections.abc import Callable

from celery import Celery
from kombu import Producer

from connector.dispatch.app import task_of
from connector.dispatch.dispatcher import LineLost
from connector.kernel.clock import Clock

CONFIRM_S = 5.0
"""Seconds that RabbitMQ may take to confirm a message."""

AGAIN_S = 2.0
"""After a message that could not be sent nothing is sent for so many seconds."""


class Broker:
    """`connector.dispatch.dispatcher.Line` to the broker of `app`, for one thread.

    It counts as up while this process's own consumer is linked too (`is_linked`), since a broker that nobody
    can be heard through is of no use.
    """

    def __init__(self, app: Celery, is_linked: Callable[[], bool], clock: Clock) -> None:
        self._app = app
        self._is_linked = is_linked
        self._clock = clock
        self._producer: Producer | None = None
        self._again_at = clock.ticks()

    def is_up(self) -> bool:
        """Tell whether messages can be sent now, as far as is known."""
        return self._is_linked() and self._clock.ticks() >= self._again_at

    def send(self, queue: str, table: str, row_id: str, token: str) -> None:
        """Send one message, once. Raises LineLost where it may not have arrived."""
        try:
            self._send(queue, (table, row_id, token))
        except Exception as error:
            # A refusal (403, 404, 406 of RabbitMQ, a full Redis) is none of kombu's errors and no OSError.
            self._again_at = self._clock.ticks() + AGAIN_S
            self.close()
            raise LineLost(f"{type(error).__name__}: {error}") from error

    def _send(self, queue: str, words: tuple[str, str, str]) -> None:
        if self._producer is None:
            self._producer = Producer(self._app.connection_for_write())
        task_of(self._app).apply_async(
            words, queue=queue, producer=self._producer, retry=False, confirm_timeout=CONFIRM_S
        )

    def close(self) -> None:
        """End the connection; the next message makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None and producer.connection is not None:
            producer.connection.collect()
