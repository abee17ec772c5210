"""The pretend TikTok's world: it builds the tables over one file and joins them to what can happen."""

import threading
from pathlib import Path

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.accounts import Account, Accounts
from connector.sandbox.clockwork import SandboxClock
from connector.sandbox.database import Database
from connector.sandbox.hooks.courier import Courier
from connector.sandbox.hooks.deliveries import Deliveries
from connector.sandbox.hooks.events import REMOVED
from connector.sandbox.inspection import Inspection
from connector.sandbox.journal import Journal, Rates
from connector.sandbox.knobs import Knobs
from connector.sandbox.lifecycle import Lifecycle
from connector.sandbox.login.desk import LoginDesk
from connector.sandbox.login.grants import open_id_for
from connector.sandbox.markers import Marks
from connector.sandbox.posts import Posts
from connector.sandbox.pulls import Pulls
from connector.sandbox.rules import Rule, Script
from connector.sandbox.snowflakes import Numbers
from connector.sandbox.tasks import Fate, Task, Tasks
from connector.sandbox.uploads import Put, PutReply, Uploads
from connector.sandbox.validate import Init


class World:
    """Everything the pretend TikTok knows, durable under `home`; `clock` is the machine's."""

    def __init__(self, home: Path, *, clock: Clock, ids: Ids) -> None:
        media = home / "media"
        self._incoming = media / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._closing = threading.Event()
        self._database = database = Database(home / "sandbox.db")
        self.clock = now = SandboxClock(clock, database)
        self.knobs = Knobs(database)
        self.journal = Journal(database, now)
        self.rates = Rates(database, now)
        self.script = Script(database, now)
        self.marks = Marks(database)
        self.accounts = Accounts(database, now, ids)
        self.login = LoginDesk(database, now, ids, self.accounts)
        self.hooks = Deliveries(database, now, self.login.apps, self.knobs)
        self.courier = Courier(self.hooks, self.login.apps, self.knobs, now)
        numbers = Numbers(database, now)
        self.tasks = Tasks(database, now, ids, numbers)
        self.posts = Posts(database, numbers)
        self.lifecycle = Lifecycle(
            database, now, self.knobs, tasks=self.tasks, posts=self.posts, hooks=self.hooks
        )
        self._uploads = Uploads(self._incoming, database, self.tasks, self.knobs, clock=now, ids=ids)
        self._inspection = Inspection(
            media,
            database,
            now,
            accounts=self.accounts,
            tasks=self.tasks,
            posts=self.posts,
            files_of=self._files_of,
        )
        self._pulls = Pulls(
            now,
            self.knobs,
            tasks=self.tasks,
            lifecycle=self.lifecycle,
            inspection=self._inspection,
            files_of=self._files_of,
        )

    def open(self) -> None:
        """Take up what the end of an earlier process cut short."""
        for part in self._incoming.glob("*.part"):
            part.unlink()
        self.journal.break_off_open()
        for task in self.tasks.at_stages("checking"):
            self._inspection.check(task)
        for task in self.tasks.at_stages("pulling"):
            self._pulls.start(task)

    def release_all(self) -> None:
        """Hold and delay nobody any more: the server stops."""
        self._closing.set()
        self.knobs.release_all()

    def close(self) -> None:
        """Stop the pulls, release who is held, and close the file, unless a pull still needs it."""
        self.release_all()
        if self._pulls.stop():
            self._database.close()

    def pause(self, seconds: float) -> None:
        """Wait so many real seconds, less when the server stops."""
        self._closing.wait(seconds)

    def strike(self, endpoint: str) -> Rule | None:
        """Count a call and return the rule of the script that strikes it."""
        return self.script.strike(endpoint, self.knobs.behaviour.seed)

    def create(self, account: Account, init: Init, fate: Fate | None = None) -> Task:
        """Make a task of an init call; a pull begins at once."""
        given = fate or Fate(fail_reason=self.knobs.spend_fail_reason())
        task = self.tasks.create(account.open_id, init, client_key=account.client_key, fate=given)
        if task.source == "PULL_FROM_URL":
            self._pulls.start(task)
        return task

    def put(self, put: Put) -> PutReply:
        """Receive one chunk; the last one brings the task to its processing before it is answered."""
        reply = self._uploads.put(put)
        if reply.is_complete and reply.publish_id is not None:
            self._inspection.check(self.tasks.get(reply.publish_id))
        return reply

    def part(self, client_key: str, account: Account, reason: int) -> bool:
        """End a creator's consent to an app: tokens die, work in hand fails, the app is told.

        `reason` is that of `authorization.removed`. False: there was no consent.
        """
        with self._database.transaction():
            if not self.login.forget(client_key, account):
                return False
            open_id = open_id_for(client_key, account.open_id)
            self.hooks.tell(client_key, REMOVED, open_id, {"reason": reason}, self.clock.now())
            for task in self.tasks.unfinished_of(client_key, account.open_id):
                self.lifecycle.fail(task, "auth_removed")
            return True

    def settle(self) -> None:
        """Move every task on whose time has come."""
        self.lifecycle.settle()

    def media_file(self, sha256: str) -> Path:
        """Return where received media stands."""
        return self._inspection.kept(sha256)

    def _files_of(self, task: Task) -> list[Path]:
        if task.source == "FILE_UPLOAD":
            return [self._uploads.file_of(task)]
        number = task.publish_id.rpartition(".")[2]
        return [self._incoming / f"{number}.{index}.pull" for index in range(len(task.urls))]
