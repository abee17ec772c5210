"""Signed texts: ours are recognised, for their purpose alone, also after the key has changed."""

from connector.kernel.signing import Signer

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_we_signed_is_ours_for_that_purpose_and_no_other() -> None:
    signer = Signer(lambda: (OLD,))
    signature = signer.sign("session", "text")
    assert signer.is_ours("session", "text", signature)
    assert not signer.is_ours("invitation", "text", signature)
    assert not signer.is_ours("session", "text!", signature)
    assert not signer.is_ours("session", "text", "")
    assert not signer.is_ours("session", "text", "ü")


def test_a_new_key_signs_and_the_old_one_is_still_believed() -> None:
    keys = [OLD]
    signer = Signer(lambda: keys)
    before = signer.sign("session", "text")
    keys.insert(0, NEW)
    assert signer.sign("session", "text") != before
    assert signer.is_ours("session", "text", before)
    keys.remove(OLD)
    assert not signer.is_ours("session", "text", before)
