"""Exports: what is in a webinar as CSV, XLSX or JSON, streamed at flat memory, with or without names."""
