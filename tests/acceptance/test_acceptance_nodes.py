"""Several processes on one PostgreSQL: what a dead one held goes on at once, not when its lease ends."""

import signal
from contextlib import ExitStack

import pytest

from tests.running import BuildHouse, House, eventually, working

pytest_plugins = ("tests.databases", "tests.running")

HALF = 65_536
FOR_EVER = "120"
"""Seconds of a lease that no test waits for."""


@pytest.fixture
def patient(postgres_url: str, build_house: BuildHouse) -> House:
    """Give a house on PostgreSQL without workers of its own, whose leases last longer than any test."""
    return build_house(DATABASE_URL=postgres_url, WORKERS="0", LEASE_S=FOR_EVER)


def hold_an_upload(house: House, title: str) -> str:
    """Post a video that stops in the middle of its upload, and wait until it has."""
    house.witness.set_faults(hold_upload_after_bytes=HALF)
    rows = house.video(title, source_url=f"{house.media_url}/big.mp4")
    post_id = str(house.run("post_video", rows).body["post_id"])
    eventually(lambda: house.witness.bytes_in_flight() >= HALF, what="half a video at the sandbox")
    return post_id


def test_a_post_of_a_killed_worker_goes_on_long_before_its_lease_ends(patient: House) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(working(patient))
        post_id = hold_an_upload(patient, "killed")
        stack.enter_context(working(patient))
        first.kill()
        patient.witness.set_faults()
        assert patient.wait(post_id)["status"] == "published_public"
    assert len(patient.witness.posts()) == patient.witness.inits() == 1


def test_a_post_of_a_server_that_was_killed_goes_on_at_a_worker(
    postgres_url: str, build_house: BuildHouse
) -> None:
    house = build_house(DATABASE_URL=postgres_url, LEASE_S=FOR_EVER)
    post_id = hold_an_upload(house, "served")
    house.kill()
    house.witness.set_faults()
    with working(house):
        eventually(lambda: house.witness.posts("served"), what="a worker publishes it")
        house.start()
        assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts()) == house.witness.inits() == 1


def test_a_server_without_workers_ends_as_it_should(patient: House) -> None:
    assert patient.stop() == 0
    assert "Traceback" not in patient.log()


def test_a_worker_that_ends_gives_back_what_it_could_not_finish(patient: House) -> None:
    with working(patient) as first:
        post_id = hold_an_upload(patient, "given back")
        first.send_signal(signal.SIGTERM)
        first.wait(40)
    patient.witness.set_faults()
    with working(patient):
        assert patient.wait(post_id)["status"] == "published_public"
    assert len(patient.witness.posts()) == patient.witness.inits() == 1


def test_a_frozen_worker_s_post_goes_on_after_its_lease_and_its_late_bytes_publish_nothing(
    postgres_url: str, build_house: BuildHouse
) -> None:
    house = build_house(DATABASE_URL=postgres_url, WORKERS="0", LEASE_S="2")
    with ExitStack() as stack:
        frozen = stack.enter_context(working(house))
        post_id = hold_an_upload(house, "frozen")
        frozen.send_signal(signal.SIGSTOP)
        stack.callback(frozen.send_signal, signal.SIGCONT)
        stack.enter_context(working(house))
        house.witness.set_faults()
        assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts()) == house.witness.inits() == 1
