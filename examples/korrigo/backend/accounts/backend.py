"""Checking a password is slow on purpose. One at a time, so that someone who tries thousands does not block everyone else."""

import fcntl
import tempfile
from pathlib import Path
from threading import BoundedSemaphore

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

LOCK = Path(tempfile.gettempdir()) / "korrigo-passwords"
# How many threads of this process: one that checks, one that waits. The others are for other requests.
seats = BoundedSemaphore(2)


class Busy(Exception):
    """Too many are waiting already. No password was checked, so this does not count as a failure."""


class OneAtATime(ModelBackend):
    def authenticate(self, request: HttpRequest | None, **credentials: str) -> AbstractBaseUser | None:
        if not seats.acquire(blocking=False):
            raise Busy
        try:
            # Across all processes of the container.
            with LOCK.open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                return super().authenticate(request, **credentials)
        finally:
            seats.release()
