"""Whose request it is, as nginx saw it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """nginx sets X-Real-IP and takes it from nobody; without nginx it is who is at the other end."""
    for given in (request.headers.get("X-Real-IP"), request.META.get("REMOTE_ADDR")):
        try:
            found = ip_address(given or "")
        except ValueError:
            continue
        return str(getattr(found, "ipv4_mapped", None) or found)
    return "0.0.0.0"


def client(request: HttpRequest) -> str:
    """What counts as one client: an IPv4 address, or the 2^64 IPv6 addresses that whoever has one has."""
    found = ip_address(address(request))
    return str(IPv6Network((found, 64), strict=False).network_address) if isinstance(found, IPv6Address) else str(found)
