#!/usr/bin/env bash
# bigdecimal's to_f64 does not always give the nearest float. It cuts long numbers to some 25 digits before it converts
# them, so what decides between two floats may be gone: of 0.500000000000000166533453693773481063544750213623046875, which
# lies exactly half way between two floats, it gives the one below, where IEEE 754 and the standard library's reader give
# the even one above. Writing the digits and reading them again gives the nearest float.
#
# Seen with bigdecimal 0.4.11 on 2026-11-29.
. "$(dirname "$0")/lib/rust.sh"

seen=$(rust 'bigdecimal = "=0.4.11"' <<'PROGRAM'
use bigdecimal::{BigDecimal, ToPrimitive};

fn main() {
    let text = "0.500000000000000166533453693773481063544750213623046875";
    let number: BigDecimal = text.parse().unwrap();
    println!("{:?} {:?}", number.to_f64().unwrap(), text.parse::<f64>().unwrap());
}
PROGRAM
)
echo "bigdecimal 0.4.11"
expect "to_f64, and the standard library" "0\.5000000000000001 0\.5000000000000002" "$seen"
