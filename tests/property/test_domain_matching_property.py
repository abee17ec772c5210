"""A post is never taken for another one of ours, whatever was sent for the account and whatever is known."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.matching import Sought, known_again, sought_until

HOUR_MS = 3_600_000
CAPTIONS = ("Good morning", "Good evening", "x" * 200, "x" * 150 + "y" * 50)
SHOWN = 150
"""Characters of a caption that TikTok shows."""


@dataclass(frozen=True)
class Video:
    """A video as an account shows it."""

    id: str
    created_at: int | None
    description: str | None
    duration_s: int | None
    title: str | None = None
    share_url: str | None = None


@dataclass(frozen=True)
class Sent:
    """A post that was sent: what it looks like, its video where it became one, and whether we know of it."""

    sought: Sought
    video: Video | None
    is_known: bool


@st.composite
def sent(draw: st.DrawFn, number: int) -> Sent:
    """Send one post, often much like the others."""
    began = draw(st.integers(0, 12)) * HOUR_MS
    caption, length_ms = draw(st.sampled_from(CAPTIONS)), draw(st.sampled_from([5_000, 5_400, 9_000]))
    sought = Sought(
        kind="video", texts=(caption,), since=began, until=sought_until(began), duration_ms=length_ms
    )
    if not draw(st.booleans()):
        return Sent(sought, None, is_known=False)
    video = Video(
        id=f"76{number}",
        created_at=began + draw(st.integers(0, 3 * HOUR_MS)) // 1000 * 1000,
        description=caption[:SHOWN],
        duration_s=length_ms // 1000,
    )
    return Sent(sought, video, is_known=draw(st.booleans()))


@given(data=st.data(), count=st.integers(1, 6))
def test_a_post_is_known_again_as_its_own_video_or_not_at_all(data: st.DataObject, count: int) -> None:
    posts = [data.draw(sent(number)) for number in range(count)]
    shown = [post.video for post in posts if post.video is not None]
    taken = {post.video.id for post in posts if post.video is not None and post.is_known}
    for post in posts:
        if post.is_known:
            continue
        rivals = [other.sought for other in posts if other is not post and not other.is_known]
        found = known_again(post.sought, rivals, shown, taken)
        assert isinstance(found, str) or found == post.video


@given(post=sent(1), data=st.data())
def test_a_post_that_is_alone_is_found_wherever_it_stands_in_the_list(
    post: Sent, data: st.DataObject
) -> None:
    others = [Video(id=f"9{n}", created_at=0, description="Another", duration_s=5) for n in range(3)]
    shown = data.draw(st.permutations([*others, *([post.video] if post.video else [])]))
    found = known_again(post.sought, [], shown, taken=())
    assert found == post.video if post.video else isinstance(found, str)
