"""The catalogue: what was planned, printed and filed, in one encrypted database."""
