"""Looks at what arrived for a task, keeps what is allowed, and begins its processing."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from connector.kernel.clock import Clock
from connector.sandbox.accounts import Accounts
from connector.sandbox.chunks import MAX_VIDEO
from connector.sandbox.database import Database
from connector.sandbox.looks import FORMAT, Look, look_at_photo, look_at_video
from connector.sandbox.posts import Posts
from connector.sandbox.states import Step
from connector.sandbox.tasks import Task, Tasks

INBOX_MAX_SECONDS = 600
"""Seconds: the API's ceiling, which holds for drafts, where no creator's limit is asked."""


class Inspection:
    """Checks a task's files, which `files_of` names, and keeps them under `media` by content."""

    def __init__(
        self,
        media: Path,
        database: Database,
        clock: Clock,
        *,
        accounts: Accounts,
        tasks: Tasks,
        posts: Posts,
        files_of: Callable[[Task], list[Path]],
    ) -> None:
        self._media = media
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._tasks = tasks
        self._posts = posts
        self._files_of = files_of

    def check(self, task: Task) -> None:
        """Look at what arrived, keep it if it is allowed, and begin the processing."""
        files = self._files_of(task)
        looks = [self._look(task, file) for file in files]
        verdict = next((look.fail_reason for look in looks if look.fail_reason), None)
        hashes = [] if verdict else [self._keep(file) for file in files]
        with self._database.transaction():
            if self._tasks.move(task, Step(stage="processing", at=self._clock.now())):
                if verdict is not None:
                    self._tasks.set_verdict(task.publish_id, verdict)
                for position, sha256 in enumerate(hashes):
                    size = files[position].stat().st_size
                    self._posts.add_media(task.publish_id, position, sha256, size, looks[position])
        self.forget_files(task)

    def kept(self, sha256: str) -> Path:
        """Return where received media stands."""
        return self._media / sha256

    def forget_files(self, task: Task) -> None:
        """Drop what came in for a task; what was kept stays."""
        for file in self._files_of(task):
            file.unlink(missing_ok=True)

    def _look(self, task: Task, file: Path) -> Look:
        if task.kind == "photo":
            return look_at_photo(file)
        if file.stat().st_size > MAX_VIDEO:
            return Look(content_type="application/octet-stream", fail_reason=FORMAT)
        account = self._accounts.by_id(task.open_id)
        direct = task.flow == "direct" and account is not None
        limit = account.traits.max_video_post_duration_sec if direct and account else INBOX_MAX_SECONDS
        return look_at_video(file, limit)

    def _keep(self, file: Path) -> str:
        """Give a file its place by content; it stays where it came in as well until the task has moved."""
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        kept = self.kept(sha256)
        if not kept.exists():
            os.link(file, kept)
        return sha256
