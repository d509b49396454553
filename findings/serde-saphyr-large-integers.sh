#!/usr/bin/env bash
# serde-saphyr passes integers that 64 bits cannot hold as floats to a caller that accepts any type (deserialize_any),
# without an error: 18446744073709551616 is 1.8446744073709552e19. It also passes 017 as the float 17.0, while 17 is an
# integer.
# serde knows integers of 128 bits (visit_i128), and YAML's core schema has no limit and reads 017 as the integer 17.
#
# Seen with serde-saphyr 2.1.1 on 2026-11-29.
. "$(dirname "$0")/lib/rust.sh"

seen=$(rust 'serde-saphyr = { version = "=2.1.1", default-features = false, features = ["deserialize"] }
serde_json = "=1.0.154"' <<'PROGRAM'
fn main() {
    for text in ["18446744073709551615", "18446744073709551616", "-9223372036854775809", "017"] {
        let value: serde_json::Value = serde_saphyr::from_str(text).unwrap();
        print!("{value} ");
    }
}
PROGRAM
)
echo "serde-saphyr 2.1.1"
expect "the largest that is kept, two beyond, and a leading zero" \
    "18446744073709551615 1\.8446744073709552e\+19 -9\.223372036854776e\+18 17\.0 " "$seen"
