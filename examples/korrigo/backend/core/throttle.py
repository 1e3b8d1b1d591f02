"""Rate limits, counted in the cache for all processes together. If Redis is down or full, there is no limit."""

import time

from django.core.cache import cache


def wait(name: str, limit: int, seconds: int) -> int:
    """Counts one more for `name`. Returns 0, or, if there are too many, the seconds until the count starts again."""
    now = time.time()
    key = f"throttle:{name}:{int(now // seconds)}"
    cache.add(key, 0, timeout=seconds)
    try:
        count = cache.incr(key)
    except (ValueError, TypeError):  # the key has expired, Redis is down, or it is full (then django-redis adds one to None)
        return 0
    return 0 if count is None or count <= limit else int(seconds - now % seconds) + 1
