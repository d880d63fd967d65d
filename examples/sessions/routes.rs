//! Who is answered what.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use jose_session::axum::SignedSession;
use jose_session::{Error, RefresherLayer, RequireSession, Session};
use serde::Deserialize;

use crate::demo::Demo;
use crate::page;
use crate::service::{ACCESS_AGE, Access, REFRESH, Refresh, Service};

pub(crate) fn router(service: Service, demo: Demo) -> Router {
    let sessions = RefresherLayer::new(service.refresher.clone());

    let writers = RequireSession::<Access>::new()
        .and(|session| session.data().roles.iter().any(|role| role == "writer"));
    let service_routes = Router::<App>::new()
        .route("/write", post(async || StatusCode::NO_CONTENT))
        .layer(writers)
        .route("/me", get(me))
        .route("/log-in", post(log_in))
        .route("/log-out", post(log_out))
        .route("/who-am-i", post(who_am_i))
        .layer(sessions);
    // Without the layer, which would renew an access session that the page is to show as it is.
    let demo_routes = Router::<App>::new()
        .route("/", get(show))
        .route("/style.css", get(style))
        .route("/end-access", post(end_access))
        .route("/steal", post(steal))
        .route("/use-stolen", post(use_stolen))
        .route("/rotate", post(rotate));
    service_routes
        .merge(demo_routes)
        .layer(middleware::from_fn(guard))
        .with_state(App { service, demo })
}

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) service: Service,
    pub(crate) demo: Demo,
}

#[derive(Deserialize)]
struct LogIn {
    user: String,
}

/// Yours asks for a password or a passkey first: this one believes every name that there is.
async fn log_in(
    State(App { service, .. }): State<App>,
    access: Session<Access>,
    refresh: Session<Refresh>,
    Form(LogIn { user }): Form<LogIn>,
) -> Result<Redirect, StatusCode> {
    let began = service.refresher.log_in(&access, &refresh, Refresh { user }).await;
    began.map_err(|error| status(&error))?;
    Ok(back())
}

async fn log_out(
    State(App { service, .. }): State<App>,
    access: Session<Access>,
    refresh: Session<Refresh>,
) -> Result<Redirect, StatusCode> {
    service.refresher.log_out(&access, &refresh).await.map_err(|error| status(&error))?;
    Ok(back())
}

/// Who has no session is answered 401 before this is called.
async fn me(session: SignedSession<Access>) -> Json<Access> {
    Json((*session.data()).clone())
}

/// The same for the page.
async fn who_am_i(
    State(App { demo, .. }): State<App>,
    session: Option<SignedSession<Access>>,
) -> Redirect {
    match session.map(|session| session.data()) {
        Some(access) => {
            demo.tell(&format!("who am I? {}, {}", access.user, access.roles.join(" and ")));
        }
        None => demo.tell("who am I? nobody: 401"),
    }
    back()
}

async fn show(State(app): State<App>, request: HeaderMap) -> Html<String> {
    Html(page::page(&app, &request).await)
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("style.css"))
}

async fn end_access(State(App { demo, .. }): State<App>) -> Redirect {
    demo.push(ACCESS_AGE);
    back()
}

/// As what runs on the user's machine could: scripts of the page are not shown the cookie.
async fn steal(State(App { demo, .. }): State<App>, request: HeaderMap) -> Redirect {
    let token = page::cookie(&request, REFRESH);
    demo.tell(token.map_or("there is nothing to steal", |_| "the thief copies the refresh token"));
    demo.steal(token.map(Into::into));
    back()
}

/// The thief's request: from another machine, with that token and nothing else.
async fn use_stolen(State(App { service, demo }): State<App>) -> Redirect {
    let token = demo.stolen().unwrap_or_default();
    let Ok(cookie) = HeaderValue::try_from(format!("{REFRESH}={token}")) else { return back() };
    let request = HeaderMap::from_iter([(header::COOKIE, cookie)]);
    let (access, refresh) = service.refresher.read(&request).await;
    if access.exists() {
        demo.steal(refresh.token());
        demo.tell(&format!("the thief is let in as {}", access.data().user));
    } else {
        demo.tell("the thief is not let in");
    }
    back()
}

async fn rotate(State(App { service, .. }): State<App>) -> Result<Redirect, StatusCode> {
    service.rotate().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(back())
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Hook(_) => StatusCode::FORBIDDEN,
        Error::Reused | Error::Used => StatusCode::UNAUTHORIZED,
        error if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// To the page, by a `GET` whatever it was.
fn back() -> Redirect {
    Redirect::to("/")
}

/// Refuses what another site has the browser send: `SameSite` alone keeps that from bringing a session, and not from
/// logging somebody in. And nothing of an answer is kept, framed, or runs.
async fn guard(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    let from_here = site.is_none_or(|site| site == b"same-origin" || site == b"none");
    let mut response = if from_here || request.method() == Method::GET {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    };
    let fields = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
    response
}
