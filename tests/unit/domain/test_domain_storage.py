"""Where media is kept, as a setting says it."""

import pytest

from connector.domain.storage import Bucket, bucket_of


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://media", Bucket(name="media")),
        ("s3://media/", Bucket(name="media")),
        ("s3://media/a/b/", Bucket(name="media", prefix="a/b")),
        (
            "s3://media/p?endpoint=http://127.0.0.1:9000/&region=eu-central-1",
            Bucket(name="media", prefix="p", endpoint="http://127.0.0.1:9000", region="eu-central-1"),
        ),
    ],
)
def test_a_bucket_is_read_from_its_url(url: str, bucket: Bucket) -> None:
    assert bucket_of(url) == bucket


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///srv/media", "write s3://"),
        ("s3://", "write s3://"),
        ("s3://key:secret@media", "write s3://"),
        ("s3://media?regoin=x", "regoin is no option"),
        ("s3://media?endpoint=127.0.0.1:9000", "must begin with"),
    ],
)
def test_what_is_no_bucket_is_refused_with_what_to_write(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bucket_of(url)
