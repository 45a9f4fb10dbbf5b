"""Who, besides this user and root, can write to a folder."""

import grp
import os
import pwd
import stat
from typing import Optional


def open_to_others(path: str) -> Optional[str]:
    """The folder through which others could change what is in `path`; None if there is none.

    That is the folder itself, or one above it, where they could put another in its place; not if
    its sticky bit keeps them from that, as in /tmp.

    Args: path, an existing folder, without links.
    """
    if _is_open(os.stat(path)):
        return path
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        found = os.stat(path)
        if _is_open(found) and not found.st_mode & stat.S_ISVTX:
            return path
    return None


def _is_open(found: os.stat_result) -> bool:
    by_group = found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid)
    return found.st_uid not in (os.geteuid(), 0) or bool(by_group or found.st_mode & stat.S_IWOTH)


def _is_own_group(number: int) -> bool:
    """Whether it is the group that many systems give each user alone, and let write."""
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:  # as in some containers
        return False
    is_named_so = (group.gr_gid, group.gr_name) == (user.pw_gid, user.pw_name)
    return is_named_so and {*group.gr_mem} <= {user.pw_name}
