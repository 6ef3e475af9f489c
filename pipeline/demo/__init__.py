"""An invented town to try everything with."""
