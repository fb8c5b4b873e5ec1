"""Channels as the facility describes them: the list in a file, and the directory that finds them by words."""
