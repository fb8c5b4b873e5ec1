"""Osprey: from plain words to approved, journalled work on control systems.

Nothing is imported here, because every command starts with this package. Plugin authors import from
`osprey.api`; applications from the rooms that the guide names (`osprey.registry`, `osprey.base`, ...).
"""
