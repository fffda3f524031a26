"""Checks that every phase has: one file each."""
