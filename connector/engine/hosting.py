"""The public host of the media: what proves to TikTok that it is ours, and whether that can be seen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

from connector.domain.hosting import (
    Evidence,
    Standing,
    domains_of,
    is_signature_text,
    refusal,
    standing,
    why_not_public,
)
from connector.kernel.clock import Clock

FOUND_S = 600.0
"""Seconds for which a proof that was seen in the DNS is believed."""

NOT_FOUND_S = 30.0
"""Seconds after which the DNS is asked again where it held none."""


class Signatures(Protocol):
    """The signature files of TikTok's that this server serves."""

    def names(self) -> tuple[str, ...]:
        """Return their names, sorted."""

    def read(self, name: str) -> bytes | None:
        """Return what one holds; None where there is none of that name."""

    def add(self, name: str, content: bytes) -> None:
        """Keep one. Raises PostrailError `invalid_request` for what is none."""

    def remove(self, name: str) -> bool:
        """Forget one; False where there is none of that name."""


class TextRecords(Protocol):
    """The texts in the DNS."""

    def texts(self, domain: str) -> tuple[str, ...] | None:
        """Return the texts of a domain; None where the DNS could not be asked."""


class Hosting:
    """What is known of the host of `public_url`; `declared`: its operator says TikTok has verified it."""

    def __init__(
        self,
        public_url: str,
        *,
        signatures: Signatures,
        records: TextRecords,
        clock: Clock,
        declared: bool = False,
    ) -> None:
        self.public_url = public_url
        self.signatures = signatures
        self._records = records
        self._clock = clock
        self._declared = declared
        self._lock = Lock()
        self._known: dict[str, tuple[str, ...] | None] = {}
        self._until = float("-inf")
        self.is_refused = False
        """Whether TikTok has refused to fetch from the host since this process began, whatever proves it."""

    def standing(self) -> Standing:
        """Return how the host stands. The DNS is asked where nothing else speaks for it, now and then."""
        plain = self._plain()
        found = standing(self.public_url, plain)
        if found is not Standing.UNPROVEN:
            return found
        return standing(self.public_url, replace(plain, texts=self._texts()))

    def evidence(self) -> Evidence:
        """Return everything that speaks for the host, the DNS asked anew."""
        if why_not_public(self.public_url) is not None:
            return self._plain()
        with self._lock:
            self._until = float("-inf")
        return replace(self._plain(), texts=self._texts())

    def _plain(self) -> Evidence:
        return Evidence(files=self.signatures.names(), declared=self._declared)

    def _texts(self) -> dict[str, tuple[str, ...] | None]:
        with self._lock:
            if self._clock.ticks() >= self._until:
                self._known = {name: self._records.texts(name) for name in domains_of(self.public_url)}
                proven = standing(self.public_url, Evidence(texts=self._known)) is Standing.PROVEN
                self._until = self._clock.ticks() + (FOUND_S if proven else NOT_FOUND_S)
            return self._known


@dataclass(frozen=True, kw_only=True)
class Look:
    """What came of fetching a URL: the status (None: nobody answered, and `said` is why) and the body."""

    status: int | None
    body: bytes = b""
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at, whether it is as TikTok wants it, and what was seen."""

    what: str
    ok: bool
    said: str


def signature_urls(public_url: str, name: str) -> tuple[str, str]:
    """Return where a signature file is served: for the prefix of the whole server, and of its media."""
    return f"{public_url}/{name}", f"{public_url}/media/{name}"


def check(hosting: Hosting, look: Callable[[str], Look]) -> Iterator[Finding]:
    """Look at the proofs as TikTok does: at the files from outside, and at the DNS."""
    reason = why_not_public(hosting.public_url)
    if reason is not None:
        yield Finding(what=hosting.public_url or "public URL", ok=False, said=reason)
        return
    for name in hosting.signatures.names():
        for url in signature_urls(hosting.public_url, name):
            yield _seen(url, look(url), hosting.signatures.read(name))
    for domain, texts in hosting.evidence().texts.items():
        yield _told(domain, texts)


def _seen(url: str, seen: Look, expected: bytes | None) -> Finding:
    if seen.status is None:
        return Finding(what=url, ok=False, said=seen.said)
    if 300 <= seen.status < 400:  # noqa: PLR2004 - the class of redirects
        return Finding(what=url, ok=False, said=f"HTTP {seen.status}: TikTok follows no redirect")
    if seen.status != 200:  # noqa: PLR2004 - OK
        return Finding(what=url, ok=False, said=f"HTTP {seen.status}")
    if seen.body != expected:
        return Finding(what=url, ok=False, said="something else is served there")
    return Finding(what=url, ok=True, said="served as it is")


def _told(domain: str, texts: tuple[str, ...] | None) -> Finding:
    what = f"DNS texts of {domain}"
    if texts is None:
        return Finding(what=what, ok=False, said="the DNS gave no answer")
    count = sum(map(is_signature_text, texts))
    return Finding(what=what, ok=count > 0, said=f"{count} of TikTok's" if count else "none of TikTok's")


def domains_row(hosting: Hosting) -> dict[str, object]:
    """Return what `/v1/domains` tells."""
    evidence, url = hosting.evidence(), hosting.public_url
    found = standing(url, evidence)
    refused = refusal(url, found)
    return {
        "ok": True,
        "public_url": url,
        "standing": found,
        "can_pull": refused is None,
        "media_prefix": f"{url}/media/",
        "declared": evidence.declared,
        "files": [{"name": name, "urls": list(signature_urls(url, name))} for name in evidence.files],
        "domains": [
            {"domain": domain, "asked": texts is not None, "texts": [*filter(is_signature_text, texts or ())]}
            for domain, texts in evidence.texts.items()
        ],
        "fix": refused.details[0].fix if refused else None,
    }
