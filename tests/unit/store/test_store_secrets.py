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
