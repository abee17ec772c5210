"""How a source's refusal is spelled: what was sent, and a cure that cures it."""

import pytest

from connector.kernel.errors import PostrailError, Problem
from connector.media.hops import start_of


def problem_of(url: str) -> Problem:
    """Return what a URL is refused with that cannot be opened."""
    with pytest.raises(PostrailError) as caught:
        start_of(url)
    return caught.value.details[0]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://exa%6dple.com/x.mp4", "https://exa%6dple.com/x.mp4"),
        ("https://exa%6dple.com/x.mp4?sig=abc#t=1", "https://exa%6dple.com/x.mp4"),
        ("http://[::1", "http://[::1"),
        ("http://a b/c.mp4", "http://a b/c.mp4"),
        ("ftp://example.com/a.mp4", "ftp://example.com/a.mp4"),
        ("https://me:hunter2@exa%6dple.com/x.mp4", "https://...@exa%6dple.com/x.mp4"),
        ("https://me:hun/ter2@example.com/x.mp4", "https://...@example.com/x.mp4"),
        ("https://me:hun?ter2@example.com/x.mp4", "https://...@example.com/x.mp4"),
    ],
)
def test_a_url_that_cannot_be_opened_is_told_as_it_was_sent_without_its_secrets(url: str, shown: str) -> None:
    problem = problem_of(url)
    assert (problem.problem, problem.got) == ("not_a_url", shown)


def test_a_url_that_cannot_be_opened_is_to_be_corrected() -> None:
    problem = problem_of("https://exa%6dple.com/x.mp4")
    assert problem.fix == "correct the URL: https://, the host's plain name, then the path of the file"


def test_what_stands_where_a_port_should_is_not_told() -> None:
    with pytest.raises(PostrailError) as caught:
        start_of("https://me:hun/ter2@example.com/x.mp4")
    assert "hun" not in f"{caught.value.message} {caught.value.details[0].as_dict()}"
