"""The few places that know aiortc, and its inside. Nobody else imports it (but the looper, which plays a browser)."""
