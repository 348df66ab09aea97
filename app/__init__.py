"""Lectern: a self-hosted webinar platform that forgets."""
