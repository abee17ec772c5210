"""The texts of the DNS, asked of a real name server over UDP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from connector.net.texts import DnsTexts

ZONE = {
    "posts.example.": ['"tiktok-developers-site-verification=" "AbC123"', '"v=spf1 -all"'],
    "odd.example.": ['"\\255\\254"'],
}


def answer(wire: bytes) -> bytes:
    """Answer one question from the zone; a name that begins with `broken` is a failure of the server's."""
    question = dns.message.from_wire(wire)
    reply = dns.message.make_response(question)
    reply.flags |= dns.flags.RA
    name = question.question[0].name.to_text()
    if name in ZONE:
        reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", ZONE[name]))
    elif name.startswith("broken"):
        reply.set_rcode(dns.rcode.SERVFAIL)
    elif not name.startswith("empty"):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


@contextmanager
def name_server() -> Iterator[int]:
    """Run a name server; give its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])

        def serve() -> None:
            while wire_from := sock.recvfrom(4096):
                if not wire_from[0]:
                    return
                sock.sendto(answer(wire_from[0]), wire_from[1])

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", port))
            serving.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a name server."""
    with name_server() as found:
        yield found


@pytest.mark.parametrize(
    ("domain", "texts"),
    [
        ("posts.example", ("tiktok-developers-site-verification=AbC123", "v=spf1 -all")),
        ("empty.example", ()),
        ("nowhere.example", ()),
        ("broken.example", None),
        ("odd.example", ("\ufffd\ufffd",)),
    ],
)
def test_the_texts_of_a_domain_are_read_or_known_to_be_unknown(
    port: int, domain: str, texts: tuple[str, ...] | None
) -> None:
    found = DnsTexts(["127.0.0.1"], port).texts(domain)
    assert (found if found is None else tuple(sorted(found))) == texts


def test_a_name_server_that_is_not_there_makes_it_unknown() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
    assert DnsTexts(["127.0.0.1"], port).texts("posts.example") is None


@pytest.mark.parametrize("domain", ["a" * 64 + ".example", "a..example"])
def test_a_name_that_no_domain_has_is_not_asked_about(port: int, domain: str) -> None:
    assert DnsTexts(["127.0.0.1"], port).texts(domain) is None
