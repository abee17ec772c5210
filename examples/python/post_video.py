#!/usr/bin/env python3
"""Post one video to TikTok through Postrail, wait until it is published, print the address of the post.

    pip install requests
    POSTRAIL_URL=http://127.0.0.1:8000 POSTRAIL_KEY=your-key \
    python post_video.py --title "Sunday roast #coffee" --privacy public https://media.example.com/clip.mp4

With `--idempotency-key`, such as a row's id, the program may run again and again without posting twice.
Exit status 0: published. Otherwise standard error says why not.
"""

import argparse
import os
import sys
import time

import requests

WAIT_CALLS = 60
ANSWER_S = 75


class NotPublishedError(Exception):
    """The post was refused or has failed; the message says why and what to do."""


class Postrail:
    """A small caller of Postrail's operations."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def run(
        self, operation: str, rows: dict[str, str], headers: dict[str, str] | None = None
    ) -> dict[str, object]:
        """Run an operation with rows of text. Raises NotPublishedError when it is refused."""
        address = f"{self._url}/v1/operations/{operation}"
        reply = self._session.post(address, json=rows, headers=headers, timeout=ANSWER_S)
        answer: dict[str, object] = reply.json()
        if not reply.ok:
            raise NotPublishedError(reason(answer))
        return answer

    def wait(self, post_id: str, wait_seconds: int) -> dict[str, object]:
        """Return the outcome of a post; `retry_at` in an answer means that there is none yet."""
        rows = {"post_id": post_id, "wait_seconds": str(wait_seconds)}
        answer = self.run("wait_until_published", rows)
        for _ in range(WAIT_CALLS - 1):
            if not answer.get("retry_at"):
                break
            time.sleep(1)
            answer = self.run("wait_until_published", rows)
        return answer


def reason(answer: dict[str, object]) -> str:
    """Tell why a post is not published."""
    what = answer.get("error") or answer.get("status")
    return f"not published: {what}\nwhy: {answer.get('message', '')}\nfix: {answer.get('fix', '')}"


def publish(postrail: Postrail, given: argparse.Namespace) -> str:
    """Post the video and return where it can be seen. Raises NotPublishedError."""
    rows = {"source_url": given.source_url, "title": given.title, "privacy": given.privacy}
    accepted = postrail.run("post_video", rows, {"Idempotency-Key": given.idempotency_key})
    print(f"accepted as {accepted['post_id']}", file=sys.stderr)
    outcome = postrail.wait(str(accepted["post_id"]), given.wait_seconds)
    if outcome["state"] != "done":
        raise NotPublishedError(reason(outcome))
    return str(outcome["post_url"] or f"{outcome['status']}: no public address, {outcome['url_reason']}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Post one video to TikTok through Postrail.")
    parser.add_argument("source_url", help="the address of the video file")
    parser.add_argument("--title", default="", help="the caption")
    parser.add_argument("--privacy", required=True, choices=("public", "friends", "followers", "private"))
    parser.add_argument("--wait-seconds", type=int, default=50, help="the patience of one wait call, 0 to 50")
    parser.add_argument("--idempotency-key", default=f"video-{os.urandom(8).hex()}", help="one key, one post")
    return parser.parse_args()


def main() -> int:
    """Post the video that the command line names; return the exit status."""
    given = arguments()
    url, key = os.getenv("POSTRAIL_URL"), os.getenv("POSTRAIL_KEY")  # noqa: TID251 - a program of its own
    if not url or not key:
        sys.exit("set POSTRAIL_URL to the address of your Postrail and POSTRAIL_KEY to your API key")
    postrail = Postrail(url, key)
    try:
        print(publish(postrail, given))
    except (NotPublishedError, requests.RequestException) as error:
        print(
            f"{error}\nagain without posting twice: --idempotency-key {given.idempotency_key}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
