//! What a backend can show of where it computes, and by whose approval (FIPS 140-3).

use alloc::string::String;
use core::fmt;

/// Whether a backend computes in a FIPS module, and in which.
///
/// A module is one by what it says of itself. Whether its version holds a certificate, and whether it
/// was built and installed as its security policy demands, is the operator's to check.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FipsStatus {
    /// Not in a FIPS module, or not to be shown.
    NotFips {
        /// Why not.
        reason: &'static str,
    },
    /// Every operation is computed in this module.
    Fips(FipsModule),
}

impl FipsStatus {
    /// Whether every operation is computed in a FIPS module.
    #[must_use]
    pub const fn is_fips(&self) -> bool {
        matches!(self, Self::Fips(_))
    }

    /// The module.
    #[must_use]
    pub const fn module(&self) -> Option<&FipsModule> {
        match self {
            Self::Fips(module) => Some(module),
            Self::NotFips { .. } => None,
        }
    }
}

impl fmt::Display for FipsStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFips { reason } => write!(f, "not FIPS: {reason}"),
            Self::Fips(module) => write!(f, "FIPS: {module}"),
        }
    }
}

/// A FIPS module, as it describes itself.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FipsModule {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The library that has loaded it, with its version.
    pub library: String,
}

impl FipsModule {
    /// A module of this name and version, loaded by this library.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        version: impl Into<String>,
        library: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), version: version.into(), library: library.into() }
    }
}

impl fmt::Display for FipsModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, loaded by {}", self.name, self.version, self.library)
    }
}

/// Whether an algorithm, or a key for it, is approved; from least to most.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Approval {
    /// It is not.
    NotApproved {
        /// Why not.
        reason: &'static str,
    },
    /// It may be used under a condition, or for a time.
    Allowed {
        /// The condition.
        reason: &'static str,
    },
    /// It is.
    Approved,
}

impl Approval {
    /// Whether it may be used, if under a condition.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        !matches!(self, Self::NotApproved { .. })
    }

    /// Why it is not approved, or the condition.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::NotApproved { reason } | Self::Allowed { reason } => Some(reason),
            Self::Approved => None,
        }
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApproved { reason } => write!(f, "not approved: {reason}"),
            Self::Allowed { reason } => write!(f, "allowed: {reason}"),
            Self::Approved => f.write_str("approved"),
        }
    }
}
