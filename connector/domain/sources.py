"""What is asked of the hosts that media is fetched from: values, told apart by the dialect of a post."""

from dataclasses import dataclass

MAX_REDIRECTS = 5
"""Redirects that are followed for a post that came by `/v1`."""


@dataclass(frozen=True, kw_only=True)
class SourceTerms:
    """What a source may do.

    `redirects`: how many are followed. `photo_length`: a photo's host must tell its length beforehand.
    """

    redirects: int = MAX_REDIRECTS
    photo_length: bool = False


OPEN_TERMS = SourceTerms()
"""What holds on `/v1`."""
