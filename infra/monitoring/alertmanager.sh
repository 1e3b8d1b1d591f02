#!/bin/sh
# Alertmanager's entrypoint: writes its configuration from secrets/alerts.txt, which says who gets the alerts, and starts it.
# If a setting is wrong, it prints all problems at once and starts nothing.
set -eu
umask 077

settings=/run/prepared/alerts config=/tmp/alertmanager.yml

main() {
  [ -r $settings ] || { echo "secrets/alerts.txt is missing: see monitoring/README.md." >&2; exit 1; }
  problems=$(check)
  [ -z "$problems" ] || { printf 'secrets/alerts.txt:\n%s\n' "$problems" >&2; exit 1; }
  configuration >$config
  program=$(command -v alertmanager || command -v prometheus-alertmanager)
  # With receiver names in the metrics: test-alert.sh has to know which receivers were reached.
  exec "$program" --config.file=$config --enable-feature=receiver-name-in-metrics "$@"
}

# The last value of that name, without any quotes around it.
value() { sed -n "s/^$1=//p" $settings | tail -n 1 | tr -d '\r' | sed "s/^\(['\"]\)\(.*\)\1\$/\2/"; }

has() { [ -n "$(value "$1")" ]; }

check() {
  known='EMAIL_TO|SMTP_HOST|SMTP_FROM|SMTP_USER|SMTP_PASSWORD|SMTP_TLS|SLACK_URL|SLACK_CHANNEL|NTFY_URL|NTFY_TOKEN|WEBHOOK_URL|WATCHDOG_URL'
  grep -vE "^[[:space:]]*(#|\$)|^($known)=" $settings | sed 's/=.*//; s/.*/  & is not a setting (allowed: '"$(echo $known | sed 's/|/, /g')"')/'
  has EMAIL_TO || has SLACK_URL || has NTFY_URL || has WEBHOOK_URL ||
    echo '  no one would get the alerts: set EMAIL_TO, SLACK_URL, NTFY_URL or WEBHOOK_URL.'
  for name in SLACK_URL NTFY_URL WEBHOOK_URL WATCHDOG_URL; do
    case $(value $name) in '' | http://?* | https://?*) ;; *) echo "  $name must be an http:// or https:// URL." ;; esac
  done
  ! has EMAIL_TO || {
    case $(value SMTP_HOST) in ?*:[0-9]*) ;; *) echo '  EMAIL_TO needs SMTP_HOST with a port, e.g. smtp.example.org:587.' ;; esac
    has SMTP_FROM || echo '  EMAIL_TO needs SMTP_FROM, the sender address.'
  }
  ! has SMTP_USER || has SMTP_PASSWORD || echo '  SMTP_USER needs SMTP_PASSWORD.'
  case $(value SMTP_TLS) in '' | on | off) ;; *) echo '  SMTP_TLS must be on (the default) or off.' ;; esac
}

configuration() {
  cat <<'EOF'
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: 15s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    # Always fires. The service that receives it notifies you when it stops (a dead man's switch).
    - matchers: ['alertname="Watchdog"']
      receiver: watchdog
      group_wait: 0s
      group_interval: 1m
      repeat_interval: 1m
    - matchers: ['alertname="TestAlert"']
      group_wait: 0s
      routes: &people
EOF
  for who in email slack ntfy webhook; do
    ! has_receiver $who || printf '        - receiver: %s\n          continue: true\n' $who
  done
  printf '    - routes: *people\n\nreceivers:\n  - name: nobody\n  - name: watchdog\n'
  ! has WATCHDOG_URL || printf '    webhook_configs:\n      - url: %s\n        send_resolved: false\n' "$(quoted "$(value WATCHDOG_URL)")"
  ! has_receiver email || email
  ! has_receiver slack || slack
  ! has_receiver ntfy || ntfy
  ! has_receiver webhook || printf '  - name: webhook\n    webhook_configs:\n      - url: %s\n' "$(quoted "$(value WEBHOOK_URL)")"
  cat <<'EOF'

inhibit_rules:
  # When the backend or the site is down, these say nothing new.
  - source_matchers: ['alertname="BackendDown"']
    target_matchers: ['alertname=~"SiteDown|SiteFlaps|Errors|RequestsSlow"']
  - source_matchers: ['alertname="SiteDown"']
    target_matchers: ['alertname="SiteFlaps"']
    equal: [instance]
  - source_matchers: ['severity="critical"']
    target_matchers: ['severity="warning"']
    equal: [alertname, mountpoint]
EOF
}

has_receiver() {
  case $1 in
    email) has EMAIL_TO ;;
    slack) has SLACK_URL ;;
    ntfy) has NTFY_URL ;;
    webhook) has WEBHOOK_URL ;;
  esac
}

# Between single quotes, YAML takes anything except single quotes.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

email() {
  cat <<EOF
  - name: email
    email_configs:
      - to: $(quoted "$(value EMAIL_TO)")
        from: $(quoted "$(value SMTP_FROM)")
        smarthost: $(quoted "$(value SMTP_HOST)")
        require_tls: $([ "$(value SMTP_TLS)" = off ] && echo false || echo true)
$(! has SMTP_USER || printf '        auth_username: %s\n        auth_password: %s\n' "$(quoted "$(value SMTP_USER)")" "$(quoted "$(value SMTP_PASSWORD)")")
        send_resolved: true
        headers:
          Subject: '{{ if eq .Status "resolved" }}resolved: {{ end }}{{ .CommonLabels.alertname }}{{ with .CommonLabels.severity }} ({{ . }}){{ end }}'
        html: ''
        text: |-
          {{ range .Alerts }}{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ .Annotations.summary }}
          {{ with .Annotations.action }}What to do: {{ . }}
          {{ end }}Since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}

          {{ end }}
EOF
}

slack() {
  cat <<EOF
  - name: slack
    slack_configs:
      - api_url: $(quoted "$(value SLACK_URL)")
$(! has SLACK_CHANNEL || printf '        channel: %s\n' "$(quoted "$(value SLACK_CHANNEL)")")
        send_resolved: true
        title: '{{ if eq .Status "resolved" }}resolved: {{ end }}{{ .CommonLabels.alertname }}'
        text: |-
          {{ range .Alerts }}{{ .Annotations.summary }}
          {{ with .Annotations.action }}What to do: {{ . }}
          {{ end }}{{ end }}
EOF
}

# ntfy has a template for Alertmanager's alerts; the URL has to ask for it.
ntfy() {
  cat <<EOF
  - name: ntfy
    webhook_configs:
      - url: $(quoted "$(value NTFY_URL)?template=alertmanager")
$(! has NTFY_TOKEN || printf '        http_config: { authorization: { type: Bearer, credentials: %s } }\n' "$(quoted "$(value NTFY_TOKEN)")")
EOF
}

main "$@"
