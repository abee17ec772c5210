"""Moves tasks and posts on, whoever asks for it, and tells each move to the app by webhook.

Time drives it without a thread: whoever looks settles what has fallen due, dated when it did.
"""

from connector.kernel.clock import Clock
from connector.kernel.jsontext import Json
from connector.sandbox.database import Database
from connector.sandbox.hooks.deliveries import Deliveries
from connector.sandbox.hooks.events import (
    COMPLETE,
    FAILED,
    INBOX_DELIVERED,
    NO_LONGER_PUBLIC,
    publish_type,
)
from connector.sandbox.hooks.events import PUBLIC as MADE_PUBLIC
from connector.sandbox.knobs import Knobs
from connector.sandbox.login.grants import open_id_for
from connector.sandbox.posts import Post, Posts, Words
from connector.sandbox.states import PUBLIC, UNFINISHED, Stage, Step, next_step, step_at
from connector.sandbox.tasks import Task, Tasks


class Lifecycle:
    """The moves; each is one transaction with its posts and its webhooks."""

    def __init__(
        self, database: Database, clock: Clock, knobs: Knobs, *, tasks: Tasks, posts: Posts, hooks: Deliveries
    ) -> None:
        self._database = database
        self._clock = clock
        self._knobs = knobs
        self._tasks = tasks
        self._posts = posts
        self._hooks = hooks

    def settle(self) -> None:
        """Move every task on whose time has come."""
        for task in self._tasks.at_stages("processing", "moderating"):
            self.settled(task)
        for task in self._tasks.at_stages("pulling"):
            self._end_late_pull(task)

    def settled(self, task: Task) -> Task:
        """Move one task on as far as it is due, and return it as it then stands."""
        step = next_step(task.progress, self._knobs.dial, self._clock.now())
        while step is not None:
            self.take(task, step)
            task = self._tasks.get(task.publish_id)
            step = next_step(task.progress, self._knobs.dial, self._clock.now())
        return task

    def take(self, task: Task, step: Step) -> bool:
        """Take one step with all that follows from it; False: the task has left that stage since."""
        with self._database.transaction():
            if not self._tasks.move(task, step):
                return False
            if step.stage == "failed":
                self._tell(task, FAILED, step.at, reason=step.fail_reason)
            elif step.stage == "inbox":
                self._tell(task, INBOX_DELIVERED, step.at)
            elif task.stage == "processing":
                self._posts.publish(task, step.at)
                self._tell(task, COMPLETE, step.at)
            elif task.stage == "moderating":
                self._pass_moderation(task, step.at)
            return True

    def fail(self, task: Task, reason: str) -> bool:
        """Fail a task that can still fail, now."""
        step = Step(stage="failed", at=self._clock.now(), fail_reason=reason)
        return task.stage in UNFINISHED and self.take(task, step)

    def cancel(self, task: Task) -> bool:
        """Cancel a pull that still goes on; False: it is too late, or there is none (reference 4.8)."""
        return task.stage == "pulling" and self.fail(task, "publish_cancelled")

    def advance(self, task: Task) -> bool:
        """Take the next step by hand; False: the task waits for others or is at its end."""
        step = step_at(task.progress, self._clock.now())
        return step is not None and self.take(task, step)

    def post_draft(self, task: Task, words: Words) -> Post:
        """Let the creator post a draft, or post it once more. Raises ValueError if it is not in the inbox."""
        if task.flow != "inbox" or task.stage not in ("inbox", "moderating", "complete"):
            raise ValueError("this is no draft in an inbox")
        now = self._clock.now()
        with self._database.transaction():
            post_id = self._posts.publish(task, now, words)
            waits = words.privacy_level == PUBLIC or task.stage == "moderating"
            stage: Stage = "moderating" if waits else "complete"
            self._tasks.move(task, Step(stage=stage, at=now))
            self._tell(task, COMPLETE, now)
        return self._posts.get(post_id)

    def lapse_draft(self, task: Task) -> None:
        """Let a draft lie until it is gone. Raises ValueError if it is not in the inbox."""
        lapsed = Step(stage="lapsed", at=self._clock.now())
        if task.stage != "inbox" or not self._tasks.move(task, lapsed):
            raise ValueError("this is no draft in an inbox")

    def show(self, post: Post) -> None:
        """Let a creator show a post to everybody."""
        with self._database.transaction():
            now = self._clock.now()
            self._posts.show(post, now)
            self._tell_of_post(post, MADE_PUBLIC, now)

    def hide(self, post: Post) -> None:
        """Let a creator keep a post to themselves."""
        with self._database.transaction():
            now = self._clock.now()
            self._posts.hide(post, now)
            if post.is_public:
                self._tell_of_post(post, NO_LONGER_PUBLIC, now)

    def remove(self, post: Post) -> None:
        """Let a creator delete a post."""
        with self._database.transaction():
            now = self._clock.now()
            self._posts.remove(post, now)
            if post.is_public:
                self._tell_of_post(post, NO_LONGER_PUBLIC, now)

    def _end_late_pull(self, task: Task) -> None:
        window = round(self._knobs.behaviour.pull_window_s * 1000)
        if self._clock.now() >= task.created_at + window:
            self.fail(task, pull_failure(task))

    def _pass_moderation(self, task: Task, at: int) -> None:
        for post in self._posts.make_public(task.publish_id, at):
            self._tell(task, MADE_PUBLIC, at, post_id=str(post.post_id))

    def _tell_of_post(self, post: Post, event: str, at: int) -> None:
        self._tell(self._tasks.get(post.publish_id), event, at, post_id=str(post.post_id))

    def _tell(self, task: Task, event: str, at: int, **further: Json) -> None:
        content: dict[str, Json] = {
            "publish_id": task.publish_id,
            **further,
            "publish_type": publish_type(task.flow, self._knobs.behaviour),
        }
        open_id = open_id_for(task.client_key, task.open_id)
        self._hooks.tell(task.client_key, event, open_id, content, at)


def pull_failure(task: Task) -> str:
    """Return the fail_reason of a pull that came to nothing, unless the task was bound for another."""
    return task.verdict or ("photo_pull_failed" if task.kind == "photo" else "video_pull_failed")
