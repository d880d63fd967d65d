//! What is kept: over restarts, kills and rotations, and from whom.

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use jose::{Alg, Jwk, JwkSet, RUSTCRYPTO};

use crate::process::{Data, Service, answer, head, post};

fn record(user_id: i64) -> String {
    format!(r#"{{"user_id":{user_id},"ssn":"078-05-1120","credit_card":"4111111111111111"}}"#)
}

fn column(data: &Data, query: &str) -> Vec<String> {
    let database = data.database();
    let mut statement = database.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_record_survives_restarts_and_rotations() {
    let data = Data::new();
    let service = data.start();
    for user_id in 1..=3 {
        assert_eq!(service.post("/encrypt-user-data", &record(user_id)).status, 200);
    }
    assert_eq!(service.post("/create-session", r#"{"user_id":42,"role":"admin"}"#).status, 200);
    service.kill();
    let contents = || {
        [
            column(&data, "SELECT encrypted_token FROM encrypted_data ORDER BY id"),
            column(&data, "SELECT encryption_key FROM key_vault ORDER BY id"),
        ]
    };
    for round in 1..=3 {
        let before = contents();
        // One time while it runs, and what it keeps meanwhile is under the keys that it knows.
        let running = (round == 2).then(|| data.start());
        let rotated = data.run(&["--rotate"]);
        assert!(rotated.status.success(), "{rotated:?}");
        for (before, after) in before.iter().flatten().zip(contents().iter().flatten()) {
            assert_ne!(before, after);
        }
        if let Some(service) = running {
            assert_eq!(service.post("/encrypt-user-data", &record(10)).status, 200);
            assert_eq!(data.show(10), Some(record(10)));
        }
        for user_id in 1..=3 {
            assert_eq!(data.show(user_id), Some(record(user_id)), "{round}");
        }
        let service = data.start();
        let user_id = 10 + round;
        assert_eq!(service.post("/encrypt-user-data", &record(user_id)).status, 200);
        assert_eq!(data.show(user_id), Some(record(user_id)));
    }
    let set = fs::read(data.path.join("master-keys.json")).unwrap();
    assert_eq!(JwkSet::from_json(set).unwrap().len(), 4);
    assert_eq!(data.orphans(), 0);
}

#[test]
fn killed_between_the_two_writes_it_loses_nothing_and_leaves_no_orphan() {
    let data = Data::new();
    let service = data.start();
    assert_eq!(service.post("/encrypt-user-data", &record(1)).status, 200);
    service.kill();
    for (target, body) in [
        ("/encrypt-user-data", record(2)),
        ("/create-session", r#"{"user_id":42,"role":"admin"}"#.to_owned()),
    ] {
        let mut command = data.command();
        let mut service = Service::start(command.env("XANO_SERVICE_STOP_BETWEEN_WRITES", "1"));
        let address = service.address.clone();
        let request = thread::spawn(move || post(&address, target, &body));
        let mut line = String::new();
        while line.trim() != "between the writes" {
            line.clear();
            assert_ne!(service.told.read_line(&mut line).unwrap(), 0, "{target}");
        }
        service.kill();
        assert!(request.join().unwrap().is_none(), "nothing was promised");
        assert_eq!((data.rows(), data.orphans()), ([1, 0, 1], 0), "{target}");
    }
    let service = data.start();
    assert_eq!((data.show(1), data.show(2)), (Some(record(1)), None));
    assert_eq!(service.post("/encrypt-user-data", &record(2)).status, 200);
    assert_eq!((data.rows(), data.orphans()), ([2, 0, 2], 0));
}

#[test]
fn killed_under_load_it_has_what_it_promised() {
    let data = Data::new();
    let promised: Mutex<Vec<(i64, i64)>> = Mutex::default();
    for round in 0..5_u8 {
        let service = data.start();
        let address = &service.address.clone();
        thread::scope(|scope| {
            for writer in 0..4 {
                let promised = &promised;
                scope.spawn(move || {
                    for number in 0.. {
                        let user_id =
                            1 + number + 1_000_000 * writer + 10_000_000 * i64::from(round);
                        let answer = post(address, "/encrypt-user-data", &record(user_id));
                        let Some(answer) = answer.filter(|answer| answer.status == 200) else {
                            return;
                        };
                        let id = answer.json()["record_id"].as_i64().unwrap();
                        promised.lock().unwrap().push((id, user_id));
                    }
                });
            }
            // A different place each time.
            thread::sleep(Duration::from_millis(150 + 37 * u64::from(round)));
            service.kill();
        });
        let promised = promised.lock().unwrap();
        assert!(promised.len() > usize::from(round), "{} were written", promised.len());
        let database = data.database();
        for (id, user_id) in &*promised {
            let kept: i64 = database
                .query_row("SELECT user_id FROM encrypted_data WHERE id = ?1", [id], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(kept, *user_id);
        }
        assert_eq!(data.orphans(), 0);
        assert_eq!(data.count("key_vault"), data.count("encrypted_data"));
        let (_, last) = promised.last().unwrap();
        assert_eq!(data.show(*last), Some(record(*last)));
    }
}

#[test]
fn nothing_that_is_kept_can_be_read_without_the_master_key() {
    let data = Data::new();
    let service = data.start();
    service.post("/encrypt-user-data", &record(7));
    service.post("/create-session", r#"{"user_id":42,"role":"admin"}"#);
    let mut seen = 0;
    for entry in fs::read_dir(&data.path).unwrap() {
        let path = entry.unwrap().path();
        let octets = fs::read(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
        if path.file_name().unwrap() == "master-keys.json" {
            continue;
        }
        seen += octets.len();
        // `{"kty":` in the three places that it can have in base64, and in the clear.
        for secret in ["078-05", "4111111", "\"kty\"", "eyJrdHki", "Imt0eSI6", "J7Imt0eSI"] {
            let found = octets.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
    assert!(seen > 4096);
}

#[test]
fn without_its_master_key_it_does_not_start() {
    let data = Data::new();
    let service = data.start();
    service.post("/encrypt-user-data", &record(7));
    service.kill();
    let path = data.path.join("master-keys.json");
    let kept = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let failed = data.run(&["--listen", "127.0.0.1:0"]);
    assert!(!failed.status.success());
    assert!(String::from_utf8(failed.stderr).unwrap().contains("is missing"));
    assert!(!path.exists(), "a new one would be no replacement");
    fs::write(&path, &kept).unwrap();
    assert_eq!(data.show(7), Some(record(7)));

    // Another one, from the environment, opens nothing.
    let set = JwkSet::new([Jwk::generate(Alg::A256GCMKW, RUSTCRYPTO).unwrap()]);
    let set = set.expose_secret_json().expose_secret_text().unwrap().to_owned();
    let other = data.command().args(["--show", "7"]).env("XANO_SERVICE_MASTER_KEYS", &set).output();
    assert!(!other.unwrap().status.success());
    // Put before the old one, it takes over.
    let both = set.replace(
        "]}",
        &format!(",{}", std::str::from_utf8(&kept).unwrap().split_once('[').unwrap().1),
    );
    let with = |arguments: &[&str], set: &str| {
        data.command().args(arguments).env("XANO_SERVICE_MASTER_KEYS", set).output().unwrap()
    };
    assert!(with(&["--rotate"], &both).status.success());
    assert!(with(&["--show", "7"], &set).status.success());
    assert!(data.show(7).is_none());

    for wrong in [
        "",
        "{}",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","kid":"a","alg":"A256GCMKW","k":"AAAA"}]}"#,
    ] {
        assert!(!with(&["--show", "7"], wrong).status.success(), "{wrong}");
    }
    assert!(!data.run(&["--listen", "0.0.0.0:0"]).status.success(), "of this machine alone");
    assert!(!data.run(&["--help-me"]).status.success());
}

#[test]
fn told_to_stop_it_answers_what_has_begun() {
    let data = Data::new();
    let service = data.start();
    let mut stream = TcpStream::connect(&service.address).unwrap();
    let json = ["content-type: application/json"];
    let body = record(7);
    let head = head(&service.address, "POST", "/encrypt-user-data", &json, body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body.as_bytes()[..10]).unwrap();
    thread::sleep(Duration::from_millis(300));
    service.terminate();
    thread::sleep(Duration::from_millis(300));
    assert!(TcpStream::connect(&service.address).is_err(), "nothing new is taken");
    stream.write_all(&body.as_bytes()[10..]).unwrap();
    assert_eq!(answer(stream).unwrap().body, r#"{"stored":true,"record_id":1}"#);
    let (orderly, told) = service.ended();
    assert!(orderly && told.ends_with("stopped\n"), "{told}");
    assert_eq!(data.show(7), Some(record(7)));
}
