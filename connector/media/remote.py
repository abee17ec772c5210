"""Looks at a video where it lies, by small ranges: a file of gigabytes is judged by some kilobytes of it."""

import io
import re
from collections import OrderedDict

from connector.domain.media import Video, check_video
from connector.domain.sources import SourceTerms
from connector.media.answers import version_of
from connector.media.hops import arrive, start_of
from connector.media.kinds import HEAD_SIZE, is_html
from connector.media.prepare import refuse
from connector.media.probe import Untold, look_at_video
from connector.net import Broken, Egress, Patience, Timeout, Unsendable, Unsent

BLOCK = 64 * 1024
"""Bytes that are asked for at once: most indices of short videos fit into one or two."""

MOST_BLOCKS = 512
"""Blocks that are asked for in all: a film in ten thousand fragments is fetched whole instead."""

KEPT_BLOCKS = 64
"""Blocks held in memory."""

_PARTIAL = 206
_PART = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})")
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}


class NotByRanges(Exception):
    """The file cannot be judged where it lies: it must be fetched whole, which also tells what is wrong."""


class RemoteFile(io.RawIOBase):
    """A file at a URL, read like one on the disk. Raises NotByRanges where its host does not play along."""

    def __init__(self, egress: Egress, url: str, patience: Patience, redirects: int) -> None:
        super().__init__()
        self._egress = egress
        self._url = start_of(url)
        self._patience = patience
        self._redirects = redirects
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._asked = 0
        self._at = 0
        self._version: str | None = None
        self.size = 0
        self._block(0)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any place of it can be read."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._at = offset + (0, self._at, self.size)[whence]
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # Buffer needs 3.12
        """Fill `buffer` from the place on, as far as one block reaches; return how many bytes."""
        view = memoryview(buffer)
        if self._at >= self.size:
            return 0
        number, within = divmod(self._at, BLOCK)
        piece = self._block(number)[within : within + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _block(self, number: int) -> bytes:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        self._asked += 1
        if self._asked > MOST_BLOCKS:
            raise NotByRanges("it takes too many ranges")
        data = self._ask(number * BLOCK)
        self._blocks[number] = data
        if len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return data

    def _ask(self, first: int) -> bytes:
        headers = {**_HEADERS, "Range": f"bytes={first}-{first + BLOCK - 1}"}
        try:
            with arrive(self._egress, self._url, headers, self._patience, self._redirects) as arrival:
                reply = arrival.reply
                told = _PART.fullmatch(reply.headers.get("Content-Range", "").strip())
                if reply.status != _PARTIAL or told is None or int(told[1]) != first:
                    raise NotByRanges("the host answers no ranges")
                size, version = int(told[2]), version_of(reply.headers)
                if self.size and (size, version) != (self.size, self._version):
                    raise NotByRanges("the file has changed")
                self.size, self._version = size, version
                data = reply.read(min(BLOCK, size - first))
        except (Unsendable, Unsent, Broken) as error:
            raise NotByRanges(str(error)) from error
        if len(data) != min(BLOCK, self.size - first):
            raise NotByRanges("the answer is too short")
        return data


def look_from_afar(egress: Egress, url: str, timeout: Timeout, terms: SourceTerms) -> Video:
    """Look into the video at `url` by ranges.

    Raises NotByRanges where it must be fetched instead, and PostrailError with everything that TikTok would
    refuse.
    """
    remote = RemoteFile(egress, url, egress.begin(timeout), terms.redirects)
    file = io.BufferedReader(remote)
    if is_html(file.peek(HEAD_SIZE)):
        raise NotByRanges("a web page")
    try:
        video = look_at_video(file, remote.size)
    except Untold as untold:
        raise NotByRanges(str(untold)) from untold
    refuse(check_video(video))
    return video
