"""A file that stands in a request as text: what a tool has left in its place is named as what it is."""

from collections.abc import Callable

from connector.contract import Rows, load_contract
from connector.domain.filetext import KEPT, FileText
from connector.engine.intake import OPERATION
from connector.kernel.errors import PostrailError


class GivenText:
    """Takes a file's text in pieces and gives its bytes to `write`, as `FileText` does."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._text = FileText(write)

    @property
    def url(self) -> str | None:
        """Return the text where it is a URL."""
        return self._text.url

    def feed(self, piece: bytes) -> None:
        """Take the next piece. Raises PostrailError and whatever `write` raises."""
        try:
            self._text.feed(piece)
        except PostrailError:
            refuse_leftover(self._text.start)
            raise

    def finish(self) -> None:
        """Say that there is no more. Raises PostrailError."""
        if len(self._text.start) < KEPT:
            refuse_leftover(self._text.start)
        self._text.finish()


def refuse_leftover(start: bytes) -> None:
    """Raise PostrailError where the field would be refused for a text that begins so, whoever read it."""
    rows = Rows.of({"file": start.decode(errors="replace")})
    understood = load_contract().understand(OPERATION, rows)
    if not understood.ok:
        raise understood.error()
