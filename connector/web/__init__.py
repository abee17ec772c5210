"""What every Flask surface shares: the app factory, authentication, error answers, proxy headers, the server loop.

Must not know SQL, an HTTP client or an adapter.
"""
