"""So many in so many seconds, counted in the cache: the same for all processes, and without Redis, or with a full one, there is no limit."""

import time

from django.core.cache import cache


def wait(name: str, limit: int, seconds: int) -> int:
    """Counts one more of `name`. Returns 0, or, when there were too many, the seconds until they begin anew."""
    now = time.time()
    key = f"throttle:{name}:{int(now // seconds)}"
    cache.add(key, 0, timeout=seconds)
    try:
        count = cache.incr(key)
    except (ValueError, TypeError):  # gone meanwhile; Redis is; or it is full, where django-redis adds one to None
        return 0
    return 0 if count is None or count <= limit else int(seconds - now % seconds) + 1
