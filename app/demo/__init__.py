"""A lively account to look at."""
