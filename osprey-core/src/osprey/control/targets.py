"""Targets: the control systems of a project, opened on first use and closed together."""
