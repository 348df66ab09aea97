"""Tests of Lectern: folders mirror ``app``; ``contracts``, ``journeys``, ``browser``, ``proofs``, ``faults`` and ``repo`` go across."""
