"""Sends messages to the broker over a connection of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from celery import Celery
from kombu import Producer
from kombu.exceptions import ChannelError

from connector.dispatch.app import task_of
from connector.dispatch.line import LineLost
from connector.kernel.clock import Clock

CONFIRM_S = 5.0
"""Seconds that RabbitMQ may take to confirm a message."""

NOT_FOUND = "404"
AGAIN_S = 2.0
"""After a message that could not be sent nothing is sent for so many seconds."""


class Broker:
    """`connector.dispatch.line.Line` to the broker of `app`, for one thread.

    It counts as up while this process's own consumer is linked too (`is_linked`), since a broker that nobody
    can be heard through is of no use. A RabbitMQ throws away what nobody takes for `keep_s` seconds.
    """

    def __init__(self, app: Celery, is_linked: Callable[[], bool], clock: Clock, *, keep_s: float) -> None:
        self._app = app
        self._is_linked = is_linked
        self._clock = clock
        self._keep_s = keep_s
        self._producer: Producer | None = None
        self._again_at = clock.ticks()

    def is_up(self) -> bool:
        """Tell whether messages can be sent now, as far as is known."""
        return self._is_linked() and self._clock.ticks() >= self._again_at

    def send(self, queue: str, table: str, row_id: str, token: str) -> None:
        """Send one message, once. Raises LineLost where it may not have arrived."""
        with self._connected() as producer:
            task_of(self._app).apply_async(
                (table, row_id, token),
                queue=queue,
                producer=producer,
                retry=False,
                confirm_timeout=CONFIRM_S,
                expiration=self._keep_s,
            )

    def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue. Raises LineLost where the broker does not say.

        None waits in one that is not there: the next message makes it. For Redis that is any empty one.
        """
        with self._connected() as producer:
            try:
                return int(producer.channel.queue_declare(queue, passive=True).message_count)
            except ChannelError as error:
                if str(error.reply_code) != NOT_FOUND:
                    raise
                # What it has declared it believes to be there.
                producer.connection.declared_entities.clear()
                return 0

    @contextmanager
    def _connected(self) -> Iterator[Producer]:
        try:
            if self._producer is None:
                self._producer = Producer(self._app.connection_for_write())
            yield self._producer
        except Exception as error:
            # A refusal (403, 404, 406 of RabbitMQ, a full Redis) is none of kombu's errors and no OSError.
            self._again_at = self._clock.ticks() + AGAIN_S
            self.close()
            raise LineLost(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """End the connection; the next message makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None and producer.connection is not None:
            producer.connection.collect()
