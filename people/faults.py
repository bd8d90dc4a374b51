"""What fails because something that everything stands on is not there now: a disk without room, a
database that stays locked or is away."""

import errno

from records.locking import BUSY, OUT_OF_ROOM, is_away, said_one_of

WITHOUT_ROOM, LOCKED, LOST = "full", "locked", "lost"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(fault: BaseException) -> bool:
    """Tell whether this is a disk without room, of files or of the database."""
    is_of_files = isinstance(fault, OSError) and fault.errno in NO_ROOM
    return is_of_files or said_one_of(OUT_OF_ROOM, fault)


def outage_in(fault: BaseException | None) -> str | None:
    """Tell what is not there now, by its fault; None for any other fault."""
    if fault is None:
        return None
    if is_full(fault):
        return WITHOUT_ROOM
    if said_one_of(BUSY, fault):
        return LOCKED
    return LOST if is_away(fault) else None
