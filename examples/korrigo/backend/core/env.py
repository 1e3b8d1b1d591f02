"""Settings come from the environment, and from nowhere else."""

import os

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    return os.environ.get(name, default)


def flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def listing(name: str) -> list[str]:
    return [item for item in (part.strip() for part in os.environ.get(name, "").split(",")) if item]


def required(name: str, hint: str) -> str:
    """Raises ImproperlyConfigured when the variable is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint}")
    return value
