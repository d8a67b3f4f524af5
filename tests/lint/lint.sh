#!/bin/sh
# One look at all sources by one tool:   lint.sh format|cppcheck|tidy|shell|python SOURCE_DIR BUILD_DIR
# Ends with 77 (skipped) where the tool is not installed.
set -eu
tool=$1
source=$2
build=$3
cd "$source"

need() {
    command -v "$1" >/dev/null || { echo "skipped: $1 is not installed"; exit 77; }
}

# Lists everything but what is built. Not by asking git: it says nothing at all about a tree that belongs to somebody
# else, and nothing is soon found clean.
list=$build/lint-$tool.list
list_sources() {
    find . -name .git -prune -o -path ./build -prune -o -path "./${build#"$source"/}" -prune -o -type f "$@" -print >"$list"
    [ -s "$list" ] || { echo "no sources in $source" >&2; exit 1; }
}

case $tool in
format)
    need clang-format
    list_sources -name '*.[ch]'
    xargs clang-format --dry-run --Werror <"$list"
    ;;
cppcheck)
    need cppcheck
    # what is off: taste (style), what it cannot see (includes of the system), two false alarms: it does not parse
    # __typeof__ in a conditional, and takes every NULL before "..." for one of the variable arguments
    cppcheck --project="$build/compile_commands.json" --enable=warning,performance,portability --inline-suppr \
        --error-exitcode=1 --quiet -j 2 --std=c11 --suppress=missingIncludeSystem \
        --suppress=internalAstError --suppress=varFuncNullUB \
        --suppress='*:*/tests/*' --suppress='*:/usr/*' -i "$build"
    ;;
tidy)
    need run-clang-tidy
    # generated sources do not matter here; the checks stand in .clang-tidy. max-nodes: how many states of one function
    # the analyser goes through; a third of what it would, for less than half of the time
    run-clang-tidy -quiet -j 2 -p "$build" -extra-arg=-Xclang -extra-arg=-analyzer-config -extra-arg=-Xclang \
        -extra-arg=max-nodes=75000 "^$source/(src|plugins)/.*" >"$build/tidy.log" 2>/dev/null || {
        sed 's/\x1b\[[0-9;]*m//g' "$build/tidy.log" | grep -E '(warning|error):' | sort -u
        exit 1
    }
    ;;
shell)
    need shellcheck
    list_sources
    xargs grep -lE '^#!/bin/(ba)?sh' <"$list" | xargs shellcheck
    ;;
python)
    need pyflakes3
    list_sources -name '*.py'
    xargs pyflakes3 <"$list"
    ;;
*)
    echo "lint.sh: no such tool: $tool" >&2
    exit 2
    ;;
esac
