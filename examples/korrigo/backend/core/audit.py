"""Who saw or changed private data, one line each: logger `audit`."""

import logging

from django.http import HttpRequest

from core.address import address

log = logging.getLogger("audit")


def audit(request: HttpRequest, action: str, **fields: object) -> None:
    """@param fields the keys of what was read or changed; no names or contents, since logs are stored elsewhere, by others."""
    user = getattr(request, "user", None)
    who = {"user": user.get_username() or None} if user is not None else {}
    via = {"token": request.token.name} if getattr(request, "token", None) else {}
    log.info(action, extra={"fields": {**who, **via, "client": address(request), **fields}})
