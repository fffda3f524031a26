"""Checks of this phase: one file each."""
