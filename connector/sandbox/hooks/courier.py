"""Takes webhooks to their callback URL over HTTP, signed; any answer but 200 is a failure."""

from typing import Protocol

import requests

from connector.kernel.clock import Clock
from connector.sandbox.hooks.deliveries import Deliveries, Delivery
from connector.sandbox.hooks.events import signature
from connector.sandbox.knobs import Knobs
from connector.sandbox.login.apps import Apps

TIMEOUT = (3.0, 10.0)
"""Seconds to connect, and to answer."""
AT_ONCE = 50
"""Deliveries of one round."""


class Post(Protocol):
    """Sends one webhook."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str], /) -> int:
        """Return the HTTP status. Raises OSError when there is no answer."""


class HttpPost:
    """Sends over one session, following no redirect and no proxy of the environment."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(self, url: str, body: bytes, headers: dict[str, str], /) -> int:
        """Return the HTTP status. Raises OSError when there is no answer."""
        with self._session.post(
            url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
        ) as reply:
            return reply.status_code

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class Courier:
    """Sends what is due, one after the other, so that the order is the knobs' alone."""

    def __init__(self, deliveries: Deliveries, apps: Apps, knobs: Knobs, clock: Clock) -> None:
        self._deliveries = deliveries
        self._apps = apps
        self._knobs = knobs
        self._clock = clock

    def deliver_due(self, post: Post) -> int:
        """Send what is due now and return how many tries that were."""
        due = self._deliveries.due(AT_ONCE)
        for delivery in due:
            self._deliver(delivery, post)
        return len(due)

    def _deliver(self, delivery: Delivery, post: Post) -> None:
        body = delivery.body.encode()
        secret = delivery.secret or self._apps.get(delivery.client_key).client_secret
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "tiktok-sandbox-webhooks",
            "TikTok-Signature": signature(secret, body, self._signed_at(delivery) + delivery.skew_s),
        }
        try:
            status = post(delivery.url, body, headers)
        except OSError as error:
            self._deliveries.note(delivery, None, type(error).__name__)
        else:
            self._deliveries.note(delivery, status, "answered")

    def _signed_at(self, delivery: Delivery) -> int:
        at = delivery.created_at if self._knobs.behaviour.webhook_same_t else self._clock.now()
        return at // 1000
