//! JSON Web Algorithms (RFC 7518, RFC 8037, RFC 8812, RFC 9864): the registered names, and which
//! key may serve which.

mod registry;
mod rules;

pub use self::registry::{
    Alg, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm,
};
pub use self::rules::Bound;
pub(crate) use self::rules::{
    Purpose, bind_key_management, bind_signature, bindable, check_epk, check_fit, check_structure,
    is_encryption_key,
};
