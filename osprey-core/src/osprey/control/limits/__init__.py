"""Limits of a facility: the file, its entries and expressions, and which rule holds for a channel."""
