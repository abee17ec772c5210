"""The address of a post as a person copies it: a table."""

import pytest

from connector.domain.post_urls import read_post_url

ID = "7602997517160123666"
HERE = "127.0.0.1:5001"


@pytest.mark.parametrize(
    "text",
    [
        f"https://www.tiktok.com/@mia/video/{ID}",
        f"https://tiktok.com/@mia/video/{ID}/",
        f"https://m.tiktok.com/@mia/video/{ID}?is_from_webapp=1&sender_device=pc",
        f"HTTPS://WWW.TikTok.com/@MIA/video/{ID}#top",
        f"http://{HERE}/@mia/video/{ID}",
        f"  {ID} ",
    ],
)
def test_the_id_is_read_out_of_every_form_of_a_posts_address(text: str) -> None:
    assert read_post_url(text, username="mia", kind="video", hosts=[HERE]) == ID


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"https://www.tiktok.com/@leo/video/{ID}", "another_account"),
        (f"https://www.tiktok.com/@mia/photo/{ID}", "another_kind"),
        (f"https://www.tiktok.com.evil.example/@mia/video/{ID}", "not_a_post_url"),
        (f"https://www.tiktok.com@evil.example/@mia/video/{ID}", "not_a_post_url"),
        (f"http://127.0.0.1:5002/@mia/video/{ID}", "not_a_post_url"),
        (f"javascript://www.tiktok.com/@mia/video/{ID}", "not_a_post_url"),
        (f"https://www.tiktok.com/@mia/video/{ID}/comments", "not_a_post_url"),
        ("https://vm.tiktok.com/ZMabcdef/", "not_a_post_url"),
        ("https://www.tiktok.com/@mia", "not_a_post_url"),
        ("https://[www.tiktok.com/@mia", "not_a_post_url"),
        ("v_pub_file~v2-1.7602997070760331285", "not_a_post_url"),
        ("76029975", "not_a_post_url"),
        (ID.replace("7", "\N{FULLWIDTH DIGIT SEVEN}"), "not_a_post_url"),
        ("", "not_a_post_url"),
    ],
)
def test_what_cannot_be_the_posts_address_is_told_why(text: str, problem: str) -> None:
    found = read_post_url(text, username="mia", kind="video", hosts=[HERE])
    assert not isinstance(found, str)
    assert (found.field, found.problem) == ("post_url", problem)
    assert found.fix
