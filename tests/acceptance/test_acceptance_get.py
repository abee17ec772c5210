"""Callers that can only GET: rows in the query reach what reads, and never what publishes."""

import pytest

from tests.running import House

pytest_plugins = ("tests.databases", "tests.running")

STATUS, VIDEO = "/v1/operations/check_status", "/v1/operations/post_video"


def test_a_status_is_told_to_a_get_with_rows_in_the_query(house: House) -> None:
    post_id = house.run("post_video", house.video("asked for by GET")).body["post_id"]
    told = house.call("GET", STATUS, params={"postId": post_id, "include_timeline": "yes"})
    assert (told.status, told.body["post_id"]) == (200, post_id)
    assert {item["rule"] for item in told.body["coerced"]} == {"field_case", "text_to_boolean"}


def test_a_get_without_the_id_is_told_what_is_missing(house: House) -> None:
    told = house.call("GET", STATUS, params={"include_timeline": "true"})
    assert told.status == 400
    assert ("post_id", "required") in told.problems


def test_a_get_without_rows_says_what_the_operation_is(house: House) -> None:
    assert house.call("GET", STATUS).body["key"] == "check_status"
    narrowed = house.call("GET", VIDEO, params={"account": "@sandbox_creator"})
    assert narrowed.body["key"] == "post_video"


def test_accounts_and_what_they_may_do_are_told_to_a_get(house: House) -> None:
    (account,) = house.call("GET", "/v1/operations/list_accounts", params={"strict": "false"}).body[
        "accounts"
    ]
    told = house.call("GET", "/v1/operations/get_creator_info", params={"account": f"@{account['username']}"})
    assert told.body["privacy_level_options"]


@pytest.mark.parametrize(
    ("operation", "member"), [("list_accounts", "accounts"), ("get_creator_info", "audit")]
)
def test_what_reads_and_needs_no_row_is_run_by_a_get_with_a_key(
    house: House, operation: str, member: str
) -> None:
    path = f"/v1/operations/{operation}"
    assert house.call("GET", path).body[member] == house.run(operation, {}).body[member]
    assert house.call("GET", path, key="").body["key"] == operation
    assert house.call("GET", path, key="pr_key_wrong").status == 401


@pytest.mark.parametrize("operation", ["post_video", "post_photos", "upload_media"])
def test_a_get_never_publishes_and_is_told_how_to(house: House, operation: str) -> None:
    before = house.stored()
    told = house.call("GET", f"/v1/operations/{operation}", params=house.video("by GET"))
    assert (told.status, told.body["error"]) == (405, "method_not_allowed")
    assert told.headers["Allow"] == "POST"
    assert told.problems == [("", "needs_post")]
    assert house.stored() == before


def test_rows_can_be_checked_by_a_get(house: House) -> None:
    told = house.call("GET", f"{VIDEO}/check", params={"url": "https://a.example/1.mp4", "privacy": "public"})
    assert told.body["input"] == {
        "source_url": "https://a.example/1.mp4",
        "privacy": "PUBLIC_TO_EVERYONE",
    }


def test_rows_are_not_read_for_a_stranger(house: House) -> None:
    assert house.call("GET", STATUS, key="", params={"post_id": "post_1"}).status == 401
