//! A session that another one renews, and what becomes of tokens that come twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use http::HeaderMap;
use jose_core::jws::{KeyRing, Unverified};
use jose_core::{Alg, Jwk};
use jose_rustcrypto::BACKEND;
use jose_session::{
    Config, ConfigError, Context, CookieOptions, Error, HeaderField, HookError, Hooks, Keys,
    MemoryStore, Refresher, Session, Sessions, Snapshot,
};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::{a256kw, browse, hs256, next_request, request};

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Access {
    user: String,
    grant: u32,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Refresh {
    user: String,
}

type Both = Refresher<Access, Refresh>;

/// Sessions of 15 minutes that others of a week renew, by a clock that stands still.
struct Service {
    clock: Clock,
    store: Arc<MemoryStore>,
    /// How often something was granted.
    granted: Arc<AtomicU32>,
    banned: Arc<AtomicBool>,
}

impl Service {
    fn new() -> Self {
        let clock = Clock::new();
        let store = Arc::new(MemoryStore::new().with_clock(clock.reader()));
        Self { clock, store, granted: Arc::default(), banned: Arc::default() }
    }

    fn access(&self) -> Config {
        let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
        let config = Config::new("access", keys, BACKEND).typ("access+jwt").max_age("15m");
        config.families("7D").store(Arc::clone(&self.store)).clock(self.clock.reader())
    }

    fn refreshing(&self) -> Config {
        let keys = Keys::from_jwk(&a256kw(), BACKEND).unwrap();
        let config = Config::new("refresh", keys, BACKEND).typ("refresh+jwt").max_age("7D");
        config.single_use().store(Arc::clone(&self.store)).clock(self.clock.reader())
    }

    fn of(&self, access: Config, refreshing: Config) -> Result<Both, ConfigError> {
        let (granted, banned) = (Arc::clone(&self.granted), Arc::clone(&self.banned));
        let grant = move |refresh: Snapshot<Refresh>| {
            let granted = granted.fetch_add(1, Ordering::SeqCst) + 1;
            let banned = banned.load(Ordering::SeqCst);
            async move {
                if banned {
                    return Err(HookError::new("banned"));
                }
                Ok(Access { user: refresh.data().user.clone(), grant: granted })
            }
        };
        Refresher::new(Sessions::new(access)?, Sessions::new(refreshing)?, grant)
    }

    fn both(&self) -> Both {
        self.of(self.access(), self.refreshing()).unwrap()
    }
}

/// What a browser sends after it was answered with these two.
fn next(before: &HeaderMap, access: &Session<Access>, refresh: &Session<Refresh>) -> HeaderMap {
    let mut response = HeaderMap::new();
    access.write_to(&mut response);
    refresh.write_to(&mut response);
    browse(before, &response)
}

/// The browser of somebody who has just logged in.
async fn logged_in(both: &Both) -> HeaderMap {
    let (access, refresh) = both.read(&HeaderMap::new()).await;
    both.log_in(&access, &refresh, Refresh { user: "joe".into() }).await.unwrap();
    next(&HeaderMap::new(), &access, &refresh)
}

/// As of two browsers, of which one has the access cookies of a login and the other one those that refresh them.
async fn logged_in_by_halves(both: &Both) -> (HeaderMap, HeaderMap) {
    let (access, refresh) = both.read(&HeaderMap::new()).await;
    both.log_in(&access, &refresh, Refresh { user: "joe".into() }).await.unwrap();
    let empty = HeaderMap::new();
    (next_request(&empty, &access), next_request(&empty, &refresh))
}

/// The browser of the same when the access session is over, and whether anything came of its next request.
async fn renewed(both: &Both, before: &HeaderMap) -> (HeaderMap, bool) {
    let (access, refresh) = both.read(before).await;
    (next(before, &access, &refresh), access.exists())
}

#[tokio::test]
async fn a_login_begins_both_in_one_family() {
    let service = Service::new();
    let both = service.both();
    let browser = logged_in(&both).await;
    let (access, refresh) = both.read(&browser).await;
    assert_eq!(*access.data(), Access { user: "joe".into(), grant: 1 });
    assert_eq!(refresh.data().user, "joe");
    assert!(access.snapshot().family().is_some());
    assert_eq!(access.snapshot().family(), refresh.snapshot().family());
    assert!(!access.is_dirty() && !refresh.is_dirty());
}

#[tokio::test]
async fn two_logins_are_two_families() {
    let service = Service::new();
    let both = service.both();
    let mut families = Vec::new();
    for _ in 0..2 {
        let (access, _) = both.read(&logged_in(&both).await).await;
        families.push(access.snapshot().family().unwrap().to_owned());
    }
    assert_ne!(families[0], families[1]);
}

#[tokio::test]
async fn an_access_session_that_is_over_is_renewed_and_the_refresh_token_exchanged() {
    let service = Service::new();
    let both = service.both();
    let browser = logged_in(&both).await;
    let (_, before) = both.read(&browser).await;
    service.clock.go(901);
    let (access, refresh) = both.read(&browser).await;
    assert_eq!(access.data().grant, 2);
    assert!(access.is_dirty() && refresh.is_dirty());
    assert_ne!(refresh.token(), before.token());
    assert_eq!(refresh.snapshot().family(), before.snapshot().family());
    assert_eq!(access.snapshot().family(), before.snapshot().family());
    let browser = next(&browser, &access, &refresh);
    assert_eq!(both.read(&browser).await.0.data().grant, 2);
}

#[tokio::test]
async fn an_access_cookie_that_the_browser_forgot_is_renewed_as_well() {
    let service = Service::new();
    let both = service.both();
    let (access, refresh) = both.read(&HeaderMap::new()).await;
    both.log_in(&access, &refresh, Refresh { user: "joe".into() }).await.unwrap();
    let browser = next_request(&HeaderMap::new(), &refresh);
    let (access, _) = both.read(&browser).await;
    assert_eq!(access.data().grant, 2);
}

#[tokio::test]
async fn where_only_reading_is_possible_nothing_is_renewed_and_no_token_used_up() {
    let service = Service::new();
    let both = service.both();
    let browser = logged_in(&both).await;
    service.clock.go(901);
    let (access, refresh) = both.read_only(&browser).await;
    assert!(!access.exists() && refresh.exists() && refresh.is_read_only());
    assert_eq!(service.granted.load(Ordering::SeqCst), 1);
    assert!(renewed(&both, &browser).await.1);
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_soon_is_refused_and_ends_nothing() {
    let service = Service::new();
    let both = service.both();
    let old = logged_in(&both).await;
    service.clock.go(901);
    let (new, renewed_first) = renewed(&both, &old).await;
    assert!(renewed_first);
    service.clock.go(9);
    let (access, refresh) = both.read(&old).await;
    assert!(!access.exists() && !refresh.exists());
    assert_eq!(refresh.failure().unwrap().code(), "ERR_SESSION_USED");
    assert_eq!(access.failure().unwrap().code(), "ERR_SESSION_USED");
    assert!(!access.is_dirty() && !refresh.is_dirty());
    let error = both.refresh(&access, &refresh).await.unwrap_err();
    assert!(matches!(error, Error::Unrefreshable(Some(_))));
    let (access, refresh) = both.read(&new).await;
    assert!(access.exists() && refresh.exists());
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_later_ends_the_family() {
    let service = Service::new();
    let both = service.both();
    let old = logged_in(&both).await;
    service.clock.go(901);
    let (new, _) = renewed(&both, &old).await;
    assert!(both.read(&new).await.0.exists());
    service.clock.go(10);
    let (_, stolen) = both.read(&old).await;
    assert_eq!(stolen.failure().unwrap().code(), "ERR_SESSION_REUSED");
    assert_eq!(stolen.refused().unwrap().data().user, "joe");
    // Not only the token that came twice: the one that it was exchanged for, and what that one renewed.
    let (access, refresh) = both.read(&new).await;
    assert_eq!(access.failure().unwrap().code(), "ERR_SESSION_REVOKED");
    assert_eq!(refresh.failure().unwrap().code(), "ERR_SESSION_REVOKED");
}

#[tokio::test]
async fn a_family_that_was_ended_stays_so_for_as_long_as_its_tokens_are_good() {
    let service = Service::new();
    let both = service.both();
    let old = logged_in(&both).await;
    service.clock.go(901);
    let (new, _) = renewed(&both, &old).await;
    service.clock.go(10);
    let _stolen = both.read(&old).await;
    for _ in 0..7 * 24 * 6 + 2 {
        service.clock.go(600);
        // What may be forgotten is, when something else is revoked.
        let other = logged_in(&both).await;
        let (access, refresh) = both.read(&other).await;
        both.log_out(&access, &refresh).await.unwrap();
        assert!(!both.read(&new).await.1.exists());
    }
}

#[tokio::test]
async fn without_an_overlap_the_second_use_is_a_theft_at_once() {
    let service = Service::new();
    let both = service.of(service.access(), service.refreshing().overlap("0s")).unwrap();
    let old = logged_in(&both).await;
    service.clock.go(901);
    let (new, _) = renewed(&both, &old).await;
    assert_eq!(both.read(&old).await.1.failure().unwrap().code(), "ERR_SESSION_REUSED");
    assert!(!both.read(&new).await.1.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_requests_at_once_with_one_refresh_token_one_renews_and_none_ends_the_family() {
    let service = Service::new();
    let both = service.both();
    let browser = logged_in(&both).await;
    service.clock.go(901);
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let (both, browser) = (both.clone(), browser.clone());
            tokio::spawn(async move { renewed(&both, &browser).await })
        })
        .collect();
    let mut renewals = Vec::new();
    for request in requests {
        let (browser, there) = request.await.unwrap();
        renewals.extend(there.then_some(browser));
    }
    assert_eq!(renewals.len(), 1);
    let (access, refresh) = both.read(&renewals[0]).await;
    assert!(access.exists() && refresh.exists());
}

#[tokio::test]
async fn logging_out_ends_every_token_of_both() {
    let service = Service::new();
    let both = service.both();
    let old = logged_in(&both).await;
    service.clock.go(901);
    let (new, _) = renewed(&both, &old).await;
    let (access, refresh) = both.read(&new).await;
    both.log_out(&access, &refresh).await.unwrap();
    assert!(next(&new, &access, &refresh).is_empty());
    for browser in [&new, &old] {
        let (access, refresh) = both.read(browser).await;
        assert!(!access.exists() && !refresh.exists());
        assert_eq!(refresh.failure().unwrap().code(), "ERR_SESSION_REVOKED");
    }
}

#[tokio::test]
async fn logging_out_with_a_token_that_was_just_used_ends_the_family() {
    let service = Service::new();
    let both = service.both();
    let old = logged_in(&both).await;
    service.clock.go(901);
    let (new, _) = renewed(&both, &old).await;
    let (access, refresh) = both.read(&old).await;
    both.log_out(&access, &refresh).await.unwrap();
    assert!(!both.read(&new).await.1.exists());
}

#[tokio::test]
async fn where_the_refresh_cookie_does_not_come_logging_out_ends_the_family_by_the_other() {
    let service = Service::new();
    let both = service.both();
    let (only_access, only_refresh) = logged_in_by_halves(&both).await;
    let (access, refresh) = both.read(&only_access).await;
    both.log_out(&access, &refresh).await.unwrap();
    assert!(!both.read(&only_refresh).await.1.exists());
}

#[tokio::test]
async fn logging_in_again_ends_the_family_before() {
    let service = Service::new();
    let both = service.both();
    let old = logged_in(&both).await;
    let (access, refresh) = both.read(&old).await;
    both.log_in(&access, &refresh, Refresh { user: "jim".into() }).await.unwrap();
    let new = next(&old, &access, &refresh);
    assert_eq!(both.read(&new).await.0.data().user, "jim");
    let (access, refresh) = both.read(&old).await;
    assert!(!access.exists() && !refresh.exists());
}

#[tokio::test]
async fn what_is_not_granted_is_not_renewed_and_uses_nothing_up() {
    let service = Service::new();
    let both = service.both();
    let browser = logged_in(&both).await;
    service.clock.go(901);
    service.banned.store(true, Ordering::SeqCst);
    let (access, refresh) = both.read(&browser).await;
    assert!(!access.exists() && refresh.exists() && !refresh.is_dirty());
    assert!(matches!(both.refresh(&access, &refresh).await, Err(Error::Hook(_))));
    service.banned.store(false, Ordering::SeqCst);
    assert!(renewed(&both, &browser).await.1);
}

#[tokio::test]
async fn where_the_access_session_cannot_be_changed_no_refresh_token_is_used_up() {
    let service = Service::new();
    let both = service.both();
    let browser = logged_in(&both).await;
    let access = both.access().read_only(&browser).await;
    let refresh = both.refreshing().read(&browser).await;
    assert!(matches!(both.refresh(&access, &refresh).await, Err(Error::ReadOnly)));
    assert!(!refresh.is_dirty() && both.read(&browser).await.1.exists());
}

#[tokio::test]
async fn what_a_hook_refused_is_not_renewed() {
    struct Nobody;
    impl Hooks<Access> for Nobody {
        async fn on_read(&self, _: &Snapshot<Access>, _: &Context<'_>) -> Result<(), HookError> {
            Err(HookError::refusing("nobody"))
        }
    }
    let service = Service::new();
    let browser = logged_in(&service.both()).await;
    let access = Sessions::with_hooks(service.access(), Nobody).unwrap();
    let grant = |_| async { Ok(Access::default()) };
    let refreshing = Sessions::<Refresh>::new(service.refreshing()).unwrap();
    let both = Refresher::new(access, refreshing, grant).unwrap();
    let (access, refresh) = both.read(&browser).await;
    assert!(!access.exists() && access.failure().unwrap().refuses_request());
    assert!(refresh.exists() && !refresh.is_dirty());
}

#[tokio::test]
async fn a_grant_that_refuses_the_request_is_seen_by_who_answers_it() {
    let service = Service::new();
    let browser = logged_in(&service.both()).await;
    let access = Sessions::<Access>::new(service.access()).unwrap();
    let refreshing = Sessions::<Refresh>::new(service.refreshing()).unwrap();
    let grant = |_| async { Err::<Access, _>(HookError::refusing("banned")) };
    let both = Refresher::new(access, refreshing, grant).unwrap();
    service.clock.go(901);
    let (access, _) = both.read(&browser).await;
    assert!(access.failure().unwrap().refuses_request());
}

#[tokio::test]
async fn where_the_store_cannot_answer_the_access_session_says_so() {
    let service = Service::new();
    let store = crate::store::Flaky::new(&service.clock);
    let both = service.of(service.access(), service.refreshing().store(store.clone())).unwrap();
    let browser = logged_in(&both).await;
    let only_refresh = request("x-refresh-session", &both.read(&browser).await.1.token().unwrap());
    store.fail();
    let (access, _) = both.read(&only_refresh).await;
    let failure = access.failure().unwrap();
    assert!(failure.is_temporary() && failure.code() == "ERR_SESSION_STORE", "{failure:?}");
}

#[tokio::test]
async fn a_login_that_is_not_granted_is_none() {
    let service = Service::new();
    let both = service.both();
    service.banned.store(true, Ordering::SeqCst);
    let (access, refresh) = both.read(&HeaderMap::new()).await;
    let refused = both.log_in(&access, &refresh, Refresh { user: "joe".into() }).await;
    assert!(matches!(refused, Err(Error::Hook(_))));
    assert!(!access.exists() && !refresh.exists());
    assert!(next(&HeaderMap::new(), &access, &refresh).is_empty());
}

#[tokio::test]
async fn tokens_alone_do_without_cookies_and_requests() {
    let service = Service::new();
    let both = service.both();
    let (access, refresh) = both.read(&HeaderMap::new()).await;
    both.log_in(&access, &refresh, Refresh { user: "joe".into() }).await.unwrap();
    let token = refresh.token();
    let (access, refresh) =
        (both.access().resume(None).await, both.refreshing().resume(token.as_deref()).await);
    both.refresh(&access, &refresh).await.unwrap();
    assert_eq!(access.data().grant, 2);
    assert!(access.token().is_some() && refresh.token() != token);
}

#[tokio::test]
async fn an_access_token_is_no_refresh_token_and_the_reverse() {
    let service = Service::new();
    let same = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let refreshing = Config::new("refresh", same, BACKEND).typ("refresh+jwt").max_age("7D");
    let refreshing =
        refreshing.single_use().store(MemoryStore::new()).clock(service.clock.reader());
    let both = service.of(service.access(), refreshing).unwrap();
    let (access, refresh) = both.read(&HeaderMap::new()).await;
    both.log_in(&access, &refresh, Refresh { user: "joe".into() }).await.unwrap();
    let (access, refresh) = (access.token(), refresh.token());
    assert!(!both.refreshing().resume(access.as_deref()).await.exists());
    assert!(!both.access().resume(refresh.as_deref()).await.exists());
}

#[tokio::test]
async fn keys_of_a_ring_are_exchanged_and_nobody_is_logged_out() {
    let service = Service::new();
    let key = |kid: &str| Jwk::generate(Alg::ES256, BACKEND).unwrap().with_kid(kid);
    let ring = KeyRing::new(&key("1"), BACKEND).unwrap();
    let ring = Arc::new(std::sync::RwLock::new(ring));
    let access = Config::new("access", Keys::ring(Arc::clone(&ring)), BACKEND);
    let access =
        access.typ("access+jwt").max_age("15m").families("7D").clock(service.clock.reader());
    let both = service.of(access, service.refreshing()).unwrap();
    let browser = logged_in(&both).await;
    let retire_at = service.clock.now().saturating_add(Duration::from_secs(900));
    ring.write().unwrap().rotate(&key("2"), retire_at, BACKEND).unwrap();
    assert_eq!(both.read(&browser).await.0.data().grant, 1);
    service.clock.go(901);
    let (access, _) = both.read(&browser).await;
    assert_eq!(access.data().grant, 2);
    let token = access.token().unwrap();
    assert_eq!(Unverified::parse(&token).unwrap().protected().kid(), Some("2"));
}

#[tokio::test]
async fn two_sessions_that_could_be_taken_for_each_other_are_refused() {
    let service = Service::new();
    let refused = |access, refreshing| service.of(access, refreshing).unwrap_err();
    let same_typ = service.refreshing().typ("Access+JWT");
    assert_eq!(refused(service.access(), same_typ), ConfigError::Same);
    let same_cookie = service.refreshing().cookie(CookieOptions::new().name("access"));
    assert_eq!(refused(service.access(), same_cookie), ConfigError::Same);
    let field = HeaderField::Named("x-access-session".parse().unwrap());
    assert_eq!(refused(service.access(), service.refreshing().header(field)), ConfigError::Same);
}

#[tokio::test]
async fn two_sessions_that_cannot_renew_each_other_are_refused() {
    let service = Service::new();
    let keys = || Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let plain = |name: &str| Config::new(name, keys(), BACKEND).typ(format!("{name}+jwt"));
    let refused = |access, refreshing| service.of(access, refreshing).unwrap_err();
    assert_eq!(
        refused(plain("access").max_age("15m"), service.refreshing()),
        ConfigError::NoFamilies
    );
    assert_eq!(
        refused(service.access(), plain("refresh").max_age("7D")),
        ConfigError::NotSingleUse
    );
    assert_eq!(refused(plain("access").families("7D"), service.refreshing()), ConfigError::Ages);
    assert_eq!(refused(service.access().max_age("7D"), service.refreshing()), ConfigError::Ages);
}

#[tokio::test]
async fn where_there_are_families_the_data_have_no_sid() {
    #[derive(Clone, Default, Deserialize, Serialize)]
    struct Own {
        #[serde(default)]
        sid: String,
    }
    let service = Service::new();
    let families = Sessions::<Own>::new(service.access()).unwrap();
    let refused = families.seal(Own { sid: "mine".into() }).await;
    assert!(matches!(refused, Err(Error::Member { name: "sid", .. })));
    let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let without = Sessions::<Own>::new(Config::new("own", keys, BACKEND)).unwrap();
    let token = without.seal(Own { sid: "mine".into() }).await.unwrap();
    let opened = without.open(token.token().unwrap()).await.unwrap();
    assert_eq!((opened.data().sid.as_str(), opened.family()), ("mine", None));
}

#[tokio::test]
async fn a_token_without_a_family_is_none_where_there_are_families() {
    let service = Service::new();
    let keys = Keys::from_jwk(&hs256(), BACKEND).unwrap();
    let without = Config::new("access", keys, BACKEND).typ("access+jwt").max_age("15m");
    let without = Sessions::<Access>::new(without.clock(service.clock.reader())).unwrap();
    let token = without.seal(Access::default()).await.unwrap();
    let request = request("x-access-session", token.token().unwrap());
    let (access, _) = service.both().read(&request).await;
    assert!(!access.exists());
    assert_eq!(access.failure().unwrap().code(), "ERR_JWT_CLAIM_MISSING");
}

#[tokio::test]
async fn a_login_that_was_ended_by_its_access_token_stays_ended() {
    let service = Service::new();
    let both = service.both();
    let (only_access, only_refresh) = logged_in_by_halves(&both).await;
    let (access, refresh) = both.read(&only_access).await;
    both.log_out(&access, &refresh).await.unwrap();
    for _ in 0..7 * 24 * 2 + 2 {
        service.clock.go(1800);
        let (access, refresh) = both.read(&logged_in(&both).await).await;
        both.log_out(&access, &refresh).await.unwrap();
        assert!(!both.read(&only_refresh).await.1.exists());
    }
}

#[tokio::test]
async fn an_access_token_that_is_over_is_enough_to_log_out() {
    let service = Service::new();
    let both = service.both();
    let (only_access, only_refresh) = logged_in_by_halves(&both).await;
    service.clock.go(901);
    let (access, refresh) = both.read(&only_access).await;
    both.log_out(&access, &refresh).await.unwrap();
    assert!(!both.read(&only_refresh).await.1.exists());
}

#[tokio::test]
async fn logging_in_again_ends_the_family_before_though_only_the_access_token_came() {
    let service = Service::new();
    let both = service.both();
    let (only_access, only_refresh) = logged_in_by_halves(&both).await;
    let (access, refresh) = both.read(&only_access).await;
    both.log_in(&access, &refresh, Refresh { user: "jim".into() }).await.unwrap();
    assert!(!both.read(&only_refresh).await.1.exists());
}

#[tokio::test]
async fn a_login_that_fails_leaves_nobody_logged_in_whatever_the_store_says() {
    let service = Service::new();
    let store = crate::store::Flaky::new(&service.clock);
    let refreshing = service.refreshing().store(store.clone());
    let fails = store.clone();
    let grant = move |_| {
        fails.fail();
        async { Err::<Access, _>(HookError::new("banned")) }
    };
    let both = Refresher::new(
        Sessions::new(service.access()).unwrap(),
        Sessions::<Refresh>::new(refreshing).unwrap(),
        grant,
    );
    let both = both.unwrap();
    let (access, refresh) = both.read(&HeaderMap::new()).await;
    let refused = both.log_in(&access, &refresh, Refresh { user: "joe".into() }).await;
    assert!(matches!(refused, Err(Error::Hook(_))));
    assert!(next(&HeaderMap::new(), &access, &refresh).is_empty());
}

#[tokio::test]
async fn what_is_renewed_is_shown_to_the_hook_before_a_token_is_used_up() {
    struct NotJoe;
    impl Hooks<Access> for NotJoe {
        async fn on_read(
            &self,
            access: &Snapshot<Access>,
            _: &Context<'_>,
        ) -> Result<(), HookError> {
            if access.data().user == "joe" { Err(HookError::refusing("joe")) } else { Ok(()) }
        }
    }
    let service = Service::new();
    let (access, refresh) = service.both().read(&logged_in(&service.both()).await).await;
    assert!(access.exists());
    let only_refresh = request("x-refresh-session", &refresh.token().unwrap());
    let grant = |refresh: Snapshot<Refresh>| async move {
        Ok(Access { user: refresh.data().user.clone(), grant: 0 })
    };
    let access = Sessions::with_hooks(service.access(), NotJoe).unwrap();
    let refreshing = Sessions::<Refresh>::new(service.refreshing()).unwrap();
    let both = Refresher::new(access, refreshing, grant).unwrap();
    let (access, refresh) = both.read(&only_refresh).await;
    assert!(!access.exists() && access.failure().unwrap().refuses_request());
    assert!(refresh.exists() && !refresh.is_dirty());
}

#[tokio::test]
async fn a_renewal_beside_a_logout_does_not_undo_it() {
    let service = Service::new();
    let both = service.both();
    let (access, refresh) = both.read(&logged_in(&both).await).await;
    both.log_out(&access, &refresh).await.unwrap();
    let renewed = both.refresh(&access, &refresh).await;
    assert!(matches!(renewed, Err(Error::Unrefreshable(_))));
    assert!(!access.exists() && !refresh.exists());
}

#[tokio::test]
async fn typs_that_are_one_media_type_are_one() {
    let service = Service::new();
    let long = service.refreshing().typ("application/Access+jwt");
    assert_eq!(service.of(service.access(), long).unwrap_err(), ConfigError::Same);
}

#[tokio::test]
async fn families_that_are_forgotten_too_soon_are_refused() {
    let service = Service::new();
    let short = service.access().families("1D");
    assert_eq!(service.of(short, service.refreshing()).unwrap_err(), ConfigError::Ages);
    let shorter = service.access().families("1m");
    assert_eq!(Sessions::<Access>::new(shorter).unwrap_err(), ConfigError::Ages);
}
