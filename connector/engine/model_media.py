"""The values about uploaded media: frozen, keyword-only. Times are UTC milliseconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from connector.engine.model import MediaItem


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Whose uploads somebody may see: all of a workspace.

    Where `account_id` is set, those alone that keys bound to this account have brought.
    """

    workspace_id: str
    account_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """A file that has just come: as it lies in the spool, and what its sender called it.

    `label` is a word for people and nothing else; `warnings` are what they may want to know about the file.
    """

    id: str
    item: MediaItem
    label: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An uploaded file as a workspace has it; a second upload of the same bytes gives the same one.

    Keys that are bound to an account have uploads of their own, which other bound keys do not see.

    `item.media_id` is the SHA-256 under which its bytes lie in the spool. Its life ends at `expires_at`.
    """

    id: str
    workspace_id: str
    item: MediaItem
    label: str
    warnings: tuple[str, ...]
    created_at: int
    expires_at: int
    album_id: str | None = None
    """The newest living album that it is in."""


@dataclass(frozen=True, kw_only=True)
class Album:
    """Photos that belong together, in the order in which they came. `retained_at`: kept for longer since."""

    id: str
    workspace_id: str
    created_at: int
    expires_at: int
    retained_at: int | None = None
    uploads: tuple[Upload, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Life:
    """How long uploads live, and how much a workspace may hold.

    Milliseconds; `quota` in bytes, None for as much as there is room for. `plain_ms` also is how long the
    files of a post stay after it has settled.
    """

    plain_ms: int
    retained_ms: int
    quota: int | None = None


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Files to be recorded together: all of them, or none.

    They go into the album `album_id` where there is one: a new one of that id if `new_album`. What goes into
    an album belongs to whom the album belongs. `begun`: bytes of unfinished uploads, which count as held.
    """

    reach: Reach
    uploads: tuple[NewUpload, ...]
    album_id: str | None = None
    new_album: bool = False
    begun: int = 0


@dataclass(frozen=True, kw_only=True)
class Partial:
    """A file that comes in several requests.

    `length` and `offset` in bytes: of the whole, and of what is here. `metadata` as its sender gave it.
    `upload_id` is set once it was whole and has become an upload. `account_id`: what its sender's key is
    bound to.
    """

    id: str
    workspace_id: str
    length: int
    offset: int
    expires_at: int
    metadata: Mapping[str, str]
    upload_id: str | None = None
    account_id: str | None = None

    @classmethod
    def begun(
        cls, partial_id: str, reach: Reach, length: int, metadata: Mapping[str, str], *, expires_at: int
    ) -> Self:
        """Return one of which nothing is here yet, of whoever reaches so far; `expires_at` in UTC ms."""
        return cls(
            id=partial_id,
            workspace_id=reach.workspace_id,
            account_id=reach.account_id,
            length=length,
            offset=0,
            expires_at=expires_at,
            metadata=dict(metadata),
        )
