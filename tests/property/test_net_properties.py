"""URLs of any spelling: what the guard judges is what the HTTP library would connect to."""

import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from connector.domain.net import has_credentials, origin_of, plain_host

VISIBLE = (
    "http:// https:// 127.0.0.1 [::1] public.example @ : "
    " 80 / \\ # ? %2e %40 %25 . .. 0x7f 0177 [ ] 1 a ; & , * //"
)
PIECES = st.sampled_from([*VISIBLE.split(), " ", "\t", "\n", "\u00e9", "\uff11", "\u3002"])
URLS = st.one_of(
    st.lists(PIECES, max_size=9).map("".join),
    st.lists(PIECES, max_size=7).map(lambda pieces: "http://" + "".join(pieces)),
)


@given(URLS)
def test_a_url_that_is_taken_has_one_host_for_every_reader(url: str) -> None:
    try:
        if has_credentials(url):
            return
        judged = origin_of(url)
        sent = str(requests.Request("GET", url).prepare().url)
        final = origin_of(sent)
    except (ValueError, requests.RequestException):
        return
    connected = parse_url(sent)
    assert final.host == plain_host((connected.host or "").strip("[]"))
    assert connected.port in {None, final.port}
    if judged.host.isascii():
        assert judged == final


@given(st.text(max_size=60))
def test_any_text_is_an_origin_or_a_value_error(url: str) -> None:
    try:
        origin = origin_of(url)
    except ValueError:
        return
    assert origin.scheme in {"http", "https"}
    assert origin.host
    assert 0 < origin.port < 65_536
