"""The Celery engine put together: dispatcher, consumer, and the net of local threads under both."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from connector.dispatch.app import make_app
from connector.dispatch.broker import Broker
from connector.dispatch.celerylog import join_logs
from connector.dispatch.consumer import Consumer
from connector.dispatch.crew import Crew
from connector.dispatch.dispatcher import OVERDUE_LEASES, Dispatcher
from connector.dispatch.net import Net
from connector.dispatch.queues import QUEUES
from connector.dispatch.watchdog import LOOK_LEASES, Watchdog
from connector.dispatch.window import Window
from connector.engine.claim import InHand
from connector.engine.context import Context
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.wiring.parts import Parts
from connector.worker.loop import Worker


@dataclass(frozen=True, kw_only=True)
class CeleryWork:
    """The whole of a `postrail work --engine celery`, started and ended like a `Worker`."""

    dispatcher: Dispatcher
    consumer: Consumer
    broker: Broker
    watchdog: Watchdog
    worker: Worker
    clock: Clock

    def start(self) -> None:
        """Begin to dispatch, to take, and to watch."""
        self.consumer.start()
        self.dispatcher.start()
        self.worker.start()

    def wake(self) -> None:
        """Say that a post has become due."""
        self.dispatcher.wake()
        if not self.dispatcher.is_up():
            self.worker.wake()

    def ask_to_stop(self) -> None:
        """Take nothing more; the work in hand goes on to its next safe point."""
        self.dispatcher.ask_to_stop()
        self.consumer.ask_to_stop()
        self.worker.ask_to_stop()

    def stop(self, *, timeout_s: float) -> bool:
        """Dispatch and take nothing more, and wait for the work in hand; False when some did not end.

        The three end side by side: `timeout_s` is for all of them.
        """
        self.ask_to_stop()
        deadline = self.clock.ticks() + timeout_s
        self.dispatcher.stop(timeout_s=timeout_s)
        ended = self.consumer.stop(timeout_s=max(0.0, deadline - self.clock.ticks()))
        self.broker.close()
        return self.worker.stop(timeout_s=max(0.0, deadline - self.clock.ticks())) and ended

    def demand_well(self) -> None:
        """Raise PostrailError `not_ready` where this process heard no messages, or Celery could not go on.

        A supervisor starts the process anew then.
        """
        if self.consumer.has_failed:
            raise PostrailError("not_ready", "Celery could not go on; the lines above say why.")
        if self.watchdog.has_given_up:
            raise PostrailError(
                "not_ready",
                "Messages lie at the broker, and none arrives, though this process waits for them. No post "
                "is lost; a new start makes new queues and connections.",
            )


def build_celery(
    parts: Parts,
    context: Context,
    names: Collection[str],
    *,
    give_up: Callable[[], None],
    late_s: float,
) -> CeleryWork:
    """Build it on the queues of these names (none: on all); `give_up` is called when the process should end.

    A post that has been due for `late_s` seconds is worked on here, whoever should have.
    """
    settings = parts.settings
    threads, lease_s, owner = max(1, settings.workers), settings.lease_s, parts.owner
    queues = sorted(QUEUES[name] for name in names or QUEUES)
    in_hand = InHand()
    crew = Crew(
        context, owner=owner, threads=threads, lease_s=lease_s, in_hand=in_hand, queues=frozenset(queues)
    )
    join_logs()
    app = make_app(settings.broker_url.get_secret_value() if settings.broker_url else None, crew.work)
    consumer = Consumer(
        app,
        queues=queues,
        threads=threads,
        is_of_use=lambda: not context.late_ms(),
        on_link=crew.stir,
        on_end=give_up,
    )
    broker = Broker(app, consumer.is_linked, parts.clock, keep_s=OVERDUE_LEASES * lease_s)
    watchdog = Watchdog(crew, broker, parts.clock, every_s=LOOK_LEASES * lease_s, give_up=give_up)
    dispatcher = Dispatcher(
        context,
        broker,
        crew,
        watchdog,
        owner=owner,
        lease_s=lease_s,
        in_hand=in_hand,
        window=Window(settings.dispatch_window),
    )
    net = Net(
        context,
        dispatcher,
        owner=owner,
        lease_s=lease_s,
        late_s=late_s,
        in_hand=in_hand,
        queues=frozenset(queues),
    )
    worker = Worker(context, owner=owner, threads=threads, lease_s=lease_s, source=net, in_hand=in_hand)
    return CeleryWork(
        dispatcher=dispatcher,
        consumer=consumer,
        broker=broker,
        watchdog=watchdog,
        worker=worker,
        clock=parts.clock,
    )
