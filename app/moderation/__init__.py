"""Policy and actions of moderators."""
