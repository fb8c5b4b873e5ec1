"""Isolation: what holds generated code, whatever it does.

A tier starts the guest so that the broker's socket is its one way out; `selftest` makes it prove that
before it is used. Nothing outside this room starts generated code.
"""
