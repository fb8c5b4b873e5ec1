"""`osprey approvals`: the inbox, at a terminal and without one.

`commands` is the group; each other module is a family of its commands, or draws what they show.
"""
