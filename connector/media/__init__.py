"""Media: fetched safely, looked at, converted, spooled on disk, read back by ranges.

HTTP only through `net`. Must not touch SQL or TikTok's API.
"""
