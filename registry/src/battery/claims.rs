//! Assertions of a suite that is no test itself: what does not hold is an error, with its place.

/// Two values are equal.
macro_rules! same {
    ($found:expr, $expected:expr) => {
        same!($found, $expected, "{}", stringify!($found))
    };
    ($found:expr, $expected:expr, $($what:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => {
                if found != expected {
                    return Err($crate::battery::Problem::Differs {
                        at: concat!(file!(), ":", line!()),
                        what: format!($($what)+),
                        found: format!("{found:?}"),
                        expected: format!("{expected:?}"),
                    });
                }
            }
        }
    };
}

/// Something is so.
macro_rules! so {
    ($claim:expr) => {
        so!($claim, "")
    };
    ($claim:expr, $($what:tt)+) => {
        if !$claim {
            return Err($crate::battery::Problem::NotSo {
                at: concat!(file!(), ":", line!()),
                claim: stringify!($claim),
                what: match format!($($what)+) {
                    what if what.is_empty() => what,
                    what => format!(": {what}"),
                },
            });
        }
    };
}
