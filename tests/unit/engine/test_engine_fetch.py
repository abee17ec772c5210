"""On which terms a post's media is fetched: the dialect that it came by decides."""

import pytest

from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene, status

pytest_plugins = ("tests.engine_scene",)

PM3K = SourceTerms(redirects=0, photo_length=True)


@pytest.mark.parametrize(("dialect", "terms"), [(None, OPEN_TERMS), ("pm3k", PM3K), ("of old", OPEN_TERMS)])
def test_media_is_fetched_on_the_terms_of_the_posts_dialect(
    scene: Scene, dialect: str | None, terms: SourceTerms
) -> None:
    scene.tiktok.statuses = [status("PROCESSING_DOWNLOAD")]
    scene.accept_photos(dialect=dialect)
    scene.step()
    assert scene.media.terms == [terms, terms]


def test_a_file_that_was_swapped_between_look_and_sending_stops_the_post_before_any_init(
    scene: Scene,
) -> None:
    post = scene.accept_video()
    scene.media.swapped = {"source_url"}
    with pytest.raises(PostrailError, match="media_changed"):
        scene.step()
    assert scene.tiktok.calls == []
    assert scene.stage.attempt_states(post.id) == []
