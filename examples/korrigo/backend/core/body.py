"""What a request of the API brings."""

import json

from django.http import HttpRequest


def json_body(request: HttpRequest) -> dict[str, str]:
    """As a form has it: text. What is not a JSON object is an empty form, whose errors name the fields that are missing."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return {name: str(value) for name, value in body.items() if value is not None} if isinstance(body, dict) else {}
