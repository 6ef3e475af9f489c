"""The six stock contracts, and where they lie: data, no other code."""

from pathlib import Path


def stock_folder() -> Path:
    """The folder that holds one folder a stock contract."""
    return Path(__file__).resolve().parent
