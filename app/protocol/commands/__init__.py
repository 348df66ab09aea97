"""Commands that browsers and programs send into a room, by subject. The handlers are each feature's ``live`` module."""
