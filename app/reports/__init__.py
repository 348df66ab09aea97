"""Statistics, attendance and exports."""
