"""The data map: what is stored about people, sealing it, showing it, and making it go away for good."""

from app.core.declare import NotPersonal, Personal, not_personal, personal

__all__ = ["NotPersonal", "Personal", "not_personal", "personal"]
