"""`GET|HEAD /media/{gate}/{name}`: a post's files for TikTok's puller, through the gate, by ranges."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import Flask, Response, request

from connector.engine.gate import GateMode, Passage, Seen, at_gate, at_tail, tail_start
from connector.engine.model import MediaItem
from connector.kernel.errors import PostrailError
from connector.server.files import Tail, come_again, first_wanted, send_file
from connector.server.ranges import Unsatisfiable
from connector.server.site import Site
from connector.web.files import Hold, Withheld

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""What a gate token looks like; anything else never reaches the ledger."""


class Keeper:
    """Looks at the gate for the routes, and holds pulls there: as many at once as the site has places for."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._places = BoundedSemaphore(site.holds)

    def answer(self, token: str, name: str) -> Response:
        """Answer the present request for a gated file."""
        seen = self._look(token, name, self._site.gate_mode)
        if seen.passage is Passage.PART and seen.item is not None and _is_all_tail(seen.item):
            # Nothing of it may go yet, so that its reader can still be told to come again.
            seen = self._look(token, name, GateMode.HOLD)
        if seen.item is not None and seen.blob is not None:
            tail = self._tail(token, seen.item) if seen.passage is Passage.PART else None
            return send_file(seen.item, seen.blob, tail)
        return come_again() if seen.passage is Passage.NOT_YET else Response(status=410)

    def _look(self, token: str, name: str, mode: GateMode) -> Seen:
        site = self._site
        with self._patience() as hold_s:
            return at_gate(site.context, token, name, hold_s=hold_s, pause=site.pause, mode=mode)

    @contextmanager
    def _patience(self) -> Iterator[float]:
        """Give the seconds that a pull may be held: none when too many are."""
        has_place = self._places.acquire(blocking=False)
        try:
            yield self._site.hold_s if has_place else 0.0
        finally:
            if has_place:
                self._places.release()

    def _tail(self, token: str, item: MediaItem) -> Tail:
        def begin() -> Hold | None:
            if not self._places.acquire(blocking=False):
                return None
            return Hold(lambda: self._may_pass(token), lambda: self._pass(token), self._places.release)

        return Tail(start=tail_start(item.size), begin=begin)

    def _may_pass(self, token: str) -> bool:
        """Tell whether the tail may go now. Raises Withheld where it never will by this answer."""
        found = self._at_tail(token, 0.0)
        if found is Passage.NOT_YET and not self._site.context.stopping():
            return False
        if found is not Passage.OPEN:
            raise Withheld(found.value)
        return True

    def _pass(self, token: str) -> None:
        """Return once the tail may go. Raises Withheld where it may not within the site's patience."""
        found = self._at_tail(token, self._site.hold_s)
        if found is not Passage.OPEN:
            raise Withheld(found.value)

    def _at_tail(self, token: str, hold_s: float) -> Passage:
        try:
            return at_tail(self._site.context, token, hold_s=hold_s, pause=self._site.pause)
        except PostrailError as error:
            raise Withheld(error.code) from error


def _is_all_tail(item: MediaItem) -> bool:
    """Whether the present request is sent nothing before the file's tail."""
    try:
        return request.method == "GET" and first_wanted(item) >= tail_start(item.size)
    except Unsatisfiable:
        return False


def register(app: Flask, site: Site) -> None:
    """Add the media route."""
    keeper = Keeper(site)

    @app.get("/media/<gate>/<name>")
    def media(gate: str, name: str) -> Response:
        return keeper.answer(gate, name) if TOKEN.fullmatch(gate) else Response(status=410)
