#!/bin/sh
# TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.1" → who may tell nginx the address of a client and that it came by HTTPS.
set -eu

mkdir -p /tmp/nginx
for address in $(echo "${TRUSTED_PROXIES:-}" | tr ',' ' '); do
  echo "set_real_ip_from $address;"
done >/tmp/nginx/trusted-proxies.conf
