"""The audit: a chain of sealed rows, its anchor, its check and its copies, and what it could not take at once.

`chain` appends and lists, `verification` checks. Nothing here is imported with the folder.
"""
