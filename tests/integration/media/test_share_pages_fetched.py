"""Share pages by https, from the URL that people copy to the bytes; and what https never becomes."""

import ssl
from contextlib import closing
from pathlib import Path

import pytest

from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.source import VIDEO_CAP, fetch
from connector.net import Egress, Timeout
from tests.integration.media.certificates import certified
from tests.integration.media.scripted_server import Script, ScriptedServer, answer, says
from tests.integration.media.staged_network import StagedNetwork

QUICK = Timeout(connect_s=5, idle_s=5, total_s=10)
DRIVE = "drive.usercontent.google.com"
SHARED = "https://drive.google.com/file/d/1A2b3C4d5E6f7G8h9I0j/view?usp=sharing"
SIGN_IN = b"<!doctype html><html>Sign in</html>"
ASKS = (
    b'<!DOCTYPE html><html><form id="download-form" action="https://drive.usercontent.google.com/download">'
    b'<input type="hidden" name="id" value="1A2b3C4d5E6f7G8h9I0j"><input type="hidden" name="uuid" value="7">'
    b"</form></html>"
)


class Memory:
    """A sink in memory."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: memoryview) -> None:
        """Append."""
        self.data += data

    def restart(self) -> None:
        """Forget."""
        self.data.clear()


def fetched(
    url: str, script: Script, tls: tuple[ssl.SSLContext, ssl.SSLContext], host: str
) -> tuple[bytes, list[str]]:
    """Fetch `url` where `host` answers by `script` at a public address; return bytes and paths asked for."""
    sink = Memory()
    with ScriptedServer(script, tls=tls[0]) as stage:
        network = StagedNetwork(stage.origin.port, {host: [["1.1.1.1"]], "public.example": [["8.8.8.8"]]})
        egress = Egress(trusted=frozenset(), clock=SystemClock(), tls=tls[1], network=network)
        with closing(egress):
            fetch(egress, url, sink, cap=VIDEO_CAP, timeout=QUICK)
    return bytes(sink.data), [head.split()[1] for head in stage.heads]


def test_a_share_page_of_drive_is_fetched_as_the_file(tmp_path: Path) -> None:
    tls = certified(tmp_path, DRIVE)
    data, asked = fetched(SHARED, says(answer("200 OK", b"a file")), tls, DRIVE)
    assert data == b"a file"
    assert asked == ["/download?id=1A2b3C4d5E6f7G8h9I0j&export=download&confirm=t"]


def test_drives_question_before_a_large_file_is_answered_once(tmp_path: Path) -> None:
    tls = certified(tmp_path, DRIVE)
    data, asked = fetched(SHARED, says(answer("200 OK", ASKS), answer("200 OK", b"a file")), tls, DRIVE)
    assert data == b"a file"
    assert asked[1:] == ["/download?id=1A2b3C4d5E6f7G8h9I0j&uuid=7"]


@pytest.mark.parametrize("page", [SIGN_IN, ASKS])
def test_a_page_that_leads_no_further_is_a_share_page(tmp_path: Path, page: bytes) -> None:
    tls = certified(tmp_path, DRIVE)
    with pytest.raises(PostrailError) as caught:
        fetched(SHARED, says(answer("200 OK", page)), tls, DRIVE)
    problem = caught.value.details[0]
    assert (caught.value.code, problem.problem) == ("share_page_not_media", "share_page_not_media")
    assert "Google Drive" in problem.got
    assert "anyone who has the link" in problem.fix


def test_https_never_becomes_http(tmp_path: Path) -> None:
    tls = certified(tmp_path, "public.example")
    script = says(answer("302 Found", Location="http://public.example/clip.mp4"))
    with pytest.raises(PostrailError) as caught:
        fetched("https://public.example/clip.mp4", script, tls, "public.example")
    problem = caught.value.details[0]
    assert (caught.value.code, problem.problem) == ("redirect_not_allowed", "redirect_to_http")


def test_the_certificate_is_held_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    tls = certified(tmp_path, "other.example")
    with pytest.raises(PostrailError) as caught:
        fetched("https://public.example/clip.mp4", says(answer("200 OK", b"x")), tls, "public.example")
    assert caught.value.details[0].problem == "unreachable"
