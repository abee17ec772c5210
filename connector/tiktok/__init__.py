"""TikTok's Content Posting API: wire shapes (pure), its errors, and the client that sends them through `net`.

Must not touch SQL, disk or the media room.
"""
