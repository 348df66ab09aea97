"""The wire: commands, entities, frames, codes. Imports nothing of ours."""
