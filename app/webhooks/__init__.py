"""Signed messages to integrators."""
