//! A browser that does at random what browsers and thieves do, and knows what it may be answered.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jose_session::{Error, Session};
use tokio::task::JoinSet;

use crate::machines::{Access, Machine, Refresh, START, TIME};

/// What all browsers share: the machines, the tokens that renewed something, and a count of what happened.
pub struct World {
    pub machines: Vec<Machine>,
    /// Those for the time after the faults, which wait for long.
    pub calm: Vec<Machine>,
    renewed: Mutex<HashSet<String>>,
    pub counts: Counts,
}

#[derive(Debug, Default)]
pub struct Counts {
    pub renewed: AtomicU64,
    pub ended: AtomicU64,
    pub reused: AtomicU64,
    pub used: AtomicU64,
    pub failed: AtomicU64,
    pub kept: AtomicU64,
}

impl World {
    pub fn new(machines: Vec<Machine>, calm: Vec<Machine>) -> Arc<Self> {
        let (renewed, counts) = (Mutex::default(), Counts::default());
        Arc::new(Self { machines, calm, renewed, counts })
    }
}

pub struct Browser {
    world: Arc<World>,
    random: fastrand::Rng,
    name: String,
    is_calm: bool,
    logins: u32,
    login: Option<Login>,
    /// Tokens that were acknowledged to be revoked: access tokens, and those that refresh.
    dead: [Vec<String>; 2],
    /// What was done, for whoever reads of a failure.
    story: String,
}

struct Login {
    user: String,
    access: String,
    refresh: String,
    count: u64,
    /// Every access token of it, and every other refresh token.
    accesses: Vec<String>,
    refreshes: Vec<(String, u64)>,
    /// The answer to a renewal with `refresh` was lost.
    is_refresh_in_doubt: bool,
    /// The answer to something that ends it was lost.
    is_in_doubt: bool,
}

impl Login {
    /// Its refresh token was exchanged.
    fn put(&mut self, access: Option<String>, refresh: String) {
        let before = std::mem::replace(&mut self.refresh, refresh);
        self.refreshes.push((before, time()));
        self.is_refresh_in_doubt = false;
        if let Some(access) = access {
            self.accesses.push(access.clone());
            (self.access, self.count) = (access, 0);
        }
    }
}

/// What became of a renewal.
enum Renewal {
    Done { access: Option<String>, refresh: String },
    Failed,
    Reused,
    Revoked,
    Used,
}

impl Browser {
    pub fn new(world: &Arc<World>, seed: u64, index: u64) -> Self {
        Self {
            world: Arc::clone(world),
            random: fastrand::Rng::with_seed(seed.wrapping_add(index.wrapping_mul(0x9e37_79b9))),
            name: format!("seed {seed}, browser {index}"),
            is_calm: false,
            logins: 0,
            login: None,
            dead: Default::default(),
            story: String::new(),
        }
    }

    /// Does so many things, in a time of its own.
    pub async fn run(mut self, steps: u32) -> Self {
        for _ in 0..steps {
            self.step().await;
        }
        self
    }

    async fn step(&mut self) {
        let seconds = self.random.u64(0..5);
        go(seconds);
        let Some(login) = self.login.take() else {
            if self.random.u8(..4) == 0 {
                return self.try_dead().await;
            }
            return self.log_in().await;
        };
        self.login = match self.random.u8(..16) {
            0..4 => self.read(login).await,
            4..6 => self.update(login).await,
            6..9 => self.refresh(login, 1).await,
            9..12 => {
                let times = self.random.usize(2..5);
                self.refresh(login, times).await
            }
            12 => self.log_out(login, false).await,
            13 => self.log_out(login, true).await,
            14 => self.steal(login).await,
            _ => {
                self.try_dead().await;
                Some(login)
            }
        };
    }

    /// What has to hold when nothing fails any more.
    pub async fn finish(mut self) {
        self.is_calm = true;
        if let Some(login) = self.login.take() {
            let (in_doubt, refresh_in_doubt) = (login.is_in_doubt, login.is_refresh_in_doubt);
            let login = self.read(login).await;
            let login = match login {
                Some(login) => self.refresh(login, 1).await,
                None => None,
            };
            match login {
                Some(login) => {
                    // A renewal is the answer that there is no doubt.
                    self.check(!login.is_refresh_in_doubt || refresh_in_doubt, "renewal failed");
                    self.world.counts.kept.fetch_add(1, Ordering::SeqCst);
                    let login = self.read(login).await;
                    self.check(login.is_some() || in_doubt, "what was renewed is not there");
                    self.login = login;
                }
                None => {
                    self.check(in_doubt || refresh_in_doubt, "who was logged in is not any more");
                }
            }
        }
        for kind in 0..2 {
            for index in 0..self.dead[kind].len() {
                self.is_refused(kind, index).await;
            }
        }
    }

    async fn log_in(&mut self) {
        self.logins += 1;
        let user = format!("{}, login {}", self.name, self.logins);
        let machine = self.machine();
        let access = machine.access().resume(None).await;
        let refresh = machine.refreshing().resume(None).await;
        // Nothing is revoked, so that no store is asked.
        machine.log_in(&access, &refresh, Refresh { user: user.clone() }).await.unwrap();
        let (access, refresh) = (access.token().unwrap(), refresh.token().unwrap());
        self.tell(format_args!("logged in"));
        self.login = Some(Login {
            user,
            accesses: vec![access.clone()],
            access,
            refresh,
            count: 0,
            refreshes: Vec::new(),
            is_refresh_in_doubt: false,
            is_in_doubt: false,
        });
    }

    async fn read(&mut self, login: Login) -> Option<Login> {
        // An access token expires, and is renewed by what comes later.
        let session = self.machine().access().resume(Some(&login.access)).await;
        self.look_at(login, &session)
    }

    fn look_at(&mut self, login: Login, session: &Session<Access>) -> Option<Login> {
        let Some(failure) = session.failure() else {
            self.check(session.exists(), "no session and no failure");
            let expected = Access { user: login.user.clone(), count: login.count };
            self.check(*session.data() == expected, "other data than were put in");
            return Some(login);
        };
        self.check(!session.exists() && *session.data() == Access::default(), "data of a refused");
        match &*failure {
            Error::Store(_) => self.count_failure(),
            Error::Expired(_) => {}
            Error::Revoked if login.is_in_doubt => {
                self.tell(format_args!("read: ended after all"));
                return self.bury(login);
            }
            other => self.fail(&format!("read: {other:?}")),
        }
        Some(login)
    }

    async fn update(&mut self, mut login: Login) -> Option<Login> {
        let session = self.machine().access().resume(Some(&login.access)).await;
        if session.exists() {
            if let Err(error) = session.update(|data| data.count += 1).await {
                self.fail(&format!("update: {error:?}"));
            }
            login.count += 1;
            login.access = session.token().unwrap();
            login.accesses.push(login.access.clone());
        }
        self.look_at(login, &session)
    }

    /// So many requests at once with one refresh token.
    async fn refresh(&mut self, mut login: Login, times: usize) -> Option<Login> {
        let renewals = self.renew_at_once(&login, times).await;
        let (mut done, mut failed, mut used) = (None, 0, 0);
        let mut is_over = false;
        for renewal in renewals {
            match renewal {
                Renewal::Done { access, refresh } => {
                    self.check(done.is_none(), "a refresh token was accepted twice");
                    done = Some((access, refresh));
                }
                Renewal::Failed => failed += 1,
                Renewal::Used => used += 1,
                // In doubt alone: nobody waited between these.
                Renewal::Reused => {
                    self.check(login.is_refresh_in_doubt, "a token is told to be used twice");
                    is_over = true;
                }
                Renewal::Revoked => {
                    let is_in_doubt = login.is_in_doubt || login.is_refresh_in_doubt;
                    self.check(is_in_doubt, "a renewal is told that the session was ended");
                    is_over = true;
                }
            }
        }
        self.tell(format_args!("renewed {times}: {} {failed} {used}", u8::from(done.is_some())));
        self.world.counts.failed.fetch_add(failed, Ordering::SeqCst);
        self.world.counts.used.fetch_add(used, Ordering::SeqCst);
        if is_over {
            self.check(done.is_none() || login.is_in_doubt, "renewed and over");
            if let Some((access, refresh)) = done {
                login.accesses.extend(access);
                login.refreshes.push((refresh, time()));
            }
            return self.bury(login);
        }
        // What came again after a while is a theft, and ends the session before that is told.
        login.is_in_doubt |= login.is_refresh_in_doubt && failed > 0;
        let was_in_doubt = login.is_refresh_in_doubt || failed > 0;
        self.check(used == 0 || done.is_some() || was_in_doubt, "used, and by nobody");
        if let Some((access, refresh)) = done {
            login.put(access, refresh);
        } else {
            self.check(failed > 0 || was_in_doubt, "nobody renewed");
            login.is_refresh_in_doubt = true;
        }
        Some(login)
    }

    async fn renew_at_once(&mut self, login: &Login, times: usize) -> Vec<Renewal> {
        let mut requests = JoinSet::new();
        for _ in 0..times {
            let (world, machine) = (Arc::clone(&self.world), self.machine());
            let (access, refresh) = (login.access.clone(), login.refresh.clone());
            let user = login.user.clone();
            let time = TIME.get();
            requests.spawn(TIME.scope(time, async move {
                renew(&world, &machine, &user, &access, &refresh).await
            }));
        }
        requests.join_all().await
    }

    /// With `at_once`, while the session is renewed.
    async fn log_out(&mut self, mut login: Login, at_once: bool) -> Option<Login> {
        let machine = self.machine();
        let access = machine.access().resume(Some(&login.access)).await;
        let refresh = machine.refreshing().resume(Some(&login.refresh)).await;
        let (ended, renewals) = if at_once {
            tokio::join!(machine.log_out(&access, &refresh), self.renew_at_once(&login, 2))
        } else {
            (machine.log_out(&access, &refresh).await, Vec::new())
        };
        let (mut done, mut in_doubt) = (None, false);
        for renewal in renewals {
            match renewal {
                Renewal::Done { access, refresh } => {
                    self.check(done.is_none(), "a refresh token was accepted twice");
                    done = Some((access, refresh));
                }
                _ => in_doubt = true,
            }
        }
        if let Some((access, refresh)) = done {
            login.put(access, refresh);
        } else {
            login.is_in_doubt |= login.is_refresh_in_doubt && in_doubt;
            login.is_refresh_in_doubt |= in_doubt;
        }
        if ended.is_ok() {
            self.tell(format_args!("logged out"));
            self.world.counts.ended.fetch_add(1, Ordering::SeqCst);
            return self.bury(login);
        }
        self.count_failure();
        login.is_in_doubt = true;
        Some(login)
    }

    /// Somebody has a refresh token that was used, and comes with it now or later.
    async fn steal(&mut self, mut login: Login) -> Option<Login> {
        if login.refreshes.is_empty() {
            return Some(login);
        }
        let (token, at) = login.refreshes[self.random.usize(..login.refreshes.len())].clone();
        if self.random.bool() {
            go(10);
        }
        let is_late = time() >= at + 10;
        let session = self.machine().refreshing().resume(Some(&token)).await;
        self.check(!session.exists(), "a token that was used is accepted");
        let failure = session.failure().unwrap();
        self.tell(format_args!("stolen, late {is_late}: {}", failure.code()));
        match &*failure {
            Error::Used if !is_late => {}
            Error::Reused if is_late => {
                self.world.counts.reused.fetch_add(1, Ordering::SeqCst);
                return self.bury(login);
            }
            Error::Revoked if login.is_in_doubt || login.is_refresh_in_doubt => {
                return self.bury(login);
            }
            Error::Store(_) => {
                self.count_failure();
                login.is_in_doubt |= is_late;
            }
            other => self.fail(&format!("stolen, late {is_late}: {other:?}")),
        }
        Some(login)
    }

    /// Its end was acknowledged.
    fn bury(&mut self, login: Login) -> Option<Login> {
        let [accesses, refreshes] = &mut self.dead;
        accesses.extend(login.accesses);
        refreshes.extend(login.refreshes.into_iter().map(|(token, _)| token));
        refreshes.push(login.refresh);
        None
    }

    async fn try_dead(&mut self) {
        let kind = self.random.usize(..2);
        if !self.dead[kind].is_empty() {
            let index = self.random.usize(..self.dead[kind].len());
            self.is_refused(kind, index).await;
        }
    }

    async fn is_refused(&mut self, kind: usize, index: usize) {
        let machine = self.machine();
        let token = &self.dead[kind][index];
        let (exists, failure) = if kind == 0 {
            let session = machine.access().resume(Some(token)).await;
            (session.exists(), session.failure())
        } else {
            let session = machine.refreshing().resume(Some(token)).await;
            (session.exists(), session.failure())
        };
        self.check(!exists, "a token of a session that was ended is accepted");
        match &*failure.unwrap() {
            Error::Store(_) => self.count_failure(),
            Error::Expired(_) | Error::Revoked => {}
            other => self.fail(&format!("of a session that was ended: {other:?}")),
        }
    }

    fn machine(&mut self) -> Machine {
        let machines = if self.is_calm { &self.world.calm } else { &self.world.machines };
        machines[self.random.usize(..machines.len())].clone()
    }

    fn count_failure(&self) {
        self.world.counts.failed.fetch_add(1, Ordering::SeqCst);
    }

    fn tell(&mut self, what: std::fmt::Arguments<'_>) {
        let time = time() - START;
        writeln!(self.story, "{time:>6} {what}").unwrap();
    }

    fn check(&self, holds: bool, what: &str) {
        if !holds {
            self.fail(what);
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{}: {what}\n{}", self.name, self.story)
    }
}

fn time() -> u64 {
    TIME.with(|time| time.load(Ordering::SeqCst))
}

fn go(seconds: u64) {
    TIME.with(|time| time.fetch_add(seconds, Ordering::SeqCst));
}

async fn renew(
    world: &World,
    machine: &Machine,
    user: &str,
    access: &str,
    refresh: &str,
) -> Renewal {
    let old = refresh.to_owned();
    let access = machine.access().resume(Some(access)).await;
    let refresh = machine.refreshing().resume(Some(refresh)).await;
    assert!(!refresh.exists() || refresh.data().user == user, "data of somebody else");
    let renewed = machine.refresh(&access, &refresh).await;
    // The token counts, and not what is said of both sessions: an access session that could not be read is not replaced.
    if let Some(new) = refresh.token().filter(|new| *new != old) {
        assert!(world.renewed.lock().unwrap().insert(old), "{user}: a token was accepted twice");
        world.counts.renewed.fetch_add(1, Ordering::SeqCst);
        assert_eq!(refresh.data().user, user);
        if renewed.is_ok() {
            assert_eq!(access.data().user, user);
        }
        return Renewal::Done {
            access: renewed.is_ok().then(|| access.token().unwrap()),
            refresh: new,
        };
    }
    let error = renewed.unwrap_err();
    let why = match &error {
        Error::Unrefreshable(Some(why)) => why,
        other => other,
    };
    match why {
        Error::Reused => Renewal::Reused,
        Error::Revoked => Renewal::Revoked,
        Error::Used => Renewal::Used,
        Error::Store(_) | Error::Unread(_) => Renewal::Failed,
        other => panic!("{user}: {other:?}"),
    }
}
