"""The pretend TikTok's world: it holds the tables together and moves every task on.

Time drives it without a thread: whoever looks settles what has fallen due, dated when it did. Only pulls
have threads; those that a crash cut short begin anew when the world is opened.
"""

import hashlib
import os
import threading
from pathlib import Path

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.accounts import Accounts
from connector.sandbox.chunks import MAX_VIDEO
from connector.sandbox.database import Database
from connector.sandbox.journal import Journal, Rates
from connector.sandbox.knobs import Knobs
from connector.sandbox.looks import FORMAT, MAX_PHOTO_BYTES, Look, look_at_photo, look_at_video
from connector.sandbox.posts import Posts
from connector.sandbox.pull import Limits, Puller, PullFailed, Stopped
from connector.sandbox.snowflakes import Numbers
from connector.sandbox.states import Step, next_step
from connector.sandbox.tasks import Task, Tasks
from connector.sandbox.uploads import Put, PutReply, Uploads
from connector.sandbox.validate import Init

INBOX_MAX_SECONDS = 600
"""Seconds: the API's ceiling, which holds for drafts, where no creator's limit is asked."""
PULL_END = 3.0
"""Seconds a pull gets to notice that the world closes."""
PROGRESS_STEP = 4 * 1024 * 1024
"""Bytes of a pull between two notes of its progress."""


class World:
    """Everything the pretend TikTok knows, durable under `home`."""

    def __init__(self, home: Path, *, clock: Clock, ids: Ids) -> None:
        self._media = home / "media"
        self._incoming = home / "media" / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._stop = threading.Event()
        self._pulls: list[threading.Thread] = []
        self._database = Database(home / "sandbox.db")
        numbers = Numbers(self._database, clock)
        self.accounts = Accounts(self._database, clock, ids)
        self.tasks = Tasks(self._database, clock, ids, numbers)
        self.posts = Posts(self._database, numbers)
        self.knobs = Knobs(self._database)
        self.journal = Journal(self._database, clock)
        self.rates = Rates(self._database, clock)
        self._uploads = Uploads(self._incoming, self._database, self.tasks, self.knobs, clock=clock, ids=ids)

    def open(self) -> None:
        """Take up what the end of an earlier process cut short."""
        for part in self._incoming.glob("*.part"):
            part.unlink()
        self.journal.break_off_open()
        for task in self.tasks.at_stages("checking"):
            self._check(task)
        for task in self.tasks.at_stages("pulling"):
            self._start_pull(task)

    def close(self) -> None:
        """Stop the pulls, release who is held, and close the file.

        A pull that its server holds keeps the file open until this process ends.
        """
        self._stop.set()
        self.knobs.release_all()
        for pull in self._pulls:
            pull.join(timeout=PULL_END)
        if not any(pull.is_alive() for pull in self._pulls):
            self._database.close()

    def create(self, open_id: str, init: Init) -> Task:
        """Make a task of an init call; a pull begins at once."""
        task = self.tasks.create(open_id, init, self.knobs.spend_fail_reason())
        if task.source == "PULL_FROM_URL":
            self._start_pull(task)
        return task

    def put(self, put: Put) -> PutReply:
        """Receive one chunk; the last one brings the task to its processing before it is answered."""
        reply = self._uploads.put(put)
        if reply.is_complete and reply.publish_id is not None:
            self._check(self.tasks.get(reply.publish_id))
        return reply

    def cancel(self, task: Task) -> bool:
        """Cancel a pull that still goes on; False: it is too late, or there is none (reference 4.8)."""
        step = Step(stage="failed", at=self._clock.now(), fail_reason="publish_cancelled")
        return task.stage == "pulling" and self.tasks.move(task, step)

    def settle(self) -> None:
        """Move every task on whose time has come."""
        for task in self.tasks.at_stages("processing", "moderating"):
            self.settled(task)

    def settled(self, task: Task) -> Task:
        """Move one task on as far as it is due, and return it as it then stands."""
        step = next_step(task.progress, self.knobs.dial, self._clock.now())
        while step is not None:
            self._take(task, step)
            task = self.tasks.get(task.publish_id)
            step = next_step(task.progress, self.knobs.dial, self._clock.now())
        return task

    def media_file(self, sha256: str) -> Path:
        """Return where received media stands."""
        return self._media / sha256

    def _take(self, task: Task, step: Step) -> None:
        with self._database.transaction():
            if not self.tasks.move(task, step):
                return
            if task.stage == "processing" and step.stage in ("moderating", "complete"):
                self.posts.publish(task, step.at)
            if task.stage == "moderating":
                self.posts.make_public(task, step.at)

    def _check(self, task: Task) -> None:
        """Look at what arrived, keep it if it is allowed, and begin the processing."""
        files = self._files_of(task)
        looks = [self._look(task, file) for file in files]
        verdict = next((look.fail_reason for look in looks if look.fail_reason), None)
        hashes = [] if verdict else [self._keep(file) for file in files]
        with self._database.transaction():
            if self.tasks.move(task, Step(stage="processing", at=self._clock.now())):
                if verdict is not None:
                    self.tasks.set_verdict(task.publish_id, verdict)
                for position, sha256 in enumerate(hashes):
                    size = files[position].stat().st_size
                    self.posts.add_media(task.publish_id, position, sha256, size, looks[position])
        self._forget_files(task)

    def _look(self, task: Task, file: Path) -> Look:
        if task.kind == "photo":
            return look_at_photo(file)
        if file.stat().st_size > MAX_VIDEO:
            return Look(content_type="application/octet-stream", fail_reason=FORMAT)
        account = self.accounts.by_id(task.open_id)
        direct = task.flow == "direct" and account is not None
        limit = account.traits.max_video_post_duration_sec if direct and account else INBOX_MAX_SECONDS
        return look_at_video(file, limit)

    def _keep(self, file: Path) -> str:
        """Give a file its place by content; it stays where it came in as well until the task has moved."""
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        kept = self.media_file(sha256)
        if not kept.exists():
            os.link(file, kept)
        return sha256

    def _files_of(self, task: Task) -> list[Path]:
        if task.source == "FILE_UPLOAD":
            return [self._uploads.file_of(task)]
        number = task.publish_id.rpartition(".")[2]
        return [self._incoming / f"{number}.{index}.pull" for index in range(len(task.urls))]

    def _start_pull(self, task: Task) -> None:
        pull = threading.Thread(target=self._pull, args=(task,), name=f"pull {task.publish_id}", daemon=True)
        self._pulls = [*(thread for thread in self._pulls if thread.is_alive()), pull]
        pull.start()

    def _pull(self, task: Task) -> None:
        puller = Puller(self._clock, self._stop, lambda: self.tasks.get(task.publish_id).stage == "pulling")
        try:
            self._pull_all(puller, task)
        except PullFailed:
            self._fail_pull(task)
        except Stopped:
            self._forget_files(task)
        else:
            self._received(task)
        finally:
            puller.close()

    def _pull_all(self, puller: Puller, task: Task) -> None:
        photo = task.kind == "photo"
        limits = Limits(
            patience=self.knobs.dial.pull_patience, max_bytes=MAX_PHOTO_BYTES if photo else MAX_VIDEO
        )
        before = 0
        for url, file in zip(task.urls, self._files_of(task), strict=True):
            puller.fetch(url, file, limits, _Noting(self.tasks, task.publish_id, before))
            before += file.stat().st_size
            self.tasks.set_received(task.publish_id, before)

    def _received(self, task: Task) -> None:
        if self.tasks.move(task, Step(stage="checking", at=self._clock.now())):
            self._check(self.tasks.get(task.publish_id))

    def _fail_pull(self, task: Task) -> None:
        reason = "photo_pull_failed" if task.kind == "photo" else "video_pull_failed"
        step = Step(stage="failed", at=self._clock.now(), fail_reason=task.verdict or reason)
        self.tasks.move(task, step)
        self._forget_files(task)

    def _forget_files(self, task: Task) -> None:
        for file in self._files_of(task):
            file.unlink(missing_ok=True)


class _Noting:
    """Notes a pull's progress every few megabytes."""

    def __init__(self, tasks: Tasks, publish_id: str, before: int) -> None:
        self._tasks = tasks
        self._publish_id = publish_id
        self._before = before
        self._noted = 0

    def __call__(self, got: int) -> None:
        if got - self._noted >= PROGRESS_STEP:
            self._noted = got
            self._tasks.set_received(self._publish_id, self._before + got)
