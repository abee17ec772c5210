"""A draft needs no privacy, and whatever may be published does: the same in every body."""

import pytest

from connector.contract import load_contract
from tests.contract.every_body import bodies, read

CONTRACT = load_contract()
MEDIA: dict[str, dict[str, object]] = {
    "post_video": {"source_url": "https://media.example.com/a.mp4"},
    "post_photos": {"photo_images": "https://media.example.com/a.jpg"},
}


@pytest.mark.parametrize("key", sorted(MEDIA))
@pytest.mark.parametrize(
    ("mode", "needed"),
    [
        ({"post_mode": "inbox"}, False),
        ({"post_mode": "auto"}, True),
        ({"post_mode": "direct"}, True),
        ({}, True),
    ],
)
def test_privacy_is_needed_unless_the_post_is_a_draft(
    key: str, mode: dict[str, object], needed: bool
) -> None:
    wanted = [("privacy", "required", "invalid_request")] if needed else []
    for what, body in bodies({**MEDIA[key], **mode}):
        found = CONTRACT.understand(key, read(body)).problems
        assert [(problem.field, problem.problem, problem.code) for problem in found] == wanted, what


@pytest.mark.parametrize("key", sorted(MEDIA))
def test_a_privacy_that_is_wrong_is_refused_for_a_draft_too(key: str) -> None:
    rows = {**MEDIA[key], "post_mode": "inbox", "privacy": "EVERYBODY"}
    assert [problem.field for problem in CONTRACT.understand(key, rows).problems] == ["privacy"]
