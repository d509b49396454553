//! Functions of floats that no standard fixes to the last bit.
//!
//! IEEE 754 says what sums, products, quotients, remainders and square roots are. What `exp` or `^` come to depends on
//! the C library, its version and the processor; and rows, their signatures and all that follows would depend on them,
//! too. So these come from one implementation, which is part of the program.

pub(super) use libm::{
    acos, asin, atan, atan2, cos, cosh, exp, log, log10, pow as power, sin, sinh, tan, tanh,
};

/// The names of the functions that come from here. `^` does, too.
pub(super) const NAMES: [&str; 16] = [
    "acos", "asin", "atan", "atan2", "cos", "cosh", "cot", "coth", "exp", "haversin", "log", "log10", "sin",
    "sinh", "tan", "tanh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_these_bits_everywhere() {
        let expected: [(f64, u64); 22] = [
            (exp(1.0), 0x4005_bf0a_8b14_576a),
            (exp(-0.7), 0x3fdf_c80d_b9dd_5542),
            (exp(20.3), 0x41c3_8486_6013_9d52),
            (log(10.0), 0x4002_6bb1_bbb5_5516),
            (log(0.3), 0xbff3_4378_fcbd_a721),
            (log10(2.0), 0x3fd3_4413_509f_79ff),
            (sin(1.0), 0x3fea_ed54_8f09_0cee),
            (sin(1e6), 0xbfd6_664b_2568_d867),
            (cos(1.0), 0x3fe1_4a28_0fb5_068c),
            (cos(3e5), 0xbfef_d0e9_ec92_1065),
            (tan(1.5), 0x402c_33ed_50b8_8777),
            (asin(0.4), 0x3fda_564a_c0e7_3a34),
            (acos(0.4), 0x3ff2_8c68_a40a_5e8b),
            (atan(7.0), 0x3ff6_dcc5_7bb5_65fd),
            (atan2(-1.0, 3.0), 0xbfd4_978f_a326_9ee1),
            (sinh(2.5), 0x4018_3368_cdb0_b6d3),
            (cosh(2.5), 0x4018_8776_e4b3_0aa3),
            (tanh(0.6), 0x3fe1_2f82_92d2_ccfc),
            (power(1.1, 17.3), 0x4014_cde7_a98d_2603),
            (power(2.0, 0.5), 0x3ff6_a09e_667f_3bcd),
            (power(10.0, -3.0), 0x3f50_624d_d2f1_a9fc),
            (power(9.0, 20.0), 0x43e5_1716_8a45_23fd),
        ];
        for (value, bits) in expected {
            assert_eq!(value.to_bits(), bits, "{value}");
        }
    }

    #[test]
    fn they_are_within_an_ulp_of_the_machines() {
        let ulps = |a: f64, b: f64| a.to_bits().abs_diff(b.to_bits());
        for step in 1..20_000 {
            let x = f64::from(step) * 0.001_37;
            for (ours, machines) in [
                (exp(x), x.exp()),
                (log(x), x.ln()),
                (log10(x), x.log10()),
                (sin(x), x.sin()),
                (cos(x), x.cos()),
                (tan(x), x.tan()),
                (atan(x), x.atan()),
                (power(x, 1.7), x.powf(1.7)),
                (tanh(x), x.tanh()),
            ] {
                assert!(ulps(ours, machines) <= 2, "{x}: {ours} and {machines}");
            }
        }
    }
}
