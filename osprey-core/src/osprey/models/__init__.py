"""What turns words into meaning: the built-in phrasebook.

Pure text in, typed values out; nothing here knows a channel, a target or a project.
"""
