"""A pretended time that cannot be had, told at the start; the drills let days pass."""

from pathlib import Path

import pytest

from connector.settings import bare_environment
from tests.running import postrail


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CLOCK_URL": "http://127.0.0.1:9"}, "no sandbox tells the time"),
        (
            {"CLOCK_URL": "http://127.0.0.1:9", "TIKTOK_CLIENT_KEY": "aw1", "TIKTOK_CLIENT_SECRET": "s"},
            "not for TikTok itself",
        ),
        (
            {
                "CLOCK_URL": "http://127.0.0.1:9",
                "TIKTOK_CLIENT_KEY": "aw1",
                "TIKTOK_CLIENT_SECRET": "s",
                "TIKTOK_BASE_URL": "https://open.tiktokapis.com/",
            },
            "not for TikTok itself",
        ),
    ],
)
def test_a_time_that_cannot_be_had_is_told_at_the_start(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    given = {f"POSTRAIL_{name}": value for name, value in settings.items()}
    done = postrail(
        "serve", "--home", "home", "--port", "0", environment={**bare_environment(), **given}, folder=tmp_path
    )
    assert done.returncode == 2
    assert "POSTRAIL_CLOCK_URL" in done.stderr
    assert said in done.stderr
