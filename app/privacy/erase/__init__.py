"""Erasing for good: one pipeline for a participant, a selection, all participants, a webinar or an account."""

from app.privacy.erase.eraser import Eraser, Erasing
from app.privacy.erase.pipeline import JOB, EraseJob, Pipeline
from app.privacy.scope import Target

__all__ = ["JOB", "EraseJob", "Eraser", "Erasing", "Pipeline", "Target"]
