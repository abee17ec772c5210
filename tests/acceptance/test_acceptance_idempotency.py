"""One key, one post: in sequence, at the same instant, after refusals, and without a key."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.running import Answer, BuildHouse, House

pytest_plugins = ("tests.databases", "tests.running")

ROUNDS = 12
TWINS = 2


def send(house: House, rows: dict[str, object], key: str | None = None) -> Answer:
    return house.run("post_video", rows, headers={"Idempotency-Key": key} if key else {})


def at_once(house: House, rows: dict[str, object], key: str | None) -> list[Answer]:
    """Send the same request on several connections at the same instant."""
    line = Barrier(TWINS)

    def one(_: int) -> Answer:
        line.wait(10)
        return send(house, rows, key)

    with ThreadPoolExecutor(TWINS) as pool:
        return list(pool.map(one, range(TWINS)))


def test_the_same_key_again_answers_with_the_first_post(house: House) -> None:
    rows = house.video("same key")
    first, again = send(house, rows, "key-1"), send(house, rows, "key-1")
    assert (first.status, "Idempotency-Replayed" in first.headers) == (202, False)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["post_id"] == first.body["post_id"]
    assert again.body["coerced"] == first.body["coerced"] != []
    house.wait(first.body["post_id"])
    assert len(house.witness.posts("same key")) == 1


def test_the_key_may_come_as_a_field_too(house: House) -> None:
    rows = house.video("key as a field", idempotency_key="key-2")
    first, again = send(house, rows), send(house, rows)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["post_id"] == first.body["post_id"]


def test_the_same_key_at_the_same_instant_gives_one_post_and_one_answer(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    posts = []
    for number in range(ROUNDS):
        answers = at_once(house, house.video(f"twins {number}"), f"twins-{number}")
        assert [answer.status for answer in answers] == [202, 202]
        assert len({answer.body["post_id"] for answer in answers}) == 1
        assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True]
        posts.append(answers[0].body["post_id"])
    assert [house.wait(post_id)["status"] for post_id in posts] == ["published_public"] * ROUNDS
    assert len(house.witness.posts()) == house.witness.inits() == ROUNDS


def test_without_a_key_the_twin_at_the_same_instant_is_refused(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    for number in range(ROUNDS):
        answers = at_once(house, house.video(f"twins {number}"), None)
        assert sorted(answer.status for answer in answers) == [202, 409]
        first, twin = sorted(answers, key=lambda answer: answer.status)
        assert twin.body["error"] == "duplicate_request"
        assert first.body["post_id"] in twin.content.decode()


def test_the_same_key_with_another_input_is_a_conflict(house: House) -> None:
    assert send(house, house.video("one input"), "key-3").status == 202
    answer = send(house, house.video("another input"), "key-3")
    assert (answer.status, answer.body["error"]) == (409, "idempotency_conflict")
    assert answer.body["fix"]
    assert house.witness.publishes("another input") == []


def test_a_refused_request_binds_no_key(house: House) -> None:
    assert send(house, house.video("refused first", privacy=""), "key-4").status == 400
    mended = send(house, house.video("refused first"), "key-4")
    assert (mended.status, "Idempotency-Replayed" in mended.headers) == (202, False)


def test_two_keys_that_differ_in_one_request_are_refused(house: House) -> None:
    answer = send(house, house.video("two keys", idempotency_key="key-5"), "key-6")
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    assert answer.problems == [("idempotency_key", "differs_from_header")]


def test_without_a_key_the_same_input_is_refused_and_names_the_first_post(house: House) -> None:
    rows = house.video("no key")
    first, again = send(house, rows), send(house, rows)
    assert (again.status, again.body["error"]) == (409, "duplicate_request")
    assert first.body["post_id"] in again.content.decode()


def test_a_repeat_that_is_allowed_is_a_second_post(house: House) -> None:
    first = send(house, house.video("wanted twice"))
    again = send(house, house.video("wanted twice", allow_repeat="yes"))
    assert again.status == 202
    ids = [first.body["post_id"], again.body["post_id"]]
    assert [house.wait(post_id)["status"] for post_id in ids] == ["published_public"] * 2
    assert len(house.witness.posts("wanted twice")) == 2
