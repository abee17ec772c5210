"""The corpus: each file gets its verdict here, and the sandbox, with its own reader, says the same after."""

from pathlib import Path

import pytest

from connector.domain.media import Photo, Video
from connector.kernel.errors import PostrailError
from connector.media.prepare import checked_video, prepare
from connector.sandbox.looks import Look, look_at_photo, look_at_video
from tests.corpus import CONVERTED, KEEPS, Specimen
from tests.corpus_photos import PHOTOS
from tests.corpus_verdicts import MEANS, reasons_for, words
from tests.corpus_videos import VIDEOS

LONGEST_S = 600
"""Seconds: the API's ceiling, which is what a file by itself is held to."""


def specimens(found: tuple[Specimen, ...]) -> list[Specimen]:
    """Return specimens whose names tell them apart."""
    names = [one.name for one in found]
    assert len(set(names)) == len(names)
    return list(found)


def written(folder: Path, data: bytes) -> Path:
    """Write a file without a telling name."""
    path = folder / "specimen"
    path.write_bytes(data)
    return path


def agree_on_video(ours: Video, theirs: Look) -> None:
    """Hold two readers that share no code to the same facts."""
    assert (theirs.content_type, theirs.width, theirs.height) == (ours.mime, *ours.stored)
    assert ours.duration_ms is not None
    assert abs(theirs.duration_ms - ours.duration_ms) <= 1


@pytest.mark.parametrize("one", specimens(VIDEOS), ids=lambda one: one.name)
def test_a_video_of_the_corpus_gets_its_verdict_and_the_sandbox_agrees(one: Specimen, tmp_path: Path) -> None:
    path = written(tmp_path, one.make())
    theirs = look_at_video(path, LONGEST_S)
    if one.verdict == KEEPS:
        agree_on_video(checked_video(path), theirs)
        assert theirs.fail_reason is None
        return
    with pytest.raises(PostrailError) as caught:
        checked_video(path)
    assert one.verdict in words(caught.value)
    assert theirs.fail_reason in reasons_for(one, path.read_bytes(), words(caught.value))


@pytest.mark.parametrize("one", specimens(PHOTOS), ids=lambda one: one.name)
def test_a_photo_of_the_corpus_gets_its_verdict_and_the_sandbox_agrees(one: Specimen, tmp_path: Path) -> None:
    data = one.make()
    path = written(tmp_path, data)
    if one.verdict in {KEEPS, CONVERTED}:
        ready = prepare(path)
        assert (ready.data is None) is (one.verdict == KEEPS)
        agree_on_photo(ready.after, look_at_photo(written(tmp_path, ready.data or data)))
        return
    with pytest.raises(PostrailError) as caught:
        prepare(path)
    assert one.verdict in words(caught.value)
    assert look_at_photo(path).fail_reason in reasons_for(one, data, words(caught.value))


def agree_on_photo(ours: Photo, theirs: Look) -> None:
    """Hold two readers that share no code to the same facts."""
    assert theirs.fail_reason is None
    assert (theirs.content_type, theirs.width, theirs.height) == (ours.mime, ours.width, ours.height)


@pytest.mark.parametrize(
    "one", [one for one in PHOTOS if one.verdict in {"too_wide", "too_tall"}], ids=lambda one: one.name
)
def test_what_is_too_large_is_taken_once_it_is_fitted(one: Specimen, tmp_path: Path) -> None:
    ready = prepare(written(tmp_path, one.make()), fit=True)
    assert ready.data is not None
    agree_on_photo(ready.after, look_at_photo(written(tmp_path, ready.data)))
    assert max(ready.after.width or 0, ready.after.height or 0) == 1080


def test_the_corpus_is_large_and_has_every_verdict() -> None:
    every = [*VIDEOS, *PHOTOS]
    assert len(every) >= 120
    assert {one.verdict for one in every} == {KEEPS, CONVERTED, *MEANS}
