//! Amounts that are known within limits.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

/// An amount with the limits that it is expected to lie within: bytes, seconds, dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Amount {
    /// The least that is expected.
    pub low: f64,
    /// The most likely one.
    pub typical: f64,
    /// The most that is expected.
    pub high: f64,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self::exact(0.0);

    /// An amount that is known exactly.
    #[must_use]
    pub const fn exact(amount: f64) -> Self {
        Self { low: amount, typical: amount, high: amount }
    }

    /// The greater one, limit by limit.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        Self {
            low: self.low.max(other.low),
            typical: self.typical.max(other.typical),
            high: self.high.max(other.high),
        }
    }

    /// What `change` makes of each limit.
    #[must_use]
    pub fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self { low: change(self.low), typical: change(self.typical), high: change(self.high) }
    }

    /// True if a measurement lies within the limits.
    #[must_use]
    pub const fn contains(self, measured: f64) -> bool {
        self.low <= measured && measured <= self.high
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            typical: self.typical + other.typical,
            high: self.high + other.high,
        }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl Mul<f64> for Amount {
    type Output = Self;

    fn mul(self, by: f64) -> Self {
        self.map(|limit| limit * by)
    }
}

impl Mul for Amount {
    type Output = Self;

    fn mul(self, by: Self) -> Self {
        Self { low: self.low * by.low, typical: self.typical * by.typical, high: self.high * by.high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_keep_their_order() {
        let one = Amount { low: 1.0, typical: 2.0, high: 4.0 };
        let other = Amount { low: 0.5, typical: 3.0, high: 3.5 };
        for amount in [one + other, one * other, one * 2.0, one.max(other), [one, other].into_iter().sum()] {
            assert!(amount.low <= amount.typical && amount.typical <= amount.high, "{amount:?}");
        }
        assert!(one.contains(1.0) && one.contains(4.0) && !one.contains(4.1));
    }
}
