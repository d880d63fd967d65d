//! What was revoked, in Redis, for any number of machines.
