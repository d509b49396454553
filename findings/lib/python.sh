# Packages of Python for findings: `python PACKAGES <PROGRAM` runs a program with packages of exact versions in a temporary
# folder and prints its output. Everything is gone when the script ends.

set -euo pipefail
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT

python() {
    python3 -m venv "$PLACE/venv"
    "$PLACE/venv/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
    cat >"$PLACE/finding.py"
    # What the libraries log is of no interest unless the program fails.
    "$PLACE/venv/bin/python" "$PLACE/finding.py" 2>"$PLACE/log" || { cat "$PLACE/log" >&2; return 1; }
}

# Fails if the outcome is not the same as before: `expect WHAT PATTERN SEEN`.
expect() {
    if [[ $3 =~ ^$2$ ]]; then echo "  $1: $3"; else echo "$1: expected $2, saw: $3" >&2; exit 1; fi
}
