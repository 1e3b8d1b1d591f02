"""The body of an API request."""

import json

from django.http import HttpRequest


def json_body(request: HttpRequest) -> dict[str, str]:
    """As text, like form data. Anything but a JSON object counts as an empty form, whose errors name the missing fields."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return {name: str(value) for name, value in body.items() if value is not None} if isinstance(body, dict) else {}
