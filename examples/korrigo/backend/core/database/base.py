from typing import Any

from django.db.backends.postgresql import base

from core import env


class DatabaseWrapper(base.DatabaseWrapper):
    """Reads the password for each new connection: it may have changed since this process started (infra/README.md, Secrets)."""

    def get_connection_params(self) -> dict[str, Any]:
        return super().get_connection_params() | {"password": env.secret(self.settings_dict["PASSWORD_FROM"])}
