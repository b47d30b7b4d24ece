//! Finding the merge that turned the tests red, among the first ones of a chain.

use torch_core::integration::Bisection;

/// What is to be tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// So many of the first merges; 0 is the parent itself.
    Test(usize),
    /// This one broke it, counted from 1.
    Culprit(usize),
    /// The parent itself is red.
    Parent,
}

/// The next probe. The parent counts as green until it is the last one left; then it is tried as well.
pub fn probe(search: Bisection) -> Probe {
    let good = search.good.unwrap_or(0);
    match search.bad.saturating_sub(good) {
        0 => Probe::Parent,
        1 if good == 0 && search.good.is_none() => Probe::Test(0),
        1 => Probe::Culprit(search.bad),
        span => Probe::Test(good + span / 2),
    }
}

/// What is known after a probe of so many merges.
pub(crate) fn narrowed(mut search: Bisection, probed: usize, passed: bool) -> Bisection {
    match passed {
        true => search.good = Some(search.good.unwrap_or(0).max(probed)),
        false => search.bad = search.bad.min(probed),
    }
    search
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_red_merge_among_any_number_is_found_in_few_tests() {
        for count in 1..=40_usize {
            for culprit in 0..=count {
                let mut search = Bisection {
                    good: None,
                    bad: count,
                };
                let mut tests = 0;
                let found = loop {
                    match probe(search) {
                        Probe::Test(prefix) => {
                            tests += 1;
                            search = narrowed(search, prefix, prefix < culprit);
                        }
                        Probe::Culprit(at) => break at,
                        Probe::Parent => break 0,
                    }
                };
                assert_eq!(found, culprit, "of {count}");
                let most = usize::BITS - count.leading_zeros() + 1;
                assert!(tests <= most as usize, "{tests} for {count}");
            }
        }
    }
}
