#!/usr/bin/env python3
"""Post one video to TikTok through Postrail, wait until it is published, print the address of the post.

    POSTRAIL_URL=http://127.0.0.1:8000 POSTRAIL_KEY=your-key \
    python post_video.py --title "Sunday roast #coffee" --privacy public https://media.example.com/clip.mp4

With `--idempotency-key`, such as a row's id, the program may run again and again without posting twice.
Exit status 0: published. 1: not published. 2: it is not known, and standard error says how to ask again.
Python alone is enough: nothing is to be installed.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NoReturn
from urllib.parse import urlsplit

CONNECT_S = 10
ANSWER_S = 75
EXCERPT = 200
Rows = dict[str, str]


class NotPublishedError(Exception):
    """The post was refused or has failed; the message says why and what to do."""


class UnknownError(Exception):
    """The post is accepted, or may be, and its end has not been heard; the message says what has."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back from one call.

    `status` is the HTTP status, 0 when nothing came back; `answer` what Postrail says, empty when it was not
    Postrail that spoke, and then `came_back` tells what did. Nothing was done unless the call was `sent`.
    """

    called: str
    status: int = 0
    answer: dict[str, object] = field(default_factory=dict)
    came_back: str = ""
    sent: bool = True

    @property
    def is_post(self) -> bool:
        """Whether this tells how a post stands."""
        return bool(self.answer.get("post_id") and self.answer.get("state"))

    @property
    def is_settled(self) -> bool:
        """Whether the post has come to its end."""
        return self.is_post and self.status == 200  # noqa: PLR2004 - a post that is pending is answered 202

    @property
    def is_refused(self) -> bool:
        """Whether nothing was posted; a server that broke off, or says that it is broken, may have posted."""
        return not self.sent or 300 <= self.status < 500 or self.status == 501  # noqa: PLR2004 - HTTP's classes

    @property
    def is_passing(self) -> bool:
        """Whether the same call may be answered better in a while."""
        return self.status in {0, 429} or self.status >= 500  # noqa: PLR2004 - HTTP's own classes

    def member(self, name: str) -> str:
        """Return a text of the answer, an empty one where there is none."""
        return str(self.answer.get(name) or "")

    def lines(self) -> Iterator[str]:
        """Tell all that came back."""
        if not self.answer:
            yield f"called: {self.called}"
            yield f"came back: {self.came_back}"
            yield "fix: see that POSTRAIL_URL is your Postrail's address and that it runs there"
            return
        if self.member("message"):
            yield f"why: {self.member('message')}"
        details = self.answer.get("details")
        for detail in details if isinstance(details, list) else []:
            yield f"field: {detail.get('field') or '(the request as a whole)'}"
            yield from (
                f"  {name}: {detail[name]}" for name in ("got", "expected", "fix") if detail.get(name)
            )
        if self.member("fix"):
            yield f"fix: {self.member('fix')}"


def read_reply(called: str, status: int, text: str) -> Reply:
    """Read an answer; what is not in Postrail's form is told by how it begins."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and "ok" in answer and (answer.get("error") or answer.get("post_id")):
        return Reply(called=called, status=status, answer=answer)
    excerpt = " ".join(text.split())[:EXCERPT] or "an empty body"
    return Reply(called=called, status=status, came_back=f"HTTP {status}, {excerpt}")


class Postrail:
    """A small caller of Postrail's operations."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._parts = urlsplit(self._url)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def _connection(self) -> HTTPConnection:
        build = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        return build(self._parts.hostname or "", self._parts.port, timeout=CONNECT_S)

    def run(self, operation: str, rows: Rows, headers: Rows | None = None) -> Reply:
        """Run an operation with rows of text; whatever comes of it is the reply."""
        path = f"/v1/operations/{operation}"
        called = f"POST {self._url}{path}"
        connection = self._connection()
        try:
            connection.connect()
        except OSError as error:
            return Reply(called=called, came_back=f"no connection, {error.strerror or error}", sent=False)
        try:
            connection.sock.settimeout(ANSWER_S)
            all_headers = {**self._headers, **(headers or {})}
            connection.request("POST", self._parts.path + path, json.dumps(rows), all_headers)
            reply = connection.getresponse()
            return read_reply(called, reply.status, reply.read().decode(errors="replace"))
        except (OSError, HTTPException) as error:
            return Reply(called=called, came_back=f"no answer, {str(error) or type(error).__name__}")
        finally:
            connection.close()


def publish(postrail: Postrail, given: argparse.Namespace) -> str:
    """Post the video and return where it can be seen. Raises NotPublishedError or UnknownError."""
    rows = {"source_url": given.source_url, "title": given.title, "privacy": given.privacy}
    reply = postrail.run("post_video", rows, {"Idempotency-Key": given.key})
    if not reply.is_post and reply.is_refused:
        raise NotPublishedError(not_published(reply, given))
    if not reply.is_post:
        raise unknown("the post may have been accepted", reply)
    post_id = reply.member("post_id")
    print(f"accepted as {post_id}", file=sys.stderr)
    end = wait_for_the_end(postrail, reply, given)
    state, status = end.member("state"), end.member("status")
    if state == "failed":
        raise NotPublishedError(not_published(end, given))
    if state != "done":
        raise unknown(f"{post_id} was accepted, it is {status}", end)
    if not status.startswith("published_") and status != "inbox_delivered":
        raise NotPublishedError(f"{post_id} is at TikTok no more: {status}")
    return end.member("post_url") or f"{status}: no public address, {end.member('url_reason')}"


def wait_for_the_end(postrail: Postrail, reply: Reply, given: argparse.Namespace) -> Reply:
    """Wait by as many calls as it takes, for a while also over a server that is away. Raises UnknownError."""
    post_id = reply.member("post_id")
    pending_until = time.monotonic() + given.pending_seconds  # noqa: TID251 - a program of its own
    away_until = 0.0
    while not reply.is_settled:
        now = time.monotonic()  # noqa: TID251 - a program of its own
        if reply.is_post:
            away_until = 0.0
            if now >= pending_until:
                raise unknown(f"{post_id} was accepted, it is still {reply.member('status')}", reply)
        elif not reply.is_passing:
            raise unknown(f"{post_id} was accepted, the wait for it went wrong", reply)
        else:
            away_until = away_until or now + given.retry_seconds
            if now >= away_until:
                raise unknown(f"{post_id} was accepted, then nothing was heard of it", reply)
        time.sleep(1)
        rows = {"post_id": post_id, "wait_seconds": str(given.wait_seconds)}
        reply = postrail.run("wait_until_published", rows)
    return reply


def unknown(what: str, reply: Reply) -> UnknownError:
    """Build the error for a post whose end has not been heard."""
    return UnknownError("\n".join([what, *reply.lines()]))


def not_published(reply: Reply, given: argparse.Namespace) -> str:
    """Tell why there is no post and how to go on."""
    what = reply.member("error") or reply.member("status") or "no answer of a Postrail"
    again = "mend it and run again"
    if not given.idempotency_key:
        again += " (a new key is made)"
    elif reply.is_post:
        again += " with a new key: this one stays with the failed post"
    return "\n".join([f"not published: {what if reply.sent else 'no connection'}", *reply.lines(), again])


class Parser(argparse.ArgumentParser):
    """A parser that shows all that can be given, and does not end with status 2, which has a meaning here."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end: nothing was posted."""
        self.print_help(sys.stderr)
        self.exit(1, f"\n{message}\n")


def key_text(text: str) -> str:
    """Read a text that can stand in a header."""
    if not text.isascii() or not text.isprintable():
        raise argparse.ArgumentTypeError("it must be plain letters, digits and signs (printable ASCII)")
    return text


def seconds(text: str) -> int:
    """Read a whole number of seconds."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds")
    return int(text)


def wait_seconds(text: str) -> int:
    """Read the patience of one wait call, which the server bounds."""
    longest = 50
    if seconds(text) > longest:
        raise argparse.ArgumentTypeError(f"{text} is more than {longest}")
    return int(text)


def arguments() -> tuple[argparse.Namespace, Postrail]:
    """Read the command line and the environment; end with what is wrong with them."""
    parser = Parser(
        description="Post one video to TikTok through Postrail.",
        epilog="example: POSTRAIL_URL=http://127.0.0.1:8000 POSTRAIL_KEY=your-key python post_video.py"
        " --privacy public https://media.example.com/clip.mp4",
    )
    add = parser.add_argument
    add("source_url", help="the address of the video file")
    add("--title", default="", help="the caption")
    privacy = ("public", "friends", "followers", "private")
    add("--privacy", required=True, choices=privacy, help="followers: offered by private accounts only")
    add(
        "--idempotency-key", type=key_text, default="", help="one key, one post; without it a new one is made"
    )
    add("--wait-seconds", type=wait_seconds, default=50, help="the patience of one wait call, 0 to 50 (50)")
    add(
        "--retry-seconds", type=seconds, default=60, help="how long to ask a server that does not answer (60)"
    )
    add("--pending-seconds", type=seconds, default=3600, help="how long to wait for the end in all (3600)")
    given = parser.parse_args()
    given.key = given.idempotency_key or f"video-{os.urandom(8).hex()}"
    url = os.getenv("POSTRAIL_URL", "")  # noqa: TID251 - a program of its own
    key = os.getenv("POSTRAIL_KEY", "").strip()  # noqa: TID251 - a program of its own
    if not is_address(url):
        parser.error(
            f"set POSTRAIL_URL to the address of your Postrail, http://... or https://..., not {url!r}"
        )
    if not key or not key.isascii() or not key.isprintable():
        parser.error("set POSTRAIL_KEY to your API key")
    return given, Postrail(url, key)


def is_address(url: str) -> bool:
    """Tell whether a text can be the address of a server."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def main() -> int:
    """Post the video that the command line names; return the exit status."""
    given, postrail = arguments()
    try:
        print(publish(postrail, given))
    except NotPublishedError as error:
        print(error, file=sys.stderr)
        return 1
    except (UnknownError, KeyboardInterrupt) as error:
        what = str(error) or "this program was stopped before it heard how the post ended"
        again = f"to ask again without posting twice, run the same command with --idempotency-key {given.key}"
        print(f"outcome unknown: {what}\n{again}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
