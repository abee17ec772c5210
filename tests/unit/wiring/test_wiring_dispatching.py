"""The settings by which Celery shares out the work, and the mistakes that are made with them."""

import sys
from typing import cast

import pytest

from connector.engine.context import Context
from connector.settings import Settings, SettingsError, load_settings
from connector.wiring.dispatching import check_engine, late_after_s, open_celery
from connector.wiring.parts import Parts

POSTGRES = "postgresql://db.example/ledger"
RABBIT = "amqp://me:secret-of-rabbit@queue.example:5672/"


def settings(**given: object) -> Settings:
    """Return settings that are not read from this machine's environment."""
    return Settings.model_validate(given)


def test_the_default_engine_needs_no_broker() -> None:
    check_engine(settings())
    assert settings().engine == "local"


def test_celery_on_sqlite_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingsError, match="celery needs PostgreSQL"):
        check_engine(settings(engine="celery", broker_url=RABBIT))


def test_celery_without_a_broker_says_which_setting_is_missing() -> None:
    with pytest.raises(SettingsError, match="POSTRAIL_BROKER_URL"):
        check_engine(settings(engine="celery", database_url=POSTGRES))


def test_celery_with_both_is_right_and_its_password_is_shown_to_nobody() -> None:
    right = settings(engine="celery", database_url=POSTGRES, broker_url=RABBIT, lease_s=4)
    check_engine(right)
    assert late_after_s(right) == 8
    assert "secret-of-rabbit" not in repr(right)


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = [
        name for name in sys.modules if name.startswith(("connector.dispatch", "connector.wiring.celery"))
    ]
    for name in ours:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "celery", None)
    with pytest.raises(SettingsError, match=r'celery: pip install "postrail\[celery\]"'):
        open_celery(cast(Parts, None), cast(Context, None), (), give_up=lambda: None)


@pytest.mark.parametrize(
    "url", ["http://queue.example", "sqs://x", "amqp://me:pass/word@queue", "redis://queue:six"]
)
def test_a_broker_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="amqp://"):
        load_settings({"broker_url": url})


@pytest.mark.parametrize("size", [63, 257])
def test_the_window_has_its_bounds(size: int) -> None:
    with pytest.raises(SettingsError, match="POSTRAIL_DISPATCH_WINDOW"):
        load_settings({"dispatch_window": size})
