"""On which terms a post's media is fetched, and what it must be: the dialect that it came by may say so."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from connector.contract import Contract
from connector.domain.creator import Limits
from connector.domain.preflight import Findings, Rules, Seen, check_post
from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.engine.context import Context
from connector.engine.model import Kind, Mode


class Whole(Protocol):
    """A post, accepted or about to be."""

    @property
    def kind(self) -> Kind:
        """What it publishes."""

    @property
    def mode(self) -> Mode:
        """Whether it is published directly or left as a draft."""

    @property
    def dialect(self) -> str | None:
        """The dialect it came by, None for `/v1`."""

    @property
    def input(self) -> Mapping[str, object]:
        """Its canonical input."""


def judge(context: Context, post: Whole, media: Sequence[Seen], creator: Limits | None = None) -> Findings:
    """Hold a post against what its files are, and against what its account may do where that is known."""
    dialect = context.contract.dialects.get(post.dialect) if post.dialect is not None else None
    asks = dialect.media if dialect is not None else None
    vertical = context.require_vertical if asks is None else asks.require_vertical
    rules = Rules(require_vertical=vertical, creator=creator, is_draft=post.mode == "inbox")
    return check_post(post.kind, post.input, media, rules)


def terms_of(contract: Contract, name: str | None) -> SourceTerms:
    """Return what is asked of the hosts of media that came by a dialect (None: by `/v1`)."""
    dialect = contract.dialects.get(name) if name is not None else None
    if dialect is None or dialect.sources is None:
        return OPEN_TERMS
    return SourceTerms(redirects=dialect.sources.redirects, photo_length=dialect.sources.photos_need_length)
