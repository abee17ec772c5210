"""How a public host stands with TikTok, by what is known of it."""

import pytest

from connector.domain.hosting import Evidence, Standing, domains_of, refusal, standing, why_not_public

URL = "https://posts.example.com"
TEXT = "tiktok-developers-site-verification=AbC123"
HERE, ABOVE = "posts.example.com", "example.com"
NONE: dict[str, tuple[str, ...] | None] = {HERE: (), ABOVE: ()}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "posts.example.com",
        "http://posts.example.com",
        "https://203.0.113.9",
        "https://[2001:db8::1]",
        "https://2130706433",
        "https://127.0.0.1:8000",
        "https://localhost",
        "https://server.local",
        "https://nas.lan:8443",
        "https://media",
    ],
)
def test_an_address_that_tiktok_cannot_fetch_from_is_known_by_its_spelling(url: str) -> None:
    assert why_not_public(url)
    assert standing(url, Evidence(declared=True)) is Standing.NOT_PUBLIC


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (Evidence(), Standing.UNPROVEN),
        (Evidence(declared=True), Standing.PROVEN),
        (Evidence(files=("tiktokAbC.txt",)), Standing.PROVEN),
        (Evidence(texts={**NONE, HERE: (TEXT,)}), Standing.PROVEN),
        (Evidence(texts={**NONE, ABOVE: ("v=spf1 -all", TEXT)}), Standing.PROVEN),
        (Evidence(texts={**NONE, HERE: None, ABOVE: (TEXT,)}), Standing.PROVEN),
        (Evidence(texts={**NONE, ABOVE: ("google-site-verification=x",)}), Standing.UNPROVEN),
        (Evidence(texts={**NONE, "elsewhere.example": (TEXT,)}), Standing.UNPROVEN),
        (Evidence(texts=NONE), Standing.UNPROVEN),
        (Evidence(texts={**NONE, ABOVE: None}), Standing.UNKNOWN),
    ],
)
def test_a_public_host_stands_by_what_speaks_for_it(evidence: Evidence, expected: Standing) -> None:
    assert standing(URL, evidence) is expected


@pytest.mark.parametrize(
    ("url", "domains"),
    [
        (URL, (HERE, ABOVE)),
        ("https://example.com:8443/postrail", ("example.com",)),
        (
            "https://a.b.c.d.e.f.example.com",
            ("d.e.f.example.com", "e.f.example.com", "f.example.com", "example.com"),
        ),
    ],
)
def test_a_domain_covers_what_is_below_it(url: str, domains: tuple[str, ...]) -> None:
    assert domains_of(url)[-4:] == domains


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Standing.NOT_PUBLIC, "public_url_required"),
        (Standing.UNPROVEN, "url_ownership_unverified"),
        (Standing.UNKNOWN, None),
        (Standing.PROVEN, None),
    ],
)
def test_a_host_that_cannot_work_is_refused_with_what_to_do(found: Standing, code: str | None) -> None:
    refused = refusal(URL if found is not Standing.NOT_PUBLIC else "http://127.0.0.1:8000", found)
    assert (refused.code if refused else None) == code
    if refused is not None:
        assert "transfer: upload" in refused.details[0].fix
        assert refused.details[0].code == code
