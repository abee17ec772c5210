"""A pretend TikTok, offline: an independent witness with a durable world of its own.

Shares no code with the client: both are held to `schemas/tiktok/`. May use Flask, an HTTP client, disk and
its own SQLite file; of Postrail it may import `kernel` alone.
"""
