"""Where media is kept, as a setting says it. Pure.

`s3://bucket/prefix?endpoint=https://host&region=name`: a bucket of S3, or of what speaks its language.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

KNOWN = frozenset({"endpoint", "region"})
USUAL_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket, and what its objects' names begin with; `endpoint` None is Amazon's own."""

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = USUAL_REGION


def bucket_of(url: str) -> Bucket:
    """Read a setting. Raises ValueError saying what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc:
        raise ValueError("write s3://bucket/prefix?endpoint=https://host&region=name")
    options = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(options.keys() - KNOWN):
        raise ValueError(f"{unknown[0]} is no option of it; there are {' and '.join(sorted(KNOWN))}")
    endpoint = options.get("endpoint", [None])[-1]
    if endpoint is not None and not endpoint.startswith(("https://", "http://")):
        raise ValueError("the endpoint must begin with https:// or http://")
    return Bucket(
        name=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=endpoint.rstrip("/") if endpoint else None,
        region=options.get("region", [USUAL_REGION])[-1],
    )
