"""What a worker that opens untrusted files may take: memory and seconds."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MEMORY_LIMIT = 4 << 30  # bytes of address space
OPEN_SECONDS = 120  # for a file to be opened, or hashed


def limit_memory() -> None:
    """Keep this process within MEMORY_LIMIT, where the system can (Linux)."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


@contextmanager
def seconds(limit: float) -> Iterator[None]:
    """End this process if what is within takes longer: nothing else stops a library that hangs."""
    timer = threading.Timer(limit, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
