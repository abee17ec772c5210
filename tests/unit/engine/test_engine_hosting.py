"""What is known of the public host: when the DNS is asked, what a check sees, what photos meet."""

from collections.abc import Mapping

import pytest

from connector.domain.hosting import Standing
from connector.engine.ask import Ask
from connector.engine.hosting import FOUND_S, NOT_FOUND_S, Hosting, Look, check, domains_row
from connector.engine.model import NewPost, Principal
from connector.engine.submit import draw_up
from connector.kernel.errors import PostrailError
from tests.databases import HandClock
from tests.fakes.hosts import CONTENT, SIGNATURE, PretendSignatures, PretendTexts
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)

URL = "https://posts.example.com"
TEXT = "tiktok-developers-site-verification=AbC123"


class Host:
    """A host of which nothing is known at first."""

    def __init__(self, url: str = URL) -> None:
        self.clock = HandClock()
        self.signatures = PretendSignatures({})
        self.texts = PretendTexts()
        self.hosting = Hosting(url, signatures=self.signatures, records=self.texts, clock=self.clock)


def test_the_dns_is_not_asked_where_a_file_speaks_for_the_host() -> None:
    host = Host()
    host.signatures.add(SIGNATURE, CONTENT)
    assert host.hosting.standing() is Standing.PROVEN
    assert host.texts.asked == []


def test_the_dns_is_asked_for_the_host_and_what_stands_above_it_and_then_left_alone() -> None:
    host = Host()
    assert [host.hosting.standing() for _ in range(3)] == [Standing.UNPROVEN] * 3
    assert host.texts.asked == ["posts.example.com", "example.com"]


@pytest.mark.parametrize(("texts", "lasts_s"), [((TEXT,), FOUND_S), ((), NOT_FOUND_S), (None, NOT_FOUND_S)])
def test_what_the_dns_said_is_believed_for_a_while(texts: tuple[str, ...] | None, lasts_s: float) -> None:
    host = Host()
    host.texts.known["example.com"] = texts
    first = host.hosting.standing()
    host.texts.known["example.com"] = () if texts else (TEXT,)
    host.clock.advance(round((lasts_s - 1) * 1000))
    assert host.hosting.standing() is first
    host.clock.advance(2000)
    assert host.hosting.standing() is not first


def test_a_look_at_the_domains_asks_the_dns_anew() -> None:
    host = Host()
    assert domains_row(host.hosting)["standing"] == "unproven"
    host.texts.known["posts.example.com"] = (TEXT, "v=spf1 -all")
    row = domains_row(host.hosting)
    assert (row["standing"], row["can_pull"], row["fix"]) == ("proven", True, None)
    assert row["domains"] == [
        {"domain": "posts.example.com", "asked": True, "texts": [TEXT]},
        {"domain": "example.com", "asked": True, "texts": []},
    ]


def test_a_server_without_a_public_name_asks_no_dns() -> None:
    host = Host("http://127.0.0.1:8000")
    row = domains_row(host.hosting)
    assert (row["standing"], row["can_pull"]) == ("not_public", False)
    assert "Caddy" in str(row["fix"])
    assert host.texts.asked == []


def looks(answers: Mapping[str, Look]) -> list[tuple[bool, str]]:
    """Check a host with one file, whose URLs are answered so."""
    host = Host()
    host.signatures.add(SIGNATURE, CONTENT)
    host.texts.known["example.com"] = None
    found = check(host.hosting, lambda url: answers.get(url.removeprefix(URL), Look(status=404)))
    return [(finding.ok, finding.said) for finding in found]


@pytest.mark.parametrize(
    ("seen", "ok", "said"),
    [
        (Look(status=200, body=CONTENT), True, "served as it is"),
        (Look(status=200, body=b"<html>"), False, "something else is served there"),
        (Look(status=301), False, "HTTP 301: TikTok follows no redirect"),
        (Look(status=404), False, "HTTP 404"),
        (Look(status=None, said="no route"), False, "no route"),
    ],
)
def test_a_check_sees_what_tiktok_would_see(seen: Look, ok: bool, said: str) -> None:
    answers = {f"/{SIGNATURE}": seen, f"/media/{SIGNATURE}": Look(status=200, body=CONTENT)}
    assert looks(answers) == [
        (ok, said),
        (True, "served as it is"),
        (False, "none of TikTok's"),
        (False, "the DNS gave no answer"),
    ]


def test_a_check_without_a_public_name_says_why() -> None:
    (finding,) = check(Host("").hosting, lambda _: Look(status=200))
    assert (finding.ok, finding.said) == (False, "POSTRAIL_PUBLIC_URL is not set")


def drawn_up(scene: Scene, operation: str, **rows: object) -> NewPost:
    """Draw up a post for an account at the real TikTok."""
    contract = scene.context.contract
    understood = contract.understand(operation, {"account": "@user_a", "privacy": "private", **rows})
    caller = Principal(workspace_id="w", key_id="key_1")
    ask = Ask(principal=caller, operation=contract.operations[operation], understood=understood)
    return draw_up(scene.context, ask).new


PHOTOS = {"photo_images": "https://m.example/1.jpg"}
VIDEO = {"source_url": "https://m.example/v.mp4"}


def test_photos_and_pulls_are_refused_where_nothing_proves_the_host_and_uploads_are_not(scene: Scene) -> None:
    scene.signatures.files.clear()
    for operation, rows in (("post_photos", PHOTOS), ("post_video", {**VIDEO, "transfer": "pull"})):
        with pytest.raises(PostrailError) as refused:
            drawn_up(scene, operation, **rows)
        assert refused.value.code == "url_ownership_unverified"
        assert "postrail domains add-file" in refused.value.details[0].fix
    assert drawn_up(scene, "post_video", **VIDEO).transfer == "upload"
    assert scene.tiktok.calls == []


def test_photos_go_where_a_file_or_the_dns_speaks_for_the_host(scene: Scene) -> None:
    assert drawn_up(scene, "post_photos", **PHOTOS).transfer == "pull"
    scene.signatures.files.clear()
    scene.texts.known["posts.example"] = (TEXT,)
    assert drawn_up(scene, "post_photos", **PHOTOS).transfer == "pull"


def test_a_dns_that_cannot_be_asked_stops_nobody(scene: Scene) -> None:
    scene.signatures.files.clear()
    scene.texts.known["posts.example"] = None
    assert drawn_up(scene, "post_photos", **PHOTOS).transfer == "pull"
