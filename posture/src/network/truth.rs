//! Yes, no, or either: what can be said when part of the facts is hidden.

/// The answers that the facts leave possible; never none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Truth {
    /// It may hold.
    pub(super) can_hold: bool,
    /// It may not hold.
    pub(super) can_fail: bool,
}

impl Truth {
    /// It holds.
    pub(super) const YES: Self = Self { can_hold: true, can_fail: false };
    /// It does not.
    pub(super) const NO: Self = Self { can_hold: false, can_fail: true };
    /// It cannot be told.
    pub(super) const MAYBE: Self = Self { can_hold: true, can_fail: true };

    /// Whether both hold.
    pub(super) fn and(self, other: Self) -> Self {
        Self { can_hold: self.can_hold && other.can_hold, can_fail: self.can_fail || other.can_fail }
    }

    /// Whether one of them holds.
    pub(super) fn or(self, other: Self) -> Self {
        Self { can_hold: self.can_hold || other.can_hold, can_fail: self.can_fail && other.can_fail }
    }

    /// Whether it holds for certain.
    pub(super) fn is_certain(self) -> bool {
        self == Self::YES
    }

    /// Whether it cannot be told.
    pub(super) fn is_open(self) -> bool {
        self == Self::MAYBE
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::YES } else { Self::NO }
    }
}
