"""Real media for tests, made on the fly: the functions that the demo uses."""

from connector.demo.media import make_demo_media, make_photo, make_video

__all__ = ["make_demo_media", "make_photo", "make_video"]
