"""The client's address, as nginx saw it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """nginx always sets X-Real-IP itself; without nginx, it is the peer's address."""
    for given in (request.headers.get("X-Real-IP"), request.META.get("REMOTE_ADDR")):
        try:
            found = ip_address(given or "")
        except ValueError:
            continue
        return str(getattr(found, "ipv4_mapped", None) or found)
    return "0.0.0.0"


def client(request: HttpRequest) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64, because one user owns all of it."""
    found = ip_address(address(request))
    return str(IPv6Network((found, 64), strict=False).network_address) if isinstance(found, IPv6Address) else str(found)
