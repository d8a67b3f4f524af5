#!/bin/sh
# Compares what portconform tells of a shipped guide, or expects of an example site, with what a person has read through
# against the vendor's tables:
#     compare.sh PORTCONFORM SOURCE_DIR rules|expect NAME
# A difference is a change of the catalog that somebody has to mean: read it against the vendor's table, then put the new
# output in the place of the old one (the command stands in the message).
set -eu
program=$1
source=$2
command=$3
name=$4
reviewed=tests/fixtures/$command/$name.tsv

cd "$source"
case $command in
rules) set -- rules -G conf/guides "$name" ;;
expect) set -- expect -G conf/guides -C "conf/examples/$name" ;;
*)
    echo "compare.sh: \"$command\" is neither rules nor expect" >&2
    exit 2
    ;;
esac

told=$(mktemp)
trap 'rm -f "$told"' EXIT
"$program" "$@" --format tsv >"$told"

how="read it row by row, then: portconform $* --format tsv >$reviewed"
[ -f "$reviewed" ] || {
    echo "nobody has reviewed $name yet: $reviewed is missing; $how"
    exit 1
}
diff -u --label "$reviewed (reviewed)" --label "portconform $*" "$reviewed" "$told" || {
    echo "the catalog has changed; if that is meant, $how"
    exit 1
}
