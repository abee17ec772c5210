"""Share pages: the file's own address where there is one, and what to do where there is none."""

import pytest

from connector.media.sharepages import SharePage, confirmed, direct, shown_by

FILE = "1A2b3C4d5E6f7G8h9I0jKlMnOpQrStUvW"
DRIVE = f"https://drive.usercontent.google.com/download?id={FILE}&export=download&confirm=t"
BOX = "https://www.dropbox.com/scl/fi/abc/clip.mp4?rlkey=k3y&dl=1"

DIRECT = [
    (f"https://drive.google.com/file/d/{FILE}/view?usp=sharing", DRIVE),
    (f"https://drive.google.com/file/d/{FILE}/view?usp=drive_link&ts=65", DRIVE),
    (f"https://drive.google.com/file/d/{FILE}/preview", DRIVE),
    (f"https://drive.google.com/file/d/{FILE}/edit", DRIVE),
    (f"https://drive.google.com/file/d/{FILE}", DRIVE),
    (f"https://drive.google.com/file/u/1/d/{FILE}/view", DRIVE),
    (f"https://drive.google.com/a/firm.example/file/d/{FILE}/view", DRIVE),
    (f"https://DRIVE.google.com/file/d/{FILE}/view", DRIVE),
    (f"http://drive.google.com/file/d/{FILE}/view", DRIVE),
    (f"https://docs.google.com/file/d/{FILE}/edit", DRIVE),
    (f"https://drive.google.com/open?id={FILE}", DRIVE),
    (f"https://drive.google.com/open?id={FILE}&usp=drive_copy", DRIVE),
    (f"https://drive.google.com/uc?id={FILE}", DRIVE),
    (f"https://drive.google.com/uc?export=download&id={FILE}", DRIVE),
    (f"https://drive.google.com/u/0/uc?id={FILE}&export=download", DRIVE),
    (f"https://docs.google.com/uc?export=view&id={FILE}", DRIVE),
    (f"https://drive.usercontent.google.com/download?id={FILE}&export=download", DRIVE),
    (f"https://drive.google.com/file/d/{FILE}/view?resourcekey=0-xY", f"{DRIVE}&resourcekey=0-xY"),
    ("https://www.dropbox.com/scl/fi/abc/clip.mp4?rlkey=k3y&dl=0", BOX),
    ("https://www.dropbox.com/scl/fi/abc/clip.mp4?rlkey=k3y", BOX),
    ("https://www.dropbox.com/scl/fi/abc/clip.mp4?rlkey=k3y&raw=1", BOX),
    ("https://www.dropbox.com/s/abc/clip.mp4?dl=0", "https://www.dropbox.com/s/abc/clip.mp4?dl=1"),
    ("https://www.dropbox.com/s/abc/clip.mp4", "https://www.dropbox.com/s/abc/clip.mp4?dl=1"),
    ("https://dropbox.com/s/abc/a%20b.jpg?dl=0#x", "https://dropbox.com/s/abc/a%20b.jpg?dl=1"),
]

SAME = [
    "https://media.example.com/clip.mp4?dl=0",
    "https://media.example.com/file/d/1/view",
    f"https://drive.google.com/thumbnail?id={FILE}&sz=w1000",
    "https://lh3.googleusercontent.com/d/abc",
    "https://dl.dropboxusercontent.com/s/abc/clip.mp4",
    "https://uc1.dl.dropboxusercontent.com/cd/0/get/abc/file?dl=1",
    "https://onedrive.live.com/download?cid=1&resid=2",
    "https://firm.sharepoint.com/_layouts/15/download.aspx?share=abc",
    "https://firm.sharepoint.com/sites/a/Shared%20Documents/clip.mp4",
    "https://drive.google.com.evil.example/file/d/abcdefghijkl/view",
    f"https://me:secret@drive.google.com/file/d/{FILE}/view",
    f"https://drive.google.com:8443/file/d/{FILE}/view",
    "https://goo.gl/abc",
]

PAGES = [
    ("https://drive.google.com/drive/folders/1A2b3C4d5E6f", "Google Drive", "a folder"),
    ("https://drive.google.com/drive/u/2/folders/1A2b3C4d5E6f", "Google Drive", "a folder"),
    ("https://drive.google.com/folderview?id=1A2b3C4d5E6f", "Google Drive", "a folder"),
    ("https://drive.google.com/drive/my-drive", "Google Drive", "a page that shows the file"),
    ("https://drive.google.com/open?id=short", "Google Drive", "an address without the file's id"),
    ("https://docs.google.com/document/d/abc/edit", "Google Drive", "a document"),
    ("https://docs.google.com/presentation/d/abc/edit#slide=1", "Google Drive", "a document"),
    ("https://www.dropbox.com/sh/abc/def?dl=0", "Dropbox", "a folder"),
    ("https://www.dropbox.com/scl/fo/abc/def?rlkey=1", "Dropbox", "a folder"),
    ("https://www.dropbox.com/home/clip.mp4", "Dropbox", "a page of somebody's own account"),
    ("https://www.dropbox.com/login?cont=x", "Dropbox", "a page of somebody's own account"),
    ("https://1drv.ms/v/s!Abc", "OneDrive", "a page that shows the file"),
    ("https://onedrive.live.com/?id=1&cid=2", "OneDrive", "a page that shows the file"),
    ("https://onedrive.live.com/embed?resid=1", "OneDrive", "a page that shows the file"),
    ("https://firm-my.sharepoint.com/:v:/g/personal/a/Abc?e=1", "SharePoint", "a page that shows the file"),
    ("https://firm.sharepoint.com/:f:/s/team/Abc", "SharePoint", "a page that shows the file"),
    ("https://firm.sharepoint.com/_layouts/15/stream.aspx?id=1", "SharePoint", "a page that shows the file"),
    ("https://photos.google.com/share/abc", "Google Photos", "a page that shows the file"),
    ("https://photos.app.goo.gl/abc", "Google Photos", "a page that shows the file"),
    ("https://goo.gl/photos/abc", "Google Photos", "a page that shows the file"),
    ("https://www.icloud.com/iclouddrive/0abc#clip.mp4", "iCloud", "a page that shows the file"),
    ("https://share.icloud.com/photos/0abc", "iCloud", "a page that shows the file"),
]


@pytest.mark.parametrize(("given", "file"), DIRECT)
def test_a_share_page_is_turned_into_the_files_own_address(given: str, file: str) -> None:
    assert direct(given) == file


@pytest.mark.parametrize("file", [DRIVE, BOX])
def test_the_files_own_address_stays_as_it_is(file: str) -> None:
    assert direct(file) == file


@pytest.mark.parametrize("url", SAME)
def test_any_other_address_stays_as_it_is(url: str) -> None:
    assert direct(url) == url


@pytest.mark.parametrize(("url", "service", "what"), PAGES)
def test_a_page_without_an_address_of_the_file_is_named(url: str, service: str, what: str) -> None:
    found = direct(url)
    assert isinstance(found, SharePage)
    assert (found.service, found.what) == (service, what)
    assert found.fix


@pytest.mark.parametrize(
    ("url", "is_one"), [(DRIVE, True), (BOX, True), ("https://media.example.com/", False)]
)
def test_a_web_page_is_a_share_page_where_it_comes_from_a_file_service(url: str, *, is_one: bool) -> None:
    assert (shown_by(url) is not None) is is_one


def form(action: str, *fields: str) -> str:
    """Spell Drive's page for a file that it could not scan."""
    inputs = "".join(f'<input type="hidden" name="{name}" value="{name}-1">' for name in fields)
    return (
        f'<html><form id="download-form" action="{action}" method="get"><input type="submit">{inputs}</form>'
    )


def test_drives_question_before_a_large_file_is_answered() -> None:
    page = form("https://drive.usercontent.google.com/download", "id", "export", "confirm", "uuid")
    assert confirmed(page) == (
        "https://drive.usercontent.google.com/download?id=id-1&export=export-1&confirm=confirm-1&uuid=uuid-1"
    )


@pytest.mark.parametrize(
    "page",
    [
        "<html>sign in</html>",
        form("https://evil.example/download", "id"),
        form("http://drive.usercontent.google.com/download", "id"),
        form("https://drive.usercontent.google.com/download"),
        form("/download", "id"),
        '<form id="download-form"',
        "<!doctype html><body>price <![ 5 ]",
        form("https://drive.usercontent.google.com/download", "id") + "<![ 5 ]",
        form("https://[drive.usercontent.google.com/download", "id"),
    ],
)
def test_no_other_page_leads_anywhere(page: str) -> None:
    assert confirmed(page) is None
