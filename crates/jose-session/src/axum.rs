//! Sessions and bearer tokens as extractors of axum.
