"""Plans before their first step: shown with their flow, kept as files that a person may edit, checked each time.

`kind` shows and revises a plan's request, `validation` checks a plan, `flow` draws it, `files` keeps the files. A plan
is executed from the approved document only; no file is ever executed by being there.
"""
