"""Settings come from the environment; secrets may come from a file that the environment names."""

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    return os.environ.get(name, default)


def one_of(name: str, default: str, *others: str) -> str:
    """Raises ImproperlyConfigured for any other value: a typo must not open what should be closed."""
    value = os.environ.get(name) or default
    if value not in {default, *others}:
        raise ImproperlyConfigured(f"{name} is {value!r}. It can be {', '.join([default, *others])}.")
    return value


def flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def listing(name: str) -> list[str]:
    return [item for item in (part.strip() for part in os.environ.get(name, "").split(",")) if item]


def secret(name: str) -> str:
    """The variable, or the content of the file that <name>_FILE names; empty if neither is set.

    Raises ImproperlyConfigured if the file cannot be read.
    """
    path = os.environ.get(f"{name}_FILE", "")
    if os.environ.get(name) or not path:
        return os.environ.get(name, "")
    try:
        # An editor or `openssl rand` adds a newline, which is not part of the password.
        return Path(path).read_text().rstrip("\r\n")
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error


def url(name: str, default: str, password: str) -> str:
    """The URL with the secret `password` in it, so that the password need not be in the environment, where others can see it."""
    value, word = text(name, default), secret(password)
    if not word:
        return value
    parts = urlsplit(value)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:{quote(word, safe='')}@{host}").geturl()


def required(name: str, hint: str) -> str:
    """A secret. Raises ImproperlyConfigured if it is missing or empty."""
    value = secret(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint}")
    return value
