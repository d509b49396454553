# Rust crates for findings: `rust DEPENDENCIES <PROGRAM` runs a program over crates of exact versions in a temporary
# folder and prints its output. Everything is gone when the script ends.

set -euo pipefail
# Another library may have made a folder, and removes it.
if [ -z "${PLACE:-}" ]; then
    PLACE=$(mktemp -d)
    trap 'rm -rf "$PLACE"' EXIT
fi

rust() {
    mkdir -p "$PLACE/src"
    printf '[package]\nname = "finding"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n%s\n' "$1" >"$PLACE/Cargo.toml"
    cat >"$PLACE/src/main.rs"
    CARGO_TARGET_DIR="$PLACE/target" cargo run --quiet --manifest-path "$PLACE/Cargo.toml"
}

# Fails if the outcome is not the same as before: `expect WHAT PATTERN SEEN`.
expect() {
    if [[ $3 =~ ^$2$ ]]; then echo "  $1: $3"; else echo "$1: expected $2, saw: $3" >&2; exit 1; fi
}
