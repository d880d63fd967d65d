//! Handlers for axum.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use http::{HeaderMap, Method};

use crate::Publisher;

/// Where many look for the keys of an issuer.
pub const WELL_KNOWN: &str = "/.well-known/jwks.json";

/// Answers at [`WELL_KNOWN`] with what is published.
///
/// ```
/// # fn publish(publisher: jose_jwks::Publisher) {
/// let app = axum::Router::new().merge(jose_jwks::router(publisher.clone()));
/// # let _: axum::Router = app; }
/// ```
///
/// For another path: `axum::routing::any(jose_jwks::answer).with_state(publisher)`.
pub fn router(publisher: Publisher) -> Router {
    Router::new().route(WELL_KNOWN, any(answer)).with_state(publisher)
}

/// The handler: what is published, to whoever asks.
pub async fn answer(
    State(publisher): State<Publisher>,
    method: Method,
    fields: HeaderMap,
) -> Response {
    publisher.answer(&method, &fields).map(Body::from)
}
