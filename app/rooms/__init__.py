"""The webinar and what happens in it."""
