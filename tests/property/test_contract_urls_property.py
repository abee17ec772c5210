"""URLs that were joined come back as they were, or are refused: none is torn, merged, lost or changed."""

from hypothesis import given
from hypothesis import strategies as st

from connector.contract.urls import joins_urls, split_urls

URLS = st.from_regex(r"https?://[a-z]{1,3}\.example/[a-z0-9,;=_]{0,8}[a-z0-9]", fullmatch=True)
SEPARATORS = st.sampled_from([",", ", ", " , ", ";", "; ", " ", "  ", "\t", "\n", "\r\n", ",\n", ";\r\n"])


@given(st.lists(URLS, min_size=2, max_size=6), SEPARATORS, st.booleans(), st.sampled_from(["", " ", "\n"]))
def test_joined_urls_come_back_or_are_refused(
    urls: list[str], separator: str, again: bool, around: str
) -> None:
    text = f"{around}{separator.join(urls)}{separator if again else ''}{around}"
    found = split_urls(text)
    assert found is None or found[0] == urls
    assert joins_urls(text) is (found is None)


@given(st.lists(URLS, min_size=2, max_size=6), SEPARATORS.filter(lambda text: text not in {",", ";"}))
def test_urls_with_a_blank_between_them_always_come_back(urls: list[str], separator: str) -> None:
    found = split_urls(separator.join(urls))
    assert found is not None
    assert found[0] == urls


@given(st.lists(st.tuples(URLS, SEPARATORS), min_size=2, max_size=5), URLS)
def test_urls_in_any_mixture_never_become_others(pairs: list[tuple[str, str]], last: str) -> None:
    found = split_urls("".join(url + separator for url, separator in pairs) + last)
    assert found is None or found[0] == [*(url for url, _ in pairs), last]


@given(URLS)
def test_one_url_stays_one(url: str) -> None:
    assert split_urls(url) is None
    assert not joins_urls(url)


@given(st.text(alphabet="htps:/.,; \n\tab[]", max_size=60))
def test_no_text_raises(text: str) -> None:
    found = split_urls(text)
    assert found is None or (len(found[0]) > 1 and not joins_urls(text))
