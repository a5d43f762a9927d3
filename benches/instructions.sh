#!/bin/sh
# Instructions that `validate` takes for a user: a figure that says the same on a busy machine, so
# that a later change can be held against it. Needs valgrind.
#
#   CARGO_PROFILE_RELEASE_STRIP=none cargo build --release
#   benches/instructions.sh [target/release/dialplane]
set -eu
program=${1:-target/release/dialplane}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# KIND USERS: one tenant with so many users; half of them have the number of the other half in `twice`.
manifest() {
    awk -v kind="$1" -v users="$2" 'BEGIN {
        print "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: t }\nspec:"
        print "  tenantId: 00000000-0000-4000-8000-000000000001\n  mode: enforce\n  prune: never\n---"
        print "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: all, tenant: t }\nspec:\n  users:"
        for (n = 0; n < users; n++) {
            digits = kind == "twice" ? n % (users / 2) : n
            printf "    - userPrincipalName: user%06d@t.example.com\n      calling: enabled\n", n
            printf "      phoneNumber: \"+4930%08d\"\n      sbcGatewayId: %d\n", digits, 800 + n % 5
            printf "      callPolicy: { name: %s }\n", n % 2 ? "National" : "International"
            tag = sprintf("Anna Mueller %d", n)
            # A text of two lines is for the full reader.
            print kind == "full" ? "      userTag: >-\n        " tag : "      userTag: " tag
        }
    }'
}

# KIND USERS: the instructions of one run.
count() {
    manifest "$1" "$2" > "$work/$1-$2.yaml"
    valgrind --tool=callgrind --callgrind-out-file="$work/out" "$program" validate "$work/$1-$2.yaml" 2> "$work/log" > /dev/null || true
    sed -n 's/^.*Collected : //p' "$work/log"
}

# What a run takes at all is no part of a user.
for kind in plain full twice; do
    few=$(count "$kind" 1000)
    many=$(count "$kind" 4000)
    echo "$kind: $(((many - few) / 3000)) instructions a user"
done
