"""The proofs that TikTok wants of a public host: put in, served, looked at, taken out."""

from pathlib import Path

import pytest

from tests.running import BuildHouse, House, call

pytest_plugins = ("tests.databases", "tests.running")

NAME, CONTENT = "tiktokAbC123.txt", b"tiktok-developers-site-verification=AbC123\n"
OTHER = "tiktok9876.txt"


@pytest.fixture
def own(build_house: BuildHouse) -> House:
    """A server with a file of another app in its settings."""
    return build_house(SIGNATURE_FILES=f"{OTHER}=the other app's")


def command(house: House, *words: str) -> tuple[int, str]:
    """Run `postrail domains ...`; return its status and what it said."""
    done = house.command("domains", *words, "--home", str(house.home))
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def put_in(house: House, folder: Path) -> None:
    """Put a signature file in."""
    (folder / NAME).write_bytes(CONTENT)
    status, said = command(house, "add-file", str(folder / NAME))
    assert (status, f"/media/{NAME}" in said) == (0, True)


def test_a_file_is_served_to_the_byte_from_the_moment_it_is_put_in(own: House, tmp_path: Path) -> None:
    assert call("GET", f"{own.url}/{NAME}").status == 404
    put_in(own, tmp_path)
    for place in (f"/{NAME}", f"/media/{NAME}"):
        for method in ("GET", "HEAD"):
            answer = call(method, own.url + place)
            assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(CONTENT)))
            assert answer.headers["Content-Type"].startswith("text/plain")
        assert call("GET", own.url + place).content == CONTENT
    assert call("GET", f"{own.url}/{OTHER}").content == b"the other app's"
    assert command(own, "remove-file", NAME)[0] == 0
    assert call("GET", f"{own.url}/{NAME}").status == 404


def test_nothing_else_is_served(own: House) -> None:
    for path in (
        "/tiktok.txt",
        "/tiktokNone1.txt",
        "/media/tiktok..%2Fsecret.txt",
        "/proofs/",
        "/tiktokx/y.txt",
    ):
        assert call("GET", own.url + path).status == 404, path


def test_what_is_no_signature_file_is_not_put_in(own: House, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    status, said = command(own, "add-file", str(tmp_path / "notes.txt"))
    assert (status, "no signature file" in said) == (2, True)
    assert command(own, "add-file", str(tmp_path / "missing.txt"))[0] == 2
    assert command(own, "remove-file", NAME)[0] == 1


def test_the_domains_are_told_to_whoever_has_a_key(own: House) -> None:
    told = own.call("GET", "/v1/domains").body
    assert (told["standing"], told["can_pull"]) == ("not_public", False)
    assert told["files"] == [{"name": OTHER, "urls": [f"{own.url}/{OTHER}", f"{own.url}/media/{OTHER}"]}]
    assert own.call("GET", "/v1/domains", key="").status == 401


def test_a_check_without_a_public_address_says_what_is_missing(own: House) -> None:
    status, said = command(own, "check")
    assert (status, "POSTRAIL_PUBLIC_URL is not set" in said) == (1, True)
    assert '"standing": "not_public"' in command(own, "list")[1]


def test_a_setting_that_is_no_signature_file_is_told_at_the_start(own: House) -> None:
    own.stop()
    own.settings = {"SIGNATURE_FILES": "notes.txt=hello"}
    done = own.command("serve", "--home", str(own.home), "--port", "0")
    assert done.returncode == 2
    assert "POSTRAIL_SIGNATURE_FILES" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_sandbox_fetches_from_this_machine_and_asks_for_no_proof(own: House) -> None:
    post_id = own.run("post_photos", own.photos("no proof")).body["post_id"]
    assert own.wait(post_id)["status"] == "published_public"
