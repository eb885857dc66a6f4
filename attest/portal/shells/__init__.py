"""The transports around a session: they carry bytes, keep time and record; they decide nothing."""
