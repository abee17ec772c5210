"""The thread that acts on recorded webhooks: apart from the work on posts, which may upload for an hour."""

import threading

from connector.engine.context import Context
from connector.engine.webhooks import LEASE_MS, HookDesk, attend
from connector.kernel.log import get_log
from connector.worker.loop import AFTER_TROUBLE_S, LONGEST_NAP_S

log = get_log("worker")

AT_ONCE = 16
"""Webhooks taken in one claim: few enough to be done long before the lease ends."""


class HookWorker:
    """Acts on webhooks of `desk`, one after the other, until it is stopped."""

    def __init__(self, context: Context, desk: HookDesk) -> None:
        self._context = context
        self._desk = desk
        self._arrived = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def wake(self) -> None:
        """Say that a webhook has been recorded."""
        self._arrived.set()

    def stop(self, *, timeout_s: float) -> bool:
        """Finish the webhook in hand; False when it did not end in time."""
        self._stopping.set()
        self._arrived.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._arrived.clear()
            try:
                letters = self._desk.inbox.claim(self._desk.owner, limit=AT_ONCE, ttl_ms=LEASE_MS)
            except Exception:
                log.exception("webhook_claim_failed")
                self._stopping.wait(AFTER_TROUBLE_S)
                continue
            for letter in letters:
                if self._stopping.is_set():
                    return
                attend(self._context, self._desk, letter)
            if not letters:
                self._arrived.wait(LONGEST_NAP_S)
