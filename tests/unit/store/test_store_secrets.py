"""Secrets at rest: what is sealed opens with the same key, for the same context, and no other way."""

from dataclasses import replace

import pytest

from connector.kernel.errors import PostrailError
from connector.store.secrets import Secrets

NONCE = b"twelve bytes"
KEY = b"an installation's own secret key"


def test_a_sealed_text_opens_for_its_context() -> None:
    sealed = Secrets(KEY).seal("act.täglich", nonce=NONCE, context="a")
    assert Secrets(KEY).unseal(sealed, context="a") == "act.täglich"


def test_a_sealed_text_shows_neither_itself_nor_in_a_repr() -> None:
    sealed = Secrets(KEY).seal("act.secret", nonce=NONCE, context="a")
    assert b"act.secret" not in sealed.box
    assert repr(sealed.box) not in repr(sealed)


def test_another_context_does_not_open() -> None:
    sealed = Secrets(KEY).seal("act.secret", nonce=NONCE, context="a")
    with pytest.raises(PostrailError):
        Secrets(KEY).unseal(sealed, context="b")


def test_a_changed_byte_does_not_open() -> None:
    sealed = Secrets(KEY).seal("act.secret", nonce=NONCE, context="a")
    broken = replace(sealed, box=sealed.box[:-1] + bytes([sealed.box[-1] ^ 1]))
    with pytest.raises(PostrailError):
        Secrets(KEY).unseal(broken, context="a")


def test_another_key_does_not_open_and_the_message_names_both_key_ids() -> None:
    sealed = Secrets(KEY).seal("act.secret", nonce=NONCE, context="a")
    other = Secrets(KEY + b"!")
    with pytest.raises(PostrailError) as failed:
        other.unseal(sealed, context="a")
    assert sealed.key_id in failed.value.message
    assert other.key_id in failed.value.message


def test_the_key_id_is_stable_and_not_part_of_the_key() -> None:
    assert Secrets(KEY).key_id == Secrets(KEY).key_id != Secrets(KEY + b"!").key_id
    assert bytes.fromhex(Secrets(KEY).key_id) not in KEY


def test_a_short_secret_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Secrets(b"short")


def test_the_first_key_seals_and_every_key_opens() -> None:
    old, both = Secrets(KEY), Secrets(KEY + b"!", KEY)
    before = old.seal("act.secret", nonce=NONCE, context="a")
    after = both.seal("act.secret", nonce=NONCE, context="a")
    assert both.unseal(before, context="a") == both.unseal(after, context="a") == "act.secret"
    assert both.key_id == after.key_id != before.key_id
    assert len(both.signing_keys()) == 2


def test_a_key_that_is_added_while_we_run_is_taken_up_and_the_old_one_not_forgotten() -> None:
    given: list[bytes] = [KEY]
    running = Secrets(KEY, look=lambda: tuple(given))
    before = running.seal("act.secret", nonce=NONCE, context="a")
    given[:] = [KEY + b"!"]
    fresh = Secrets(KEY + b"!").seal("act.new", nonce=NONCE, context="a")
    assert running.unseal(fresh, context="a") == "act.new"
    assert running.seal("x", nonce=NONCE, context="a").key_id == fresh.key_id
    assert running.unseal(before, context="a") == "act.secret"


def test_secrets_without_any_key_are_refused() -> None:
    with pytest.raises(ValueError, match="no secret key"):
        Secrets()
