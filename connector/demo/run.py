"""`postrail demo`: the main job, done for real on this machine.

Starts a server with its worker and a sandbox, makes real media, posts a video and a carousel through the
public HTTP API as rows of text, waits with one call each, and tells what happened.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from connector.demo.host import MediaHost
from connector.demo.media import make_demo_media
from connector.demo.processes import NotStarted, sandbox_program, server_program
from connector.kernel.clock import Clock, SystemClock

WAIT_S = 50
CALL_TIMEOUT_S = 70


class DemoFailed(Exception):
    """The demo did not do the whole job; the message says where it ended."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One post of the demo: what was typed, how it was sent, and all that came of it."""

    title: str
    operation: str
    encoding: str
    rows: Mapping[str, str]
    accepted: Mapping[str, object]
    outcome: Mapping[str, object]
    timeline: list[dict[str, object]]


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What the sandbox itself says is public on its pretend TikTok."""

    posts: list[dict[str, object]]
    url: str


def video_rows(host: str) -> dict[str, str]:
    """Return a Post Video node filled row by row, everything as text."""
    return {
        "source_url": f"{host}/clip.mp4",
        "title": "A sunrise in five seconds #demo",
        "privacy": "public",
        "disable_comment": "false",
        "disable_duet": "TRUE",
        "disable_stitch": "0",
        "video_cover_timestamp_ms": "1500",
        "is_aigc": "yes",
    }


def photo_rows(host: str) -> dict[str, str]:
    """Return a Post Photos node filled row by row, everything as text."""
    return {
        "photo_images": f"{host}/one.jpg\n{host}/two.webp\n{host}/three.png",
        "photo_cover_index": "1",
        "title": "Three pictures",
        "description": "A JPEG, a WebP and a PNG that was converted",
        "privacy": "PUBLIC_TO_EVERYONE",
        "auto_add_music": "on",
        "disable_comment": "",
    }


def _call(method: str, url: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - what requests takes
    """Make a call on this machine, past any proxy of it. Raises DemoFailed when it is not answered well."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            reply = session.request(method, url, timeout=CALL_TIMEOUT_S, **request)
            answer: dict[str, Any] = reply.json()
        except requests.RequestException as error:
            raise DemoFailed(f"{url} did not answer: {error}") from error
    if not reply.ok:
        raise DemoFailed(f"{url} answered HTTP {reply.status_code}: {answer}")
    return answer


class Caller:
    """A workflow tool: calls the public API with a key, as any tool would."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}

    def run(self, operation: str, *, as_form: bool, rows: Mapping[str, str]) -> dict[str, Any]:
        """Run one operation. Raises DemoFailed when the server refuses it."""
        url = f"{self._url}/v1/operations/{operation}"
        return _call("POST", url, headers=self._headers, **{"data" if as_form else "json": dict(rows)})


def _play(caller: Caller, title: str, operation: str, rows: Mapping[str, str], *, as_form: bool) -> Scene:
    accepted = caller.run(operation, as_form=as_form, rows=rows)
    post_id = str(accepted["post_id"])
    outcome = caller.run(
        "wait_until_published", as_form=False, rows={"post_id": post_id, "wait_seconds": str(WAIT_S)}
    )
    told = caller.run("check_status", as_form=False, rows={"post_id": post_id, "include_timeline": "true"})
    timeline = told.get("timeline")
    return Scene(
        title=title,
        operation=operation,
        encoding="application/x-www-form-urlencoded" if as_form else "application/json, strings only",
        rows=rows,
        accepted=accepted,
        outcome=outcome,
        timeline=timeline if isinstance(timeline, list) else [],
    )


def _environment(bare: Mapping[str, str], sandbox_url: str, media_url: str) -> dict[str, str]:
    return {**bare, "POSTRAIL_TIKTOK_BASE_URL": sandbox_url, "POSTRAIL_TRUSTED_ORIGINS": media_url}


def play(
    bare: Mapping[str, str], *, progress: Callable[[str], None], clock: Clock | None = None
) -> tuple[list[Scene], Witness]:
    """Do the whole job and return its scenes and the witness's word.

    `bare` is the environment of the child processes without any POSTRAIL_* setting. Raises DemoFailed.
    """
    clock = clock or SystemClock()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postrail-demo-")))
        progress("making a vertical H.264 video with sound and three photos")
        media = folder / "media"
        media.mkdir()
        make_demo_media(media)
        host = stack.enter_context(MediaHost(media))
        try:
            progress("starting the sandbox, a pretend TikTok")
            sandbox = sandbox_program(folder / "sandbox", bare, clock, time.sleep)
            stack.callback(sandbox.stop)
            sandbox_url = sandbox.start()
            progress("starting the server with its worker")
            home = folder / "home"
            server = server_program(home, _environment(bare, sandbox_url, host.url), clock, time.sleep)
            stack.callback(server.stop)
            caller_url = server.start()
        except NotStarted as error:
            raise DemoFailed(str(error)) from error
        caller = Caller(caller_url, (home / "first-key").read_text().strip())
        progress("posting the video as an urlencoded form, and waiting until it is public")
        video = _play(caller, "A video", "post_video", video_rows(host.url), as_form=True)
        progress("posting three photos as a JSON object of strings, and waiting until they are public")
        photos = _play(caller, "A carousel", "post_photos", photo_rows(host.url), as_form=False)
        posts = _call("GET", f"{sandbox_url}/_sandbox/posts")["posts"]
    return [video, photos], Witness(posts=posts, url=sandbox_url)


def shortfalls(scenes: list[Scene], witness: Witness) -> list[str]:
    """Return every reason for which the demo has not shown what it is to show; empty when it has."""
    missing = [
        f"{scene.title} ended as {scene.outcome.get('status')}: {scene.outcome.get('message', 'no reason')}"
        for scene in scenes
        if scene.outcome.get("status") != "published_public"
    ]
    public = [post for post in witness.posts if post.get("public_at")]
    if len(public) != len(scenes):
        missing.append(f"the sandbox shows {len(public)} public posts, not {len(scenes)}")
    return missing
