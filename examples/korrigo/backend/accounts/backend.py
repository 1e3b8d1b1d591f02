"""A password is slow to check, on purpose: one at a time, so that whoever tries thousands does not hold up everybody else."""

import fcntl
import tempfile
from pathlib import Path
from threading import BoundedSemaphore

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

LOCK = Path(tempfile.gettempdir()) / "korrigo-passwords"
# Of the threads of this process: one that checks, one that waits. The others are for other requests.
seats = BoundedSemaphore(2)


class Busy(Exception):
    """Too many wait already. Nothing was tried, so nothing counts as a failure."""


class OneAtATime(ModelBackend):
    def authenticate(self, request: HttpRequest | None, **credentials: str) -> AbstractBaseUser | None:
        if not seats.acquire(blocking=False):
            raise Busy
        try:
            # Among all processes of the container.
            with LOCK.open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                return super().authenticate(request, **credentials)
        finally:
            seats.release()
