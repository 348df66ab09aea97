"""Measurements: each module prints a readable table and, as its last line, one JSON object (see ``_report``)."""
