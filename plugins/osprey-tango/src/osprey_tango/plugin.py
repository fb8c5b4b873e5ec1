"""Tango devices: attributes and commands. This module is imported by listings: it declares, and imports nothing else."""
