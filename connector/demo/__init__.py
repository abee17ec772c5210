"""The product shown: real processes, real HTTP, real media, the sandbox as witness."""
