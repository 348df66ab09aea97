"""An account as one archive that another server of this kind can read (Art. 20 and Art. 28(3)(g) GDPR)."""
