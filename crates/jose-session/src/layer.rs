//! Sessions in the extensions of a request, and their cookies in the answer.
