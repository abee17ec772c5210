"""What is on the pretend TikTok: the posts, and the media each task brought."""

import sqlite3
from dataclasses import dataclass

from connector.sandbox.database import Database, Value
from connector.sandbox.looks import Look
from connector.sandbox.snowflakes import Numbers
from connector.sandbox.states import PUBLIC
from connector.sandbox.tasks import Task

_POSTS = (
    "SELECT post_id, posts.publish_id, tasks.open_id, tasks.client_key, username, kind,"
    " COALESCE(posts.privacy_level, tasks.privacy_level) AS privacy_level,"
    " COALESCE(posts.title, tasks.title) AS title,"
    " COALESCE(posts.description, tasks.description) AS description,"
    " published_at, public_at, gone_at, removed_at"
    " FROM posts JOIN tasks USING (publish_id) JOIN accounts USING (open_id)"
)


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post of a creator's profile. Times are UTC ms, None while it has not happened.

    `public_at`: passed moderation; `gone_at`: stopped being public; `removed_at`: deleted by its creator.
    """

    post_id: int
    publish_id: str
    open_id: str
    client_key: str
    username: str
    kind: str
    privacy_level: str
    title: str
    description: str
    published_at: int
    public_at: int | None
    gone_at: int | None
    removed_at: int | None

    @property
    def is_public(self) -> bool:
        """Say whether everybody can see it."""
        return self.public_at is not None and self.gone_at is None

    @property
    def path(self) -> str:
        """Return the path of its page."""
        return f"/@{self.username}/{self.kind}/{self.post_id}"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a creator sets when a draft is posted."""

    title: str
    description: str
    privacy_level: str


class Posts:
    """The tables of posts and media."""

    def __init__(self, database: Database, numbers: Numbers) -> None:
        self._database = database
        self._numbers = numbers

    def publish(self, task: Task, at: int, words: Words | None = None) -> int:
        """Put a processed task on the creator's profile and return the post's id.

        `words`: what the creator wrote for a draft, in place of what the task says.
        """
        new_id = self._numbers.new()
        said = {} if words is None else dict(words.__dict__)
        self._database.insert("posts", post_id=new_id, publish_id=task.publish_id, published_at=at, **said)
        return new_id

    def make_public(self, publish_id: str, at: int) -> list[Post]:
        """Note that a task's posts for everybody have passed moderation, and return those just seen."""
        fresh = [
            post
            for post in self.of(publish_id)
            if post.privacy_level == PUBLIC and post.public_at is None and post.removed_at is None
        ]
        for post in fresh:
            self._set(post, public_at=at)
        return fresh

    def show(self, post: Post, at: int) -> None:
        """Note that a creator showed a post to everybody."""
        self._set(post, privacy_level=PUBLIC, public_at=at, gone_at=None)

    def hide(self, post: Post, at: int) -> None:
        """Note that a post is the creator's alone from now on."""
        self._set(post, privacy_level="SELF_ONLY", gone_at=at if post.is_public else post.gone_at)

    def remove(self, post: Post, at: int) -> None:
        """Note that a creator deleted a post."""
        self._set(post, removed_at=at, gone_at=at if post.is_public else post.gone_at)

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

    def get(self, post_id: int) -> Post:
        """Return a post that exists. Raises LookupError."""
        found = self.find(post_id)
        if found is None:
            raise LookupError(post_id)
        return found

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

    def _set(self, post: Post, **values: Value) -> None:
        places = ", ".join(f"{name} = :{name}" for name in values)
        sql = f"UPDATE posts SET {places} WHERE post_id = :post_id"  # noqa: S608 - names stand in our own code
        self._database.write(sql, post_id=post.post_id, **values)

    def content_type(self, sha256: str) -> str | None:
        """Return the content type of received media."""
        row = self._database.row("SELECT content_type FROM media WHERE sha256 = :value", value=sha256)
        return None if row is None else str(row["content_type"])


def _post(row: sqlite3.Row) -> Post:
    return Post(**dict(row))
