//! Many sessions at once, on several machines, while the store fails. No timing is asserted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::browser::{Browser, World};
use crate::machines::{Faulty, Machine, Refresh, START, TIME, machines};
use crate::server::Server;

const BROWSERS: u64 = 200;
const STEPS: u32 = 30;

/// `JOSE_SEED` repeats what the browsers do, though not in which order the machines get to it.
#[expect(clippy::disallowed_methods, reason = "it is the test that is told, and not the library")]
fn seed() -> u64 {
    let seed = std::env::var("JOSE_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("JOSE_SEED={seed}");
    seed
}

async fn run(world: &Arc<World>, seed: u64) -> Vec<(Arc<AtomicU64>, Browser)> {
    let mut tasks = JoinSet::new();
    for index in 0..BROWSERS {
        let browser = Browser::new(world, seed, index);
        let time = Arc::new(AtomicU64::new(START));
        tasks.spawn(async move {
            let browser = TIME.scope(Arc::clone(&time), browser.run(STEPS)).await;
            (time, browser)
        });
    }
    tasks.join_all().await
}

async fn finish(world: &Arc<World>, browsers: Vec<(Arc<AtomicU64>, Browser)>) {
    let failed = world.counts.failed.load(Ordering::SeqCst);
    let mut tasks = JoinSet::new();
    for (time, browser) in browsers {
        tasks.spawn(TIME.scope(time, browser.finish()));
    }
    tasks.join_all().await;
    println!("{:?}", world.counts);
    let counts = &world.counts;
    assert_eq!(counts.failed.load(Ordering::SeqCst), failed, "something failed after the faults");
    for count in [&counts.renewed, &counts.ended, &counts.reused, &counts.used, &counts.kept] {
        assert!(count.load(Ordering::SeqCst) > 0, "{counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_survive_a_store_that_refuses_and_loses_answers() {
    let seed = seed();
    let store = Faulty::new(seed);
    let machines = machines(&vec![store.clone(); 4]);
    let world = World::new(machines.clone(), machines);
    let browsers = run(&world, seed).await;
    assert!(world.counts.failed.load(Ordering::SeqCst) > 0);
    store.recover();
    // What was to be done later is done by then, or is as if it had been.
    tokio::time::sleep(Duration::from_millis(50)).await;
    finish(&world, browsers).await;
}

/// A world of this server, whose machines have a connection each.
async fn of(server: &Server) -> Arc<World> {
    let mut stores = Vec::new();
    for index in 0..6 {
        let timeout = if index < 4 { 100 } else { 60_000 };
        stores.push(server.store("load:").await.timeout(Duration::from_millis(timeout)));
    }
    let mut machines = machines(&stores);
    let calm = machines.split_off(4);
    World::new(machines, calm)
}

/// Does `harm` to a server again and again while browsers are at work, and hands it back in good health.
async fn under(mut server: Server, harm: fn(&mut Server, &mut fastrand::Rng)) {
    let seed = seed();
    let world = of(&server).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_over);
    let thread = thread::spawn(move || {
        let mut random = fastrand::Rng::with_seed(seed);
        while !flag.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(random.u64(1..150)));
            harm(&mut server, &mut random);
        }
        server
    });
    let mut harmed = Harmed { is_over, thread: Some(thread) };
    let browsers = run(&world, seed).await;
    let server = harmed.end();
    assert!(world.counts.failed.load(Ordering::SeqCst) > 0, "{:?}", world.counts);
    for machine in &world.calm {
        // Each connection has to find out by itself that it was cut.
        while machine.refreshing().resume(Some(&ticket(machine).await)).await.failure().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    finish(&world, browsers).await;
    drop(server);
}

/// A server that is harmed until this is dropped, so that one of a test that panics ends too.
struct Harmed {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Server>>,
}

impl Harmed {
    fn end(&mut self) -> Option<Server> {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.take().and_then(|thread| thread.join().ok())
    }
}

impl Drop for Harmed {
    fn drop(&mut self) {
        drop(self.end());
    }
}

/// A token that nobody revoked.
async fn ticket(machine: &Machine) -> String {
    machine.refreshing().seal(Refresh::default()).await.unwrap().token().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_survive_a_redis_whose_connections_are_cut_and_which_hangs() {
    let harm = |server: &mut Server, random: &mut fastrand::Rng| {
        if random.bool() {
            let _killed: i64 = server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
        } else {
            server.stop();
            thread::sleep(Duration::from_millis(random.u64(20..300)));
            server.go_on();
        }
    };
    under(Server::start(), harm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_survive_a_redis_that_is_killed_and_has_on_the_disk_what_it_acknowledged() {
    let harm = |server: &mut Server, random: &mut fastrand::Rng| {
        // With time between, in which something succeeds.
        thread::sleep(Duration::from_millis(random.u64(100..300)));
        server.kill();
        thread::sleep(Duration::from_millis(random.u64(1..50)));
        server.begin();
    };
    under(Server::lasting(), harm).await;
}

/// What the documentation says of two requests that change one session: nothing is refused, and one is lost.
#[tokio::test]
async fn of_two_updates_of_one_cookie_the_last_answer_wins() {
    let server = Server::start();
    let machines = machines(&[server.store("s:").await, server.store("s:").await]);
    let first = machines[0].access().resume(None).await;
    first.update(|data| data.user = "joe".into()).await.unwrap();
    let token = first.token().unwrap();
    let [one, other] = [
        machines[0].access().resume(Some(&token)).await,
        machines[1].access().resume(Some(&token)).await,
    ];
    one.update(|data| data.count += 1).await.unwrap();
    other.update(|data| data.count += 10).await.unwrap();
    // The browser has the cookie of the answer that came last. The other token is as good, and nobody has it.
    for (session, count) in [(one, 1), (other, 10)] {
        let read = machines[0].access().resume(Some(&session.token().unwrap())).await;
        assert_eq!((read.data().user.as_str(), read.data().count), ("joe", count));
    }
}
