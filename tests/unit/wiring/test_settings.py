"""Settings that nobody reads because their names are misspelt."""

from pathlib import Path

import pytest

from connector.settings import SettingsError, load_settings

SAID = "POSTRAIL_TRUSTED_ORIGIN: there is no such setting; did you mean POSTRAIL_TRUSTED_ORIGINS?"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that settings are read in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_misspelt_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTRAIL_TRUSTED_ORIGIN", "http://127.0.0.1:1")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert str(told.value) == SAID


@pytest.mark.parametrize("name", ["POSTRAIL_TRUSTED_ORIGIN", "postrail_trusted_origin"])
def test_a_misspelt_line_of_the_env_file_is_told(here: Path, name: str) -> None:
    (here / ".env").write_text(f"{name}=http://127.0.0.1:1\n")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert str(told.value) == SAID


def test_lines_of_other_programs_in_the_env_file_are_left_alone(here: Path) -> None:
    (here / ".env").write_text("NODE_ENV=production\nPOSTRAIL_PORT=9123\nPOSTRAIL_OF_ANOTHER_TOOL=1\n")
    assert load_settings().port == 9123


def test_posts_are_kept_for_days_no_shorter_than_their_files_or_for_ever() -> None:
    day = 86_400_000
    assert load_settings().posts_life_ms == 400 * day
    assert load_settings({"posts_life_days": 30, "media_life_s": 31 * 86_400}).posts_life_ms == 31 * day
    assert load_settings({"posts_life_days": 0}).posts_life_ms is None


@pytest.mark.parametrize("days", [1, 29, -1])
def test_no_post_may_go_before_its_key(days: int) -> None:
    with pytest.raises(SettingsError, match="POSTRAIL_POSTS_LIFE_DAYS"):
        load_settings({"posts_life_days": days})
