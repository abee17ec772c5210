"""Media: fetched safely, looked at, converted, spooled on disk or in a bucket, read back by ranges.

HTTP only through `net`. Must not touch SQL or TikTok's API.
"""
