#!/bin/sh
# Holds each part's real includes against the table in CMakeLists.txt: a source may include the public headers of its own
# part and of the parts it says it uses, nothing else; third-party headers stay with the one part that owns them.
#
#   architecture.sh SOURCE_DIR BUILD_DIR
set -eu
src=$1
table=$2/architecture.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# owners: "header part" for every public header
while IFS='|' read -r part folder headers uses; do
    for header in $(echo "$headers" | tr ';' ' '); do
        echo "$header $part"
        [ -f "$src/include/portconform/$header" ] || fail "$part: include/portconform/$header does not exist" >&2
    done
done <"$table" >"$work/owners"

for header in "$src"/include/portconform/*.h; do
    name=$(basename "$header")
    count=$(grep -c "^$name " "$work/owners" || true)
    [ "$count" = 1 ] || fail "$name belongs to $count parts; CMakeLists.txt must give it to exactly one"
done

sources=0
while IFS='|' read -r part folder headers uses; do
    allowed=" $part $(echo "$uses" | tr ';' ' ') "
    for file in "$src/$folder"/*.c; do
        [ -f "$file" ] || continue
        sources=$((sources + 1))
        ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -DPC_VERSION='""' -MM -I"$src/include" -I"$src/$folder" \
            "$file" >"$work/deps" 2>"$work/errors" || { fail "$file: $(head -n 1 "$work/errors")"; continue; }
        for header in $(tr ' ' '\n' <"$work/deps" | sed -n 's|.*/include/portconform/\(.*\.h\)$|\1|p'); do
            owner=$(sed -n "s/^$header //p" "$work/owners")
            case $allowed in
            *" $owner "*) ;;
            *) fail "$folder/$(basename "$file") includes $header of $owner, which $part does not use" ;;
            esac
        done
    done
done <"$table"

# who alone may see whose headers
only() {
    pattern=$1 && shift
    grep -rlE "#include <$pattern" "$src/src" "$src/plugins" "$src/include" | while read -r file; do
        for folder in "$@"; do
            case $file in "$src/$folder"/*) continue 2 ;; esac
        done
        echo "$file"
    done >"$work/strangers"
    [ ! -s "$work/strangers" ] || fail "<$pattern...> is seen outside $*: $(tr '\n' ' ' <"$work/strangers")"
}
only 'libconfig' src/config
only 'net-snmp/' src/snmp
only 'libmnl/' src/observe/listeners plugins
only 'openssl/' src/observe/tls src/observe/radius src/syslog src/respond
only 'sqlite3' src/store
only 'ares' src/observe/names
only 'jansson' src/tell/json src/cli src/store src/syslog src/control/server

[ "$sources" -gt 0 ] || fail "no source was read"
echo "$sources sources of $(wc -l <"$table") parts, $failures failures"
[ "$failures" = 0 ]
