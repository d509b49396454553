#!/usr/bin/env bash
# bigdecimal's to_f64 does not always return the nearest float. It cuts long numbers to some 25 digits before it converts
# them, so the digits that decide between two floats may be gone: 0.500000000000000166533453693773481063544750213623046875
# is exactly half way between two floats, and to_f64 returns the one below, while IEEE 754 and the standard library's
# parser return the even one above. Writing the digits and parsing them again returns the nearest float.
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
