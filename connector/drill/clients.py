"""The workflow tools of a drill: threads that send posts over the public API and insist on an answer.

A tool that hears nothing sends the same request again under the same key, as n8n, Make and Zapier do.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from connector.drill.caller import Answer, Line, NoAnswer
from connector.drill.judge import Sent, Shown
from connector.drill.media import CLIP, HUGE, LONG, PHOTOS, Media
from connector.drill.plan import Order
from connector.kernel.clock import Clock

PATIENCE_S, HASTE_S = 10.0, 0.03
"""How long an answer is waited for, and how long an impatient tool waits for its first."""

PAUSE_S = 0.25
PASSING = frozenset({408, 425, 429})
"""Refusals after which the same request is sent again, beside every 5xx."""

FIRST_REFUSAL, FIRST_ERROR = 400, 500
LONG_VIDEOS, HUGE_VIDEOS = 5, 25
"""One video in so many is a long one, and one that goes in several chunks."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where tools find the product: its servers' URLs, an API key, the accounts, and the media."""

    urls: Sequence[str]
    key: str
    accounts: Sequence[str]
    media: Media


def files_of(order: Order) -> tuple[str, ...]:
    """Return the names of the files of a post."""
    if order.kind == "photo":
        return PHOTOS
    if order.number % HUGE_VIDEOS == 0:
        return (HUGE,)
    return (LONG if order.number % LONG_VIDEOS == 0 else CLIP,)


def account_of(order: Order, place: Place) -> str:
    """Return the name of the account that a post is for."""
    return place.accounts[order.account % len(place.accounts)]


def meant(order: Order, place: Place) -> Shown:
    """Return a post as TikTok should show it."""
    files = tuple(place.media.hashes[name] for name in files_of(order))
    return Shown(title=order.title, account=account_of(order, place), files=files)


def rows_of(order: Order, place: Place) -> dict[str, str]:
    """Return the rows of a post, as a tool types them."""
    common = {"title": order.title, "privacy": "public", "account": account_of(order, place)}
    urls = [f"{place.media.url}/{name}" for name in files_of(order)]
    if order.kind == "photo":
        return {"photo_images": "\n".join(urls), **common}
    return {"source_url": urls[0], "transfer": "pull" if order.pulled else "upload", **common}


class Clients:
    """Send orders, each in its time, `pause_s` seconds between two calls; give up once `ended` is set."""

    def __init__(
        self,
        place: Place,
        line: Line,
        clock: Clock,
        *,
        began: float,
        ended: threading.Event,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._place = place
        self._line = line
        self._clock = clock
        self._began = began
        self._ended = ended
        self._pause_s = pause_s

    def send_all(self, orders: Sequence[Order], threads: int) -> list[Sent]:
        """Send all orders and return what came of each."""
        with ThreadPoolExecutor(threads, thread_name_prefix="tool") as pool:
            return list(pool.map(self.send, orders))

    def send(self, order: Order) -> Sent:
        """Send one order until it is answered, and once more where it is a twin."""
        self._ended.wait(max(0.0, self._began + order.at_s - self._clock.ticks()))
        first = self._insist(order, Sent(order=order), HASTE_S if order.impatient else PATIENCE_S)
        if not order.twin or not first.post_ids:
            return first
        return self._insist(order, first, PATIENCE_S)

    def _insist(self, order: Order, so_far: Sent, timeout_s: float) -> Sent:
        calls = so_far.calls
        while not self._ended.is_set():
            calls += 1
            answer = self._call(order, calls, timeout_s)
            timeout_s = PATIENCE_S
            if answer is None:
                self._ended.wait(self._pause_s)
                continue
            return _read(so_far, answer, calls)
        return Sent(
            order=order,
            post_ids=so_far.post_ids,
            refusal=so_far.refusal,
            calls=calls,
            replays=so_far.replays,
        )

    def _call(self, order: Order, calls: int, timeout_s: float) -> Answer | None:
        """Make one call at one server after the other; None: the request is to be sent again."""
        urls = self._place.urls
        headers = {"Authorization": f"Bearer {self._place.key}", "Idempotency-Key": order.key}
        operation = "post_video" if order.kind == "video" else "post_photos"
        url = f"{urls[(order.number + calls) % len(urls)]}/v1/operations/{operation}"
        rows = rows_of(order, self._place)
        try:
            answer = self._line.call("POST", url, body=rows, headers=headers, timeout_s=timeout_s)
        except NoAnswer:
            return None
        again = answer.status >= FIRST_ERROR or answer.status in PASSING
        return None if again else answer


def _read(so_far: Sent, answer: Answer, calls: int) -> Sent:
    refused = answer.status >= FIRST_REFUSAL or "post_id" not in answer.body
    said = f"HTTP {answer.status} {answer.body.get('error')}: {answer.body.get('message')}"
    return Sent(
        order=so_far.order,
        post_ids=so_far.post_ids if refused else so_far.post_ids | {str(answer.body["post_id"])},
        refusal=said if refused else so_far.refusal,
        calls=calls,
        replays=so_far.replays + answer.replayed,
    )
