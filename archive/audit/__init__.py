"""The audit of papers as of a date, past too, from what was known on it."""
