"""Media sent by four web servers, set up as the guide says, once Postrail has let a request pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.proxies.real_proxies import HANDOFF, HEADER, open_to_web_servers, running, why_not
from tests.running import Answer, House, call, free_port

pytest_plugins = ("tests.running",)


@dataclass(frozen=True)
class Front:
    """A web server in front of a house, and one file of a post that went through it.

    `header` is how Postrail tells it which file to send.
    """

    url: str
    header: str
    house: House
    path: str
    file: bytes

    def inside(self) -> str:
        """Return what Postrail tells the web server."""
        return call("GET", f"{self.house.url}{self.path}").headers[self.header]

    def get(self, **headers: str) -> Answer:
        """Ask for the file as TikTok does."""
        return call("GET", f"{self.url}{self.path}", headers=headers)


@pytest.fixture(scope="module", autouse=True)
def _all_are_there() -> None:
    missing = why_not()
    if missing is not None:
        pytest.fail(missing, pytrace=False)


@pytest.fixture(scope="module", params=sorted(HANDOFF))
def front(request: pytest.FixtureRequest, media_url: str) -> Iterator[Front]:
    """Publish two photos through each web server; pytest's own folders are open to nobody else."""
    name, port = str(request.param), free_port()
    how = HANDOFF[name]
    with TemporaryDirectory(prefix="postrail-front-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o711)
        settings = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "MEDIA_HANDOFF": how}
        house = House(folder, media_url, {"TRUSTED_PROXIES": "127.0.0.1", **settings})
        open_to_web_servers(house.home)
        with running(name, folder / name, port=port, server=house.port, media=house.home / "media") as url:
            try:
                house.start()
                post_id = house.run("post_photos", house.photos(f"by {name}")).body["post_id"]
                assert house.wait(post_id)["status"] == "published_public"
                pulled = house.witness.publishes()[0]["source_info"]["photo_images"][0]
                file = call("GET", f"{media_url}/one.jpg").content
                yield Front(url, HEADER[how], house, pulled.removeprefix(url), file)
            finally:
                house.close()


def test_the_whole_file_comes_with_its_type_and_length(front: Front) -> None:
    answer = front.get()
    assert (answer.status, answer.content) == (200, front.file)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(len(front.file))
    assert answer.headers["Cache-Control"] == "no-store"


def test_postrail_itself_sends_no_byte_of_it(front: Front) -> None:
    answer = call("GET", f"{front.house.url}{front.path}")
    assert (answer.status, answer.content) == (200, b"")
    media = front.house.home / "media"
    name = answer.headers[front.header].removeprefix("/_spool/").removeprefix(f"{media}/")
    assert (media / name).read_bytes() == front.file


def test_where_the_file_lies_is_told_to_nobody_and_open_to_nobody(front: Front) -> None:
    assert front.header not in front.get().headers
    answer = call("GET", f"{front.url}{front.inside()}")
    assert answer.status == 404
    assert front.file not in answer.content


def test_a_range_is_answered_with_that_part(front: Front) -> None:
    answer = front.get(Range="bytes=10-29")
    assert (answer.status, answer.content) == (206, front.file[10:30])
    assert answer.headers["Content-Range"] == f"bytes 10-29/{len(front.file)}"


def test_several_ranges_come_in_several_parts(front: Front) -> None:
    answer = front.get(Range="bytes=0-9,100-109")
    assert answer.status == 206
    assert answer.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert front.file[:10] in answer.content
    assert front.file[100:110] in answer.content
    assert len(answer.content) == int(answer.headers["Content-Length"])


def test_a_range_behind_the_end_is_refused(front: Front) -> None:
    assert front.get(Range=f"bytes={len(front.file)}-").status == 416


def test_a_part_of_another_version_is_not_mixed_in(front: Front) -> None:
    tag = front.get().headers["ETag"]
    assert front.get(Range="bytes=0-9", **{"If-Range": tag}).status == 206
    assert front.get(Range="bytes=0-9", **{"If-Range": '"another"'}).status == 200


def test_a_head_tells_what_a_get_would_bring(front: Front) -> None:
    answer = call("HEAD", f"{front.url}{front.path}")
    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(front.file))


@pytest.mark.parametrize(
    "path", ["/media/", "/media/none/none.jpg", "/media/" + "a" * 43 + "/one.jpg", "/_spool/"]
)
def test_nothing_is_listed_and_no_token_can_be_made_up(front: Front, path: str) -> None:
    assert call("GET", f"{front.url}{path}").status in {404, 410}
