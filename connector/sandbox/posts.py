"""What is on the pretend TikTok: the posts, and the media each task brought."""

import sqlite3
from dataclasses import dataclass

from connector.sandbox.database import Database
from connector.sandbox.looks import Look
from connector.sandbox.snowflakes import Numbers
from connector.sandbox.states import PUBLIC
from connector.sandbox.tasks import Task

_POSTS = (
    "SELECT post_id, posts.publish_id, tasks.open_id, username, kind, privacy_level, title, description,"
    " published_at, public_at FROM posts JOIN tasks USING (publish_id) JOIN accounts USING (open_id)"
)


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post that stands on a creator's profile. Times are UTC ms; `public_at` None: not public (yet)."""

    post_id: int
    publish_id: str
    open_id: str
    username: str
    kind: str
    privacy_level: str
    title: str
    description: str
    published_at: int
    public_at: int | None

    @property
    def path(self) -> str:
        """Return the path of its page."""
        return f"/@{self.username}/{self.kind}/{self.post_id}"


class Posts:
    """The tables of posts and media."""

    def __init__(self, database: Database, numbers: Numbers) -> None:
        self._database = database
        self._numbers = numbers

    def publish(self, task: Task, at: int) -> None:
        """Put a processed task on the creator's profile."""
        new_id = self._numbers.new()
        self._database.insert("posts", post_id=new_id, publish_id=task.publish_id, published_at=at)

    def make_public(self, task: Task, at: int) -> None:
        """Note that a post has passed moderation."""
        sql = "UPDATE posts SET public_at = :at WHERE publish_id = :publish_id"
        if task.privacy_level == PUBLIC:
            self._database.write(sql, at=at, publish_id=task.publish_id)

    def all(self) -> list[Post]:
        """Return all posts, oldest first."""
        return [_post(row) for row in self._database.rows(f"{_POSTS} ORDER BY published_at, post_id")]

    def of(self, publish_id: str) -> list[Post]:
        """Return the posts that came of a task."""
        sql = f"{_POSTS} WHERE posts.publish_id = :publish_id ORDER BY post_id"
        return [_post(row) for row in self._database.rows(sql, publish_id=publish_id)]

    def find(self, post_id: int) -> Post | None:
        """Return the post with this id."""
        row = self._database.row(f"{_POSTS} WHERE post_id = :post_id", post_id=post_id)
        return None if row is None else _post(row)

    def add_media(self, publish_id: str, position: int, sha256: str, size: int, look: Look) -> None:
        """Keep what one media item is."""
        self._database.insert(
            "media",
            publish_id=publish_id,
            position=position,
            sha256=sha256,
            size=size,
            content_type=look.content_type,
            width=look.width,
            height=look.height,
            duration_ms=look.duration_ms,
        )

    def media(self, publish_id: str) -> list[sqlite3.Row]:
        """Return a task's media in order: `sha256`, `size` (bytes), `content_type`, sides, `duration_ms`."""
        sql = "SELECT * FROM media WHERE publish_id = :value ORDER BY position"
        return self._database.rows(sql, value=publish_id)

    def content_type(self, sha256: str) -> str | None:
        """Return the content type of received media."""
        row = self._database.row("SELECT content_type FROM media WHERE sha256 = :value", value=sha256)
        return None if row is None else str(row["content_type"])


def _post(row: sqlite3.Row) -> Post:
    return Post(**dict(row))
