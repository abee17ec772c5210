"""The HTTP surface: operations, dialects, schemas, media behind the gate, health.

Reads requests, calls the engine, writes answers. Must not know SQL, an HTTP client or an adapter.
"""
