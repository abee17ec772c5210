"""From the URL that a user gave to the answer that holds the file: share pages, redirects, guarded hops."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

from connector.domain.net import origin_of, split_url
from connector.kernel.errors import PostrailError
from connector.media.refusals import redirect_error, shown, source_error, url_error
from connector.media.sharepages import SharePage, direct, shown_by
from connector.net import Egress, Patience, StreamReply

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Arrival:
    """The answer at the end, and the addresses on the way to it, the last one its own."""

    reply: StreamReply
    chain: tuple[str, ...]

    def share_page(self) -> SharePage | None:
        """Return what a web page means here: a file service's wherever the way led through one."""
        return next((page for page in map(shown_by, self.chain) if page is not None), None)


def share_page_error(page: SharePage) -> PostrailError:
    """Build the refusal of a share page."""
    return source_error(
        "share_page_not_media",
        f"{page.what} of {page.service}",
        "the address of the file itself",
        code="share_page_not_media",
        fix=page.fix,
    )


def start_of(url: str) -> str:
    """Return where to begin for what a user gave.

    Raises PostrailError `share_page_not_media`, and `fetch_error` with the word `not_a_url`.
    """
    try:
        origin_of(url)
    except ValueError as error:
        raise url_error(url) from error
    found = direct(url.partition("#")[0])
    if isinstance(found, SharePage):
        raise share_page_error(found)
    return found


@contextmanager
def arrive(
    egress: Egress, url: str, headers: Mapping[str, str], patience: Patience, redirects: int
) -> Iterator[Arrival]:
    """Follow up to `redirects` redirects to the answer that is none.

    Each hop carries `headers` alone: no cookie, no credential, no referrer. Raises PostrailError
    `redirect_not_allowed`, `share_page_not_media`, and as `Egress.stream`.
    """
    chain: list[str] = []
    while True:
        _check_hop(url, chain, redirects)
        chain.append(url)
        with egress.stream("GET", url, headers=headers, timeout=patience) as reply:
            if reply.status not in _REDIRECTS:
                yield Arrival(reply, tuple(chain))
                return
            url = start_of(_target(url, reply))


def _check_hop(url: str, chain: list[str], redirects: int) -> None:
    if url in chain:
        raise redirect_error("redirect_loop", f"a redirect back to {shown(url)}", "a URL that ends at a file")
    if len(chain) > redirects:
        if redirects == 0:
            raise redirect_error("redirect", f"a redirect from {shown(chain[-1])}")
        raise redirect_error("too_many_redirects", f"more than {redirects} redirects")


def _target(url: str, reply: StreamReply) -> str:
    location = reply.headers.get("Location", "")
    try:
        split_url(location)
        target = urljoin(url, location)
        scheme = origin_of(target).scheme
    except ValueError:
        target = scheme = ""
    if not location or not target:
        raise redirect_error(
            "redirect_nowhere", f"HTTP {reply.status} from {shown(url)} that leads to no web address"
        )
    if url.startswith("https:") and scheme == "http":
        down = f"a redirect from {shown(url)} to plain http"
        raise redirect_error("redirect_to_http", down, "an https URL")
    return target
