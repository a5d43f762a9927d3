#!/usr/bin/env bash
# Makes pictures of the service's page, light and dark, with the sandbox behind it:
#
#   examples/picture/page.sh target/debug/dialplane src/guide/page.png src/guide/page-dark.png
#
# Needs chromium.
set -euo pipefail
program=$(realpath "$1")
light=$(realpath "$2")
dark=$(realpath "$3")
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
"$program" init --demo >/dev/null 2>&1
"$program" sandbox manifests --listen 127.0.0.1:8495 --write-config sandbox.yaml >/dev/null 2>&1 &
until_it_is_there() {
    for _ in $(seq 300); do
        if "$@"; then return; fi
        sleep 0.1
    done
    echo "never came: $*" >&2
    exit 1
}
all_were_looked_at() {
    curl --silent --fail http://127.0.0.1:8496/status/northwind | grep -q '"lastSync": *"'
}
until_it_is_there test -s sandbox.yaml
echo 'server: { listen: "127.0.0.1:8496" }' >>sandbox.yaml
"$program" --config sandbox.yaml run >/dev/null 2>&1 &
until_it_is_there all_were_looked_at
picture() {
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1000,1400 \
        "$@" http://127.0.0.1:8496/ 2>/dev/null
}
picture --screenshot="$light"
picture --screenshot="$dark" --blink-settings=preferredColorScheme=0
