"""Requests and what people did with them: filed once, decided, expired, and judged anew when they are claimed.

`requests` is what other rooms use. Nothing here is imported with the folder.
"""
