"""`postrail demo`: the whole job, told plainly, and an honest end when it was not done."""

import re
from pathlib import Path
from typing import Any

import pytest

from connector.demo.run import DemoFailed, Scene, Witness, play, shortfalls
from connector.settings import bare_environment
from tests.running import postrail

PUBLIC = {"public_at": "2026-11-20T12:00:00.000Z"}
NOBODY = "http://127.0.0.1:9"


def scene(**outcome: object) -> Scene:
    video = {"title": "A video", "operation": "post_video", "encoding": ""}
    return Scene(**video, rows={}, accepted={}, outcome=outcome, timeline=[])


def test_the_demo_does_the_whole_job_also_behind_a_proxy_of_the_machine(tmp_path: Path) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), NOBODY)
    unset = dict.fromkeys(("NO_PROXY", "no_proxy"), "")
    settings = {"POSTRAIL_TIKTOK_CLIENT_KEY": "a-real-app", "POSTRAIL_HOME": str(tmp_path / "untouched")}
    told = postrail(
        "demo", environment={**bare_environment(), **proxies, **unset, **settings}, folder=tmp_path
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "\x1b" not in told.stdout + told.stderr
    urls = re.findall(r"published_public: (http://127\.0\.0\.1:\d+/@\w+/(?:video|photo)/\d+)", told.stdout)
    assert len(set(urls)) == 2
    assert "disable_duet" in told.stdout
    assert "text_to_boolean" in told.stdout
    assert "PUT upload" in told.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_cannot_be_used_ends_the_demo_with_its_name(tmp_path: Path) -> None:
    environment = {**bare_environment(), "POSTRAIL_PORT": "many"}
    told = postrail("demo", environment=environment, folder=tmp_path)
    assert told.returncode != 0
    assert "POSTRAIL_PORT" in told.stderr


def test_a_child_that_cannot_start_fails_the_demo_with_its_last_words() -> None:
    broken = {**bare_environment(), "PYTHONHOME": "/nowhere"}
    with pytest.raises(DemoFailed, match=r"did not start:\n(?s:.+)"):
        play(broken, progress=lambda _: None)


@pytest.mark.parametrize(
    ("outcome", "posts", "reasons"),
    [
        ({"status": "published_public"}, [PUBLIC], 0),
        ({"status": "published_public"}, [PUBLIC, PUBLIC], 1),
        ({"status": "published_public"}, [{"public_at": None}], 1),
        ({"status": "failed", "message": "TikTok says no."}, [], 2),
    ],
    ids=["done", "published twice", "not public", "failed"],
)
def test_the_demo_is_judged_by_the_outcome_and_by_the_witness(
    outcome: dict[str, object], posts: list[dict[str, Any]], reasons: int
) -> None:
    missing = shortfalls([scene(**outcome)], Witness(posts=posts, url=""))
    assert len(missing) == reasons
    if "message" in outcome:
        assert str(outcome["message"]) in missing[0]
