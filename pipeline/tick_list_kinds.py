"""What the ticks of each kind of list mean."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from archive import promise_records, sample_check
from archive.journal import Actor
from archive.tick_lists import Line

# By a list's kind: records what the lines of a page that has come back say, in the intake's transaction. Called again
# where the page comes back with more ticks, so what it wrote before must give way; of a kind that is not here the
# ticks are kept and mean nothing more.
Meaning = Callable[[Connection, Actor, Sequence[Line]], None]
MEANINGS: dict[str, Meaning] = {
    sample_check.KIND: sample_check.record_ticks,
    promise_records.KIND: promise_records.record_ticks,
}
