"""Organisations, staff and what they may do."""
