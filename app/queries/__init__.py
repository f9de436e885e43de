"""Reads: filters, paging, counts."""
