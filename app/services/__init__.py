"""Writes: one function per use case; the only transactions."""
