"""Notices, consent records, withdrawal, subject requests."""
