"""The desk in the browser: `huyue serve`, over the same functions as the command line."""
