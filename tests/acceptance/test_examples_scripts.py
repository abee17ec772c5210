"""The scripts of `examples/` do what their headers say, run as a user would against a real server."""

import pytest

from tests.acceptance.running_examples import SHELL_PHOTOS, VIDEO_EXAMPLES, Example, Run
from tests.running import BuildHouse, House

pytest_plugins = ("tests.databases", "tests.running")


def post_video(example: Example, house: House, source: str, title: str, **given: str) -> Run:
    """Run an example that posts a video of the house's media host."""
    rows = {"PRIVACY": "public", "TITLE": title, **given}
    return example.run(house.url, f"{house.media_url}/{source}", key=house.key, **rows)


both = pytest.mark.parametrize("example", VIDEO_EXAMPLES, ids=lambda example: example.name)


@pytest.fixture
def title(request: pytest.FixtureRequest) -> str:
    """Return a caption of this test alone, with characters that a form, JSON and a shell each escape."""
    return f'{request.node.name} "roast" & 100 % \\ #coffee'


def assert_one_public(house: House, told: Run, title: str) -> None:
    """Assert that a script printed the address of the one public post of that title."""
    assert told.returncode == 0, told.stderr
    posts = house.witness.posts(title)
    assert [told.stdout.strip()] == [post["share_url"] for post in posts if post["public_at"]]


@both
def test_a_video_example_prints_the_address_of_the_one_public_video(
    house: House, example: Example, title: str
) -> None:
    assert_one_public(house, post_video(example, house, "clip.mp4", title), title)


@both
def test_a_video_example_tells_that_a_private_video_has_no_public_address(
    house: House, example: Example, title: str
) -> None:
    told = post_video(example, house, "clip.mp4", title, PRIVACY="private")
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "published_private: no public address, not_public"


@both
def test_a_video_example_says_why_a_text_is_no_video_and_fails(
    house: House, example: Example, title: str
) -> None:
    told = post_video(example, house, "notes.mp4", title)
    assert told.returncode == 1
    assert told.stdout == ""
    assert "not published: unsupported_video_type" in told.stderr
    assert "why: a text file" in told.stderr
    assert house.witness.posts(title) == []


@both
def test_a_video_example_says_what_a_refusal_says(house: House, example: Example) -> None:
    told = post_video(example, house, "clip.mp4", "too long " * 400)
    assert told.returncode == 1
    assert "not published: invalid_request" in told.stderr
    assert "2200" in told.stderr


@both
def test_a_video_example_that_runs_again_under_its_key_posts_nothing_more(
    house: House, example: Example, title: str
) -> None:
    for _ in range(2):
        told = post_video(example, house, "clip.mp4", title, IDEMPOTENCY_KEY=f"row of {example.name}")
        assert_one_public(house, told, title)


@both
def test_a_video_example_waits_again_when_one_wait_was_too_short(
    build_house: BuildHouse, example: Example
) -> None:
    house = build_house()
    house.witness.set_dial(mode="seconds", processing=2, moderation=0)
    assert_one_public(house, post_video(example, house, "clip.mp4", "slow", WAIT_SECONDS="1"), "slow")


def carousel(house: House, *names: str, **given: str) -> Run:
    """Run the shell example that posts photos of the house's media host."""
    sources = (f"{house.media_url}/{name}" for name in names)
    return SHELL_PHOTOS.run(house.url, *sources, key=house.key, **given)


def test_the_photo_example_prints_the_address_of_the_one_public_carousel(house: House) -> None:
    words = {"PRIVACY": "public", "TITLE": "three by curl", "DESCRIPTION": "Long & true"}
    told = carousel(house, "one.jpg", "two.webp", "three.png", **words)
    assert_one_public(house, told, "three by curl")
    [post] = house.witness.posts("three by curl")
    assert len(post["media"]) == 3
    assert post["description"] == "Long & true"


def test_the_photo_example_says_why_a_text_is_no_photo_and_fails(house: House) -> None:
    told = carousel(house, "one.jpg", "notes.mp4", PRIVACY="public", TITLE="no photo")
    assert told.returncode == 1
    assert "not published: unsupported_image_type" in told.stderr
    assert house.witness.posts("no photo") == []
