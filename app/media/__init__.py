"""Picture and sound: takes in what presenters send, passes it on without re-encoding, and packs it for the audience."""
