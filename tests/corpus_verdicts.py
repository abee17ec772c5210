"""What Postrail makes of a file of the corpus, and TikTok's word, told minutes later, for each of its own.

Source of TikTok's words: `fail_reason` of /v2/post/publish/status/fetch/.
"""

from dataclasses import dataclass
from pathlib import Path

from connector.kernel.errors import PostrailError
from connector.media.prepare import checked_video, prepare
from tests.corpus import Specimen

FORMAT = "file_format_check_failed"
SIZE = "picture_size_check_failed"
RATE = "frame_rate_check_failed"
DURATION = "duration_check_failed"

MEANS = {
    "unsupported_video_type": FORMAT,
    "unsupported_codec": FORMAT,
    "truncated": FORMAT,
    "side_out_of_range": SIZE,
    "frame_rate_out_of_range": RATE,
    "too_long": DURATION,
    "unsupported_image_type": FORMAT,
    "image_convert_failed": FORMAT,
    "image_too_large": SIZE,
    "too_many_pixels": SIZE,
    "too_wide": SIZE,
    "too_tall": SIZE,
}
"""TikTok's word for each of ours."""

TIKTOKS_PHOTOS = (b"\xff\xd8", b"RIFF")
"""How a file begins that TikTok looks into as a photo; any other one has the wrong format for it."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What became of a file here: `sent` goes to TikTok, which says nothing or one of `reasons`.

    A refused file stands here as it came: it never leaves, and TikTok is asked what it would have said.
    """

    sent: bytes
    mime: str = "video/mp4"
    reasons: frozenset[str] = frozenset()


def words(error: PostrailError) -> set[str]:
    """Return the words of all problems; each of them can be mended by what it says."""
    assert all(problem.got and problem.expected and problem.fix for problem in error.details)
    return {problem.problem for problem in error.details}


def reasons_for(one: Specimen, data: bytes, found: set[str]) -> frozenset[str]:
    """Return what TikTok may say of a file with these problems: it names one of them."""
    if one.kind == "photo" and not data.startswith(TIKTOKS_PHOTOS):
        return frozenset({FORMAT})
    return frozenset(MEANS[word] for word in found)


def judged(one: Specimen, folder: Path) -> Judged:
    """Do with a file what Postrail does with it before TikTok hears of it; it has no telling name."""
    data = one.make()
    path = folder / "specimen"
    path.write_bytes(data)
    try:
        if one.kind == "video":
            return Judged(sent=data, mime=checked_video(path).mime)
        ready = prepare(path)
        return Judged(sent=ready.data or data, mime=ready.after.mime)
    except PostrailError as error:
        found = words(error)
        assert one.verdict in found
        return Judged(sent=data, reasons=reasons_for(one, data, found))
