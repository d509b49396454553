//! Quantiles of durations that were counted in buckets between two moments.

use livewell_store::Histogram;

/// Returns the duration in seconds that `share` of those counted between `then` and `now` do not exceed, by a straight
/// line within its bucket; `None` if there was none.
pub fn quantile(then: &Histogram, now: &Histogram, share: f64) -> Option<f64> {
    let counts: Vec<(f64, u64)> = now
        .buckets
        .iter()
        .zip(&then.buckets)
        .map(|((bound, now), (_, then))| (*bound, now.saturating_sub(*then)))
        .collect();
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return None;
    }
    let wanted = share * all as f64;
    let (mut passed, mut low) = (0.0, 0.0);
    for (high, count) in counts {
        let count = count as f64;
        if count > 0.0 && passed + count >= wanted {
            // Above the last bound nothing is known but that bound.
            let within = if high.is_finite() { (high - low) * ((wanted - passed) / count) } else { 0.0 };
            return Some(low + within);
        }
        passed += count;
        low = high;
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: [u64; 4]) -> Histogram {
        let bounds = [0.001, 0.01, 0.1, f64::INFINITY];
        Histogram { seconds: 0.0, buckets: bounds.into_iter().zip(counts).collect() }
    }

    #[test]
    fn a_quantile_is_of_what_came_in_between() {
        let then = of([100, 0, 0, 0]);
        assert_eq!(quantile(&then, &then, 0.5), None);
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(quantile(&then, &of([110, 0, 0, 0]), 0.5).unwrap(), 0.0005));
        assert!(close(quantile(&then, &of([100, 10, 0, 0]), 0.5).unwrap(), 0.0055));
        assert!(close(quantile(&then, &of([190, 0, 10, 0]), 0.99).unwrap(), 0.01 + 0.09 * 0.9));
        assert!(close(quantile(&then, &of([100, 0, 0, 5]), 0.99).unwrap(), 0.1));
    }
}
