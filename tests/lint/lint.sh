#!/bin/sh
# One look at all sources by one tool:   lint.sh format|cppcheck|tidy|shell SOURCE_DIR BUILD_DIR
# Ends with 77 (skipped) where the tool is not installed.
set -eu
tool=$1
source=$2
build=$3
cd "$source"

need() {
    command -v "$1" >/dev/null || { echo "skipped: $1 is not installed"; exit 77; }
}

case $tool in
format)
    need clang-format
    git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror
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
    # sanitizer and generated sources do not matter here; the checks stand in .clang-tidy
    run-clang-tidy -quiet -j 2 -p "$build" "^$source/(src|plugins)/.*" >"$build/tidy.log" 2>/dev/null || {
        sed 's/\x1b\[[0-9;]*m//g' "$build/tidy.log" | grep -E '(warning|error):' | sort -u
        exit 1
    }
    ;;
shell)
    need shellcheck
    git ls-files -z | xargs -0 grep -lE '^#!/bin/(ba)?sh' | xargs shellcheck
    ;;
*)
    echo "lint.sh: no such tool: $tool" >&2
    exit 2
    ;;
esac
