"""How soon TikTok's webhooks are answered: a real server that acts on what it has recorded meanwhile.

Each round sends the same number of webhooks (a quarter of them duplicates, a quarter forged) and of requests
for `/healthz`, which records nothing, over the same connections; the ratios are medians of those in a round.
"""

import hashlib
import hmac
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from connector.demo.processes import sandbox_program, server_program
from connector.kernel.clock import SystemClock
from connector.settings import bare_environment

ROUNDS, DELIVERIES, SENDERS = 5, 2_000, 8
TIKTOK_WAITS_S = 1.0
"""The time within which every webhook shall be answered."""

Sent = tuple[str, str, bytes, dict[str, str]]
"""Method, path, body, headers."""


@dataclass(frozen=True)
class Answers:
    """Seconds of each answer, and how many had which status."""

    seconds: list[float]
    statuses: dict[int, int]

    def quantile(self, percent: int) -> float:
        """Return the time in which `percent` of a hundred were answered, in milliseconds."""
        return statistics.quantiles(self.seconds, n=100)[percent - 1] * 1000


def spelt(client_key: str, number: int, at_s: int) -> bytes:
    """Return the body of a webhook as TikTok spells it."""
    content = {"publish_id": f"v_pub_file~v2-1.{number}", "publish_type": "DIRECT_PUBLISH"}
    return json.dumps(
        {
            "client_key": client_key,
            "event": "post.publish.complete",
            "create_time": at_s,
            "user_openid": f"-000{number % 50}",
            "content": json.dumps(content),
        }
    ).encode()


def signed(body: bytes, secret: str, at_s: int) -> dict[str, str]:
    """Return the headers of a webhook."""
    mac = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "TikTok-Signature": f"t={at_s},s={mac}"}


def mixed(client_key: str, secret: str, first: int, at_s: int) -> list[Sent]:
    """Return a round of webhooks: half of them new, a quarter known already, a quarter forged."""
    fresh = [spelt(client_key, first + number, at_s) for number in range(DELIVERIES // 2)]
    sent: list[Sent] = []
    for number, body in enumerate(fresh):
        sent.append(("POST", "/webhooks/tiktok", body, signed(body, secret, at_s)))
        other, key = (body, secret) if number % 2 else (spelt(client_key, number, at_s), "a guess")
        sent.append(("POST", "/webhooks/tiktok", other, signed(other, key, at_s)))
    return sent


def send(url: str, requests_: Sequence[Sent]) -> Answers:
    """Send all over several connections at once."""
    clock, seconds, statuses, lock = SystemClock(), list[float](), dict[int, int](), threading.Lock()

    def one(mine: Sequence[Sent]) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        for method, path, body, headers in mine:
            started = clock.ticks()
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            reply.read()
            took = clock.ticks() - started
            with lock:
                seconds.append(took)
                statuses[reply.status] = statuses.get(reply.status, 0) + 1
        connection.close()

    threads = [threading.Thread(target=one, args=(requests_[place::SENDERS],)) for place in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Answers(seconds, statuses)


def measure(rounds: int = ROUNDS) -> list[tuple[Answers, Answers]]:
    """Return for each round the answers to webhooks and those of `/healthz`."""
    clock, bare = SystemClock(), bare_environment()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postrail-webhooks-")))
        sandbox = sandbox_program(folder / "sandbox", bare, clock, time.sleep)
        sandbox_url = sandbox.start()
        stack.callback(sandbox.stop)
        with requests.Session() as session:
            session.trust_env = False
            app = session.get(f"{sandbox_url}/_sandbox/apps", timeout=20).json()["apps"][0]
        settings = {"POSTRAIL_TIKTOK_BASE_URL": sandbox_url}
        server = server_program(folder / "home", {**bare, **settings}, clock, time.sleep)
        url = server.start()
        stack.callback(server.stop)
        quiet: list[Sent] = [("GET", "/healthz", b"", {})] * DELIVERIES
        found = []
        for number in range(rounds):
            at_s = clock.now() // 1000
            hooks = mixed(app["client_key"], app["client_secret"], number * DELIVERIES, at_s)
            found.append((send(url, hooks), send(url, quiet)))
        return found


def report() -> str:
    """Return the section of the report."""
    found = measure()
    lines = [
        "## Webhooks from TikTok: how soon they are answered",
        "",
        f"{ROUNDS} rounds of {DELIVERIES} deliveries over {SENDERS} connections (half new, a quarter known",
        "already, a quarter forged) while the server acts on them, each round beside as many requests for",
        f"`/healthz`, which records nothing. Budget: all within {TIKTOK_WAITS_S:.0f} s.",
        "",
        "| round | taken / refused | p50, ms | p99, ms | slowest, ms | p50 / healthz | p99 / healthz |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    ratios = [
        (hooks.quantile(50) / quiet.quantile(50), hooks.quantile(99) / quiet.quantile(99))
        for hooks, quiet in found
    ]
    for number, ((hooks, _), (half, tail)) in enumerate(zip(found, ratios, strict=True), 1):
        taken = f"{hooks.statuses.get(200, 0)} / {hooks.statuses.get(401, 0)}"
        times = f"{hooks.quantile(50):.1f} | {hooks.quantile(99):.1f} | {max(hooks.seconds) * 1000:.1f}"
        lines.append(f"| {number} | {taken} | {times} | {half:.1f} | {tail:.1f} |")
    halves, tails = zip(*ratios, strict=True)
    told = f"**{statistics.median(halves):.1f}**; p99: **{statistics.median(tails):.1f}**"
    return "\n".join([*lines, "", f"p50, webhook / healthz: {told}."]) + "\n"


if __name__ == "__main__":
    print(report())
