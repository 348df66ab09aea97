"""What tests stand on: real services started on free ports, and waiting for a condition."""
