"""The table of webhook deliveries: what goes to whom, when next, and what came of each try."""

import json
import sqlite3
from dataclasses import dataclass

from connector.kernel.clock import Clock, to_iso, to_iso_or_none
from connector.kernel.jsontext import Json
from connector.sandbox.database import Database
from connector.sandbox.hooks.events import body_of, retry_at, spelt
from connector.sandbox.knobs import Knobs
from connector.sandbox.login.apps import Apps
from connector.sandbox.lots import lot

PENDING = "pending"
DELIVERED = "delivered"
DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One event on its way. `secret` None: the app's own; `skew_s` moves the signature's time (seconds)."""

    number: int
    client_key: str
    url: str
    event: str
    body: str
    secret: str | None
    skew_s: int
    created_at: int
    next_at: int | None
    state: str


class Deliveries:
    """Records events as they happen, for every app that has a callback URL."""

    def __init__(self, database: Database, clock: Clock, apps: Apps, knobs: Knobs) -> None:
        self._database = database
        self._clock = clock
        self._apps = apps
        self._knobs = knobs

    def tell(self, client_key: str, event: str, open_id: str, content: dict[str, Json], at: int) -> None:
        """Queue an event that happened at `at` (UTC ms), as often as the knobs say."""
        behaviour = self._knobs.behaviour
        name = spelt(event, behaviour)
        body = body_of(client_key, name, open_id, content, at)
        if lot(behaviour.seed, "lost", body) < behaviour.webhook_lost:
            return
        self.send(client_key, name, body, times=1 + behaviour.webhook_duplicates)

    def send(
        self,
        client_key: str,
        event: str,
        body: str,
        *,
        times: int = 1,
        secret: str | None = None,
        skew_s: int = 0,
    ) -> None:
        """Queue a body so many times; an app without a callback URL gets none."""
        app = self._apps.find(client_key)
        if app is None or app.traits.webhook_url is None:
            return
        with self._database.transaction():
            for _ in range(times):
                number = self._database.insert(
                    "deliveries",
                    client_key=client_key,
                    url=app.traits.webhook_url,
                    event=event,
                    body=body,
                    secret=secret,
                    skew_s=skew_s,
                    created_at=self._clock.now(),
                    state=PENDING,
                )
                sql = "UPDATE deliveries SET next_at = :at WHERE number = :number"
                self._database.write(sql, number=number, at=self._clock.now() + self._wait(number))

    def due(self, limit: int) -> list[Delivery]:
        """Return what is to be sent now, in the order in which it fell due."""
        sql = "SELECT * FROM deliveries WHERE next_at <= :now ORDER BY next_at, number LIMIT :limit"
        return [Delivery(**dict(row)) for row in self._database.rows(sql, now=self._clock.now(), limit=limit)]

    def note(self, delivery: Delivery, status: int | None, note: str) -> None:
        """Note what came of a try, and when the next one is."""
        now = self._clock.now()
        is_taken = status == 200  # noqa: PLR2004 - anything but 200 is a failure
        with self._database.transaction():
            self._database.insert(
                "delivery_tries", delivery=delivery.number, at=now, status=status, note=note
            )
            tries = len(self.tries(delivery.number))
            again = retry_at(delivery.created_at, now, tries, self._knobs.behaviour.webhook_retry_s)
            state = DELIVERED if is_taken else PENDING if again else DROPPED
            self._database.write(
                "UPDATE deliveries SET state = :state, next_at = :next_at WHERE number = :number",
                number=delivery.number,
                state=state,
                next_at=None if is_taken else again,
            )

    def again(self, number: int) -> bool:
        """Send a delivery once more; False: there is none with this number."""
        sql = "UPDATE deliveries SET state = :state, next_at = :now, created_at = :now WHERE number = :number"
        return bool(self._database.write(sql, state=PENDING, now=self._clock.now(), number=number))

    def tries(self, number: int) -> list[sqlite3.Row]:
        """Return the tries of a delivery, oldest first."""
        sql = "SELECT at, status, note FROM delivery_tries WHERE delivery = :value ORDER BY rowid"
        return self._database.rows(sql, value=number)

    def all(self) -> list[Delivery]:
        """Return all deliveries, oldest first."""
        return [
            Delivery(**dict(row)) for row in self._database.rows("SELECT * FROM deliveries ORDER BY number")
        ]

    def as_dict(self, delivery: Delivery) -> dict[str, Json]:
        """Return a delivery with its tries as the control API shows it."""
        return {
            "number": delivery.number,
            "client_key": delivery.client_key,
            "url": delivery.url,
            "event": delivery.event,
            "body": json.loads(delivery.body),
            "state": delivery.state,
            "created_at": to_iso(delivery.created_at),
            "next_at": to_iso_or_none(delivery.next_at),
            "tries": [
                {"at": to_iso(row["at"]), "status": row["status"], "note": row["note"]}
                for row in self.tries(delivery.number)
            ],
        }

    def _wait(self, number: int) -> int:
        behaviour = self._knobs.behaviour
        shuffle = lot(behaviour.seed, "webhook", number) * behaviour.webhook_shuffle_ms
        return behaviour.webhook_delay_ms + round(shuffle)
