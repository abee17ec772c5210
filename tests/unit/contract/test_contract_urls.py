"""Several URLs in one text: taken apart where that leaves no doubt, else refused, never torn."""

import pytest

from connector.contract import load_contract
from connector.contract.urls import joins_urls, split_urls

A, B, C = "https://a.example/1.jpg", "https://b.example/2.jpg", "http://c.example/3.jpg"
COMMAS, SEMICOLON = "https://cdn.example/w_1,h_2/3.jpg", "https://cdn.example/3.jpg;v=2"
MEDIA = "media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8"


@pytest.mark.parametrize(
    ("text", "urls", "rule"),
    [
        (f"{A},{B}", [A, B], "commas_to_list"),
        (f"{A},\n{B},", [A, B], "commas_to_list"),
        (f"{A},\r\n{B},\r\n{C},\r\n", [A, B, C], "commas_to_list"),
        (f"{A} , {B}", [A, B], "commas_to_list"),
        (f"{A};{B};", [A, B], "semicolons_to_list"),
        (f"{A}; {B}", [A, B], "semicolons_to_list"),
        (f"{A} {B}\t{C}", [A, B, C], "blanks_to_list"),
        (f" {A}\n\n{B}\n", [A, B], "lines_to_list"),
        (f"{COMMAS}, {A}", [COMMAS, A], "commas_to_list"),
        (f"{COMMAS},\n{A},", [COMMAS, A], "commas_to_list"),
        (f"{COMMAS}\n{A}", [COMMAS, A], "lines_to_list"),
        (f"{COMMAS};{A}", [COMMAS, A], "semicolons_to_list"),
        (f"{SEMICOLON},{A}", [SEMICOLON, A], "commas_to_list"),
        (f"{MEDIA},{A}", [MEDIA, A], "commas_to_list"),
        (f"{A} {MEDIA}", [A, MEDIA], "blanks_to_list"),
        (f"{MEDIA}\n{MEDIA}", [MEDIA, MEDIA], "lines_to_list"),
    ],
)
def test_urls_are_taken_apart(text: str, urls: list[str], rule: str) -> None:
    assert split_urls(text) == (urls, rule)
    assert not joins_urls(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{COMMAS},{A}",
        f"{SEMICOLON};{A}",
        f"{A},{B};{C}",
        f"{A}, {B}\n{C}",
        f"{A}\n{B},",
        f"{A},;{B}",
        f"a word, {A}",
        f"{A} and {B}",
    ],
)
def test_what_leaves_a_doubt_is_refused_with_what_to_send(text: str) -> None:
    assert split_urls(text) is None
    understood = load_contract().understand("post_photos", {"photo_images": text, "privacy": "private"})
    (problem,) = understood.problems
    assert (problem.problem, problem.expected) == ("ambiguous_list", "URLs that can be told apart")
    assert problem.fix == "send a list, or one URL on each line with nothing between the lines"


@pytest.mark.parametrize(
    "url", [COMMAS, SEMICOLON, f"{A}?to={B}", f"{A},b.example/2.jpg", f"{A};b;c", f"{A},{MEDIA}.jpg"]
)
def test_one_url_is_never_torn(url: str) -> None:
    assert split_urls(url) is None
    understood = load_contract().understand("post_photos", {"photo_images": url, "privacy": "private"})
    assert understood.input["photo_images"] == [url]


def test_a_line_that_is_no_url_is_refused_by_itself() -> None:
    understood = load_contract().understand("post_photos", {"photo_images": f"{A}\nx", "privacy": "private"})
    assert [(found.field, found.problem) for found in understood.problems] == [
        ("photo_images[1]", "not_a_url")
    ]


@pytest.mark.parametrize("text", [f"[{A}, {B}]", f"['{A}', '{B}']", f"[{A}]", f'["{A}", '])
def test_a_list_in_brackets_that_is_no_json_is_told_how_to_be_one(text: str) -> None:
    understood = load_contract().understand("post_photos", {"photo_images": text, "privacy": "private"})
    (problem,) = understood.problems
    assert problem.problem == "joined_list"
    assert "JSON.stringify" in problem.fix


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (f"{A};" * 301, "more than 300 URLs"),
        ("x\n" * 301, "more than 300 lines"),
        ("," * 10_001, "more than 10,000 commas"),
        ("[" * 300_001, "300,001 characters"),
    ],
)
def test_a_text_beyond_any_list_is_not_taken_apart(text: str, got: str) -> None:
    understood = load_contract().understand("post_photos", {"photo_images": text, "privacy": "private"})
    (problem,) = understood.problems
    assert (problem.problem, problem.got, problem.code) == ("too_many", got, "too_many_images")
    assert (problem.expected, problem.fix) == ("at most 35 entries", "send fewer, the others in another post")


def test_a_long_text_is_read_in_bounded_time() -> None:
    text = f"{A}{' ' * 200_000}x,{' ' * 200_000}{B}"
    assert split_urls(text) is None
