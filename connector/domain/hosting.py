"""What TikTok wants of a host that it fetches media from, and what proves that it belongs to an app. Pure.

Source: TikTok's media transfer guide, `PULL_FROM_URL`. The address is https, its host is a name, and it lies
under a property that the app has verified: a URL prefix, by a signature file that TikTok fetches from under
it, or a domain with all below it, by a text in its DNS. Only TikTok's portal knows whether it has verified
one; what can be known here is whether the proof that it asks for is in place.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.domain.net import address_of, is_odd_address, is_private_name, origin_of
from connector.kernel.errors import PostrailError, Problem

SIGNATURE_NAME = re.compile(r"tiktok[A-Za-z0-9]{4,128}\.txt")
"""How TikTok calls the file that proves a URL prefix."""

SIGNATURE_TEXT = "tiktok-developers-site-verification="
"""How the text begins that proves a domain."""

SIGNATURE_BYTES = 1024
MOST_DOMAINS = 5

GUIDE = "docs/public-host.md"


class Standing(StrEnum):
    """How the host of the public URL stands with TikTok, as far as it can be known from here."""

    NOT_PUBLIC = "not_public"
    UNPROVEN = "unproven"
    UNKNOWN = "unknown"
    PROVEN = "proven"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for a host: signature files that it serves, and texts in the DNS by domain.

    A domain whose texts are None could not be asked about. `declared`: the operator says that TikTok has
    verified it.
    """

    files: tuple[str, ...] = ()
    texts: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    declared: bool = False


def why_not_public(url: str) -> str | None:
    """Say why TikTok could never fetch from under `url`; None where it could."""
    if not url:
        return "POSTRAIL_PUBLIC_URL is not set"
    try:
        origin = origin_of(url)
    except ValueError:
        return "it is no web address"
    if origin.scheme != "https":
        return "it is not https"
    if address_of(origin.host) is not None or is_odd_address(origin.host):
        return "its host is a number, and TikTok wants a name"
    if is_private_name(origin.host):
        return "its host is a name of a private network"
    return None


def domains_of(url: str) -> tuple[str, ...]:
    """Return the domains that cover a URL: its host, and what stands above it down to two labels."""
    labels = origin_of(url).host.split(".")
    above = [".".join(labels[at:]) for at in range(len(labels) - 1)]
    return tuple(above[-MOST_DOMAINS:])


def is_signature_text(text: str) -> bool:
    """Tell whether a text of the DNS is one of TikTok's."""
    return text.strip().startswith(SIGNATURE_TEXT)


def standing(url: str, evidence: Evidence) -> Standing:
    """Judge a public URL by what is known."""
    if why_not_public(url) is not None:
        return Standing.NOT_PUBLIC
    if evidence.declared or evidence.files:
        return Standing.PROVEN
    found = [evidence.texts.get(domain) for domain in domains_of(url)]
    if any(is_signature_text(text) for texts in found for text in texts or ()):
        return Standing.PROVEN
    asked = [evidence.texts[domain] for domain in domains_of(url) if domain in evidence.texts]
    return Standing.UNKNOWN if None in asked else Standing.UNPROVEN


def refusal(url: str, found: Standing) -> PostrailError | None:
    """Return what a post that TikTok would have to fetch is refused with; None where nothing is against it.

    Where the DNS could not be asked nothing is: TikTok itself will tell, before any byte leaves.
    """
    if found is Standing.NOT_PUBLIC:
        return PostrailError(
            "public_url_required",
            f"TikTok cannot pull media from {url}: {why_not_public(url)}.",
            details=[
                _problem("public_url_required", url, f"an https address with a public name; see {GUIDE}")
            ],
        )
    if found is Standing.UNPROVEN:
        return PostrailError(
            "url_ownership_unverified",
            f"Nothing proves to TikTok that {url} belongs to your app.",
            details=[_problem("url_ownership_unverified", url, f"TikTok's proof in place; see {GUIDE}")],
        )
    return None


FIXES = {
    "public_url_required": (
        "set POSTRAIL_PUBLIC_URL to an https address of this server (a small server with Caddy, or a tunnel "
        "with a name of its own); videos can be sent with transfer: upload meanwhile"
    ),
    "url_ownership_unverified": (
        "take the signature file from TikTok's developer portal (URL properties), put it in with `postrail "
        "domains add-file`, press Verify there; videos can be sent with transfer: upload meanwhile"
    ),
}


def _problem(code: str, url: str, expected: str) -> Problem:
    return Problem(field="transfer", problem=code, got=url, expected=expected, fix=FIXES[code], code=code)


def check_signature(name: str, content: bytes) -> None:
    """Raise PostrailError `invalid_request` for what is no signature file of TikTok's."""
    if SIGNATURE_NAME.fullmatch(name) is None:
        raise _no_signature("name", name, "a name such as tiktokAbC123.txt, as TikTok gave it")
    if not content.strip() or len(content) > SIGNATURE_BYTES or not content.isascii():
        raise _no_signature("content", f"{len(content)} bytes", f"1 to {SIGNATURE_BYTES} bytes of plain text")


def _no_signature(what: str, got: str, expected: str) -> PostrailError:
    problem = Problem(
        field=what,
        problem="no_signature_file",
        got=got,
        expected=expected,
        fix="download the file from TikTok's developer portal (URL properties) and leave it as it is",
    )
    return PostrailError(
        "invalid_request", f"That is no signature file of TikTok's: expected {expected}.", details=[problem]
    )
