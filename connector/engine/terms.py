"""On which terms a post's media is fetched: the manifest of the dialect that it came by says so."""

from connector.contract import Contract
from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.engine.model import Post


def terms_of(contract: Contract, post: Post) -> SourceTerms:
    """Return what is asked of the hosts of a post's media."""
    dialect = contract.dialects.get(post.dialect) if post.dialect is not None else None
    if dialect is None or dialect.sources is None:
        return OPEN_TERMS
    return SourceTerms(redirects=dialect.sources.redirects, photo_length=dialect.sources.photos_need_length)
