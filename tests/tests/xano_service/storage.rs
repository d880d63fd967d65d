//! What is kept: over restarts, kills and rotations, and from whom.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use jose::{Alg, EncryptionKey, Jwk, JwkSet, RUSTCRYPTO};

use crate::process::{Data, answer, head, post};

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
        // One time while it runs: what it keeps from then on is under the new key too.
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
        assert_eq!(masters(&data).len(), 1, "nothing is under the others");
        for user_id in 1..=3 {
            assert_eq!(data.show(user_id), Some(record(user_id)), "{round}");
        }
        let service = data.start();
        let user_id = 10 + round;
        assert_eq!(service.post("/encrypt-user-data", &record(user_id)).status, 200);
        assert_eq!(data.show(user_id), Some(record(user_id)));
    }
    assert_eq!(data.orphans(), 0);
}

fn masters(data: &Data) -> JwkSet {
    JwkSet::from_json(fs::read(data.path.join("master-keys.json")).unwrap()).unwrap()
}

fn set_masters(data: &Data, keys: impl IntoIterator<Item = Jwk>) {
    let set: JwkSet = keys.into_iter().collect();
    let json = set.expose_secret_json();
    fs::write(data.path.join("master-keys.json"), json.expose_secret()).unwrap();
}

fn new_master() -> Jwk {
    Jwk::generate(Alg::A256GCMKW, RUSTCRYPTO).unwrap()
}

#[test]
fn after_a_rotation_nothing_of_what_was_there_before_is_on_the_disk() {
    let data = Data::new();
    let service = data.start();
    for user_id in 1..=20 {
        assert_eq!(service.post("/encrypt-user-data", &record(user_id)).status, 200);
    }
    let mut before = column(&data, "SELECT encrypted_token FROM encrypted_data");
    before.extend(column(&data, "SELECT encryption_key FROM key_vault"));
    let there = |text: &String| {
        fs::read_dir(&data.path).unwrap().any(|entry| {
            let octets = fs::read(entry.unwrap().path()).unwrap();
            // A page may have the rest of it.
            let part = &text.as_bytes()[text.len() / 2..text.len() / 2 + 24];
            octets.windows(part.len()).any(|window| window == part)
        })
    };
    assert!(before.iter().all(there));
    assert!(data.run(&["--rotate"]).status.success());
    assert!(!before.iter().any(there));
}

#[test]
fn a_rotation_that_did_not_end_loses_nothing_and_the_next_one_ends_it() {
    let data = Data::new();
    let service = data.start();
    assert_eq!(service.post("/encrypt-user-data", &record(1)).status, 200);
    // As it is when it is killed before its transaction ends, and this more than once.
    let old: Vec<Jwk> = masters(&data).iter().cloned().collect();
    set_masters(&data, [new_master(), new_master()].into_iter().chain(old.clone()));
    assert_eq!(data.show(1), Some(record(1)));
    assert_eq!(service.post("/encrypt-user-data", &record(2)).status, 200);
    assert!(data.run(&["--rotate"]).status.success());
    assert_eq!((data.show(1), data.show(2)), (Some(record(1)), Some(record(2))));
    assert_eq!(masters(&data).len(), 1);
}

#[test]
fn a_key_that_cannot_be_opened_is_named_and_no_master_keys_pile_up() {
    let data = Data::new();
    let service = data.start();
    for user_id in 1..=3 {
        assert_eq!(service.post("/encrypt-user-data", &record(user_id)).status, 200);
    }
    // More than one piece, so that the damaged one is the last that is left under its master key.
    let last = 504;
    copies(&data, last - 3);
    // No JWE any more, one that its master key does not open, and no text.
    let tag = "substr(encryption_key, 1, length(encryption_key) - 8) || 'AAAAAAAA'";
    for damaged in ["'nothing'", tag, "CAST(x'FF' AS TEXT)"] {
        let query = format!("SELECT encryption_key FROM key_vault WHERE id = {last}");
        let kept = column(&data, &query).remove(0);
        let set = format!("UPDATE key_vault SET encryption_key = {damaged} WHERE id = {last}");
        data.database().execute_batch(&set).unwrap();
        for _ in 0..5 {
            let failed = data.run(&["--rotate"]);
            assert!(!failed.status.success());
            let told = String::from_utf8(failed.stderr).unwrap();
            assert!(told.contains(&format!("key {last} of the vault")), "{told}");
            assert!(masters(&data).len() <= 3, "{}", masters(&data).len());
            assert_eq!((data.show(1), data.show(3)), (Some(record(1)), Some(record(3))));
            let service = data.start();
            assert_eq!(service.get("/jws-encode?user_id=1").status, 200);
        }
        let mended = format!("UPDATE key_vault SET encryption_key = ?1 WHERE id = {last}");
        data.database().execute(&mended, [kept]).unwrap();
        assert!(data.run(&["--rotate"]).status.success());
        assert_eq!(masters(&data).len(), 1);
    }
}

/// Puts a key into the vault that is under the first master key of this set. Returns which one it is.
fn sealed_under_file(data: &Data, set: &str) -> i64 {
    let master = JwkSet::from_json(set).unwrap().keys()[0].clone();
    let master = EncryptionKey::from_jwk(&master, RUSTCRYPTO).unwrap();
    let key = Jwk::generate_oct(256, RUSTCRYPTO).unwrap().with_kid("session_of_9");
    let database = data.database();
    let insert = "INSERT INTO key_vault (key_id, encryption_key) VALUES ('session_of_9', ?1)";
    database.execute(insert, [key.encrypt(&master).unwrap()]).unwrap();
    database.last_insert_rowid()
}

/// Puts copies of the first key into the vault, which nothing is under.
fn copies(data: &Data, number: usize) {
    let copy = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})
         INSERT INTO key_vault (key_id, encryption_key)
             SELECT key_id, encryption_key FROM n, (SELECT * FROM key_vault WHERE id = 1)"
    );
    data.database().execute_batch(&copy).unwrap();
}

#[test]
fn a_draft_that_a_kill_has_left_is_deleted() {
    let data = Data::new();
    drop(data.start());
    let draft = data.path.join("master-keys.draft");
    for arguments in [None, Some("--rotate")] {
        fs::copy(data.path.join("master-keys.json"), &draft).unwrap();
        match arguments {
            None => drop(data.start()),
            Some(task) => assert!(data.run(&[task]).status.success()),
        }
        assert!(!draft.exists(), "{arguments:?}");
    }
}

#[test]
fn what_is_kept_under_other_master_keys_is_not_written_beside() {
    let data = Data::new();
    let service = data.start();
    assert_eq!(service.post("/encrypt-user-data", &record(1)).status, 200);
    service.kill();
    let text = |keys: &[Jwk]| {
        let set: JwkSet = keys.iter().cloned().collect();
        set.expose_secret_json().expose_secret_text().unwrap().to_owned()
    };
    let refused = |set: Option<&str>| {
        let mut command = data.command();
        if let Some(set) = set {
            command.env("XANO_SERVICE_MASTER_KEYS", set);
        }
        let output = command.args(["--listen", "127.0.0.1:0"]).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let (old, new) = (masters(&data).keys()[0].clone(), new_master());
    let name = old.kid().unwrap().to_owned();
    let told = refused(Some(&text(std::slice::from_ref(&new))));
    assert!(told.contains(&name) && told.contains("not in XANO_SERVICE_MASTER_KEYS"), "{told}");
    // Nor under keys of which a name could be either.
    let twice = text(&[new.clone().with_kid(name.as_str()), old.clone()]);
    assert!(refused(Some(&twice)).contains("that no other has"));

    // Moved to the environment, they are read from there alone, and the file is gone.
    let rotate = data
        .command()
        .arg("--rotate")
        .env("XANO_SERVICE_MASTER_KEYS", text(&[new.clone(), old.clone()]))
        .status();
    assert!(rotate.unwrap().success());
    assert!(!data.path.join("master-keys.json").exists());
    let told = refused(None);
    assert!(told.contains(new.kid().unwrap()) && told.contains("master-keys.json"), "{told}");
    assert!(!data.path.join("master-keys.json").exists(), "a new one would be no replacement");

    // It stays where a master key of the environment has but the name of one: what is under that needs the file.
    let text_of_file = text(&[new_master().with_kid("twin")]);
    fs::write(data.path.join("master-keys.json"), &text_of_file).unwrap();
    let twin = Jwk::from_secret_octets([7; 32]).unwrap().with_alg(Alg::A256GCMKW).unwrap();
    let sealed = sealed_under_file(&data, &text_of_file);
    let twins = text(&[new.clone(), twin.with_kid("twin")]);
    let mut rotate = data.command();
    rotate.arg("--rotate").env("XANO_SERVICE_MASTER_KEYS", twins);
    assert!(!rotate.status().unwrap().success());
    assert!(data.path.join("master-keys.json").exists());
    data.database().execute("DELETE FROM key_vault WHERE id = ?1", [sealed]).unwrap();

    // One that is put back, with a copy of the data, is gone after the next rotation.
    fs::write(data.path.join("master-keys.json"), text(std::slice::from_ref(&old))).unwrap();
    let both = text(&[new.clone(), old.clone()]);
    let rotate = |set: &str| {
        let mut command = data.command();
        command.arg("--rotate").env("XANO_SERVICE_MASTER_KEYS", set).status().unwrap().success()
    };
    assert!(rotate(&both) && !data.path.join("master-keys.json").exists());

    // A secret is not told with what is wrong with it.
    let secret = text(&[new]);
    let octets = [secret.as_bytes(), b"\xFF"].concat();
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let mut command = data.command();
        let value = std::ffi::OsStr::from_bytes(&octets);
        let output = command.env("XANO_SERVICE_MASTER_KEYS", value).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && !told.contains("kty"), "{told}");
    }
}

#[test]
fn showing_makes_no_master_keys_and_follows_no_link() {
    let data = Data::new();
    let service = data.start();
    assert_eq!(service.post("/encrypt-user-data", &record(1)).status, 200);
    let (path, elsewhere) = (data.path.join("master-keys.json"), data.path.join("elsewhere.json"));
    fs::rename(&path, &elsewhere).unwrap();
    assert_eq!(data.show(1), None);
    assert!(!path.exists());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let failed = data.run(&["--rotate"]);
        assert!(String::from_utf8(failed.stderr).unwrap().contains("is a link"));
    }
}

#[test]
fn only_to_serve_is_a_database_made() {
    let data = Data::new();
    for arguments in [&["--rotate"][..], &["--show", "1"]] {
        let failed = data.run(arguments);
        assert!(String::from_utf8(failed.stderr).unwrap().contains("there is no "));
        assert!(!failed.status.success() && !data.path.join("service.db").exists());
        assert!(!data.path.join("master-keys.json").exists());
    }
}

#[test]
fn while_many_keys_are_rotated_others_write() {
    let data = Data::new();
    let service = data.start();
    for user_id in 1..=4 {
        assert_eq!(service.post("/encrypt-user-data", &record(user_id)).status, 200);
    }
    copies(&data, 1500);
    let first_and_last = || {
        let query = "SELECT encryption_key FROM key_vault WHERE id IN (1, 1504) ORDER BY id";
        column(&data, query)
    };
    let before = first_and_last();
    let mut rotating = data.command().arg("--rotate").spawn().unwrap();
    let (mut written, mut in_between) = (0, 0);
    while rotating.try_wait().unwrap().is_none() {
        written += 1;
        assert_eq!(service.post("/encrypt-user-data", &record(100 + written)).status, 200);
        let now = first_and_last();
        in_between += u32::from(now[0] != before[0] && now[1] == before[1]);
    }
    assert!(in_between > 1, "it was not seen between two pieces");
    assert!(rotating.wait().unwrap().success());
    assert_eq!(masters(&data).len(), 1);
    for user_id in (1..=4).chain(101..=100 + written) {
        assert_eq!(data.show(user_id), Some(record(user_id)));
    }
}

#[test]
fn what_could_not_be_read_again_is_not_kept() {
    let data = Data::new();
    let service = data.start();
    fs::remove_file(data.path.join("master-keys.json")).unwrap();
    let refused = service.post("/encrypt-user-data", &record(1)).refused();
    assert_eq!(refused, (500, "ERR_INTERNAL".into()));
    assert_eq!(data.rows(), [0, 0, 0]);
}

#[test]
fn killed_between_the_two_writes_it_loses_nothing_and_leaves_no_orphan() {
    let data = Data::new();
    let service = data.start();
    assert_eq!(service.post("/encrypt-user-data", &record(1)).status, 200);
    service.kill();
    for (target, body, second) in [
        ("/encrypt-user-data", record(2), "encrypted_data"),
        ("/create-session", r#"{"user_id":42,"role":"admin"}"#.to_owned(), "session"),
    ] {
        // Before the second write the database has something to count, and never ends.
        let trap = format!(
            "CREATE VIEW endless AS
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
             CREATE TRIGGER trap BEFORE INSERT ON {second} BEGIN
                 SELECT count(*) FROM endless;
             END;"
        );
        data.database().execute_batch(&trap).unwrap();
        let service = data.start();
        let address = service.address.clone();
        let request = thread::spawn(move || post(&address, target, &body));
        let database = data.database();
        database.busy_timeout(Duration::ZERO).unwrap();
        while database.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
        // It has begun. From there to the trap it is not far.
        thread::sleep(Duration::from_millis(500));
        assert!(database.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err(), "{target}");
        service.kill();
        assert!(request.join().unwrap().is_none(), "nothing was promised");
        assert_eq!((data.rows(), data.orphans()), ([1, 0, 1], 0), "{target}");
        database.execute_batch("DROP TRIGGER trap; DROP VIEW endless").unwrap();
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
    assert!(String::from_utf8(failed.stderr).unwrap().contains("which is not in"));
    assert!(!path.exists(), "a new one would be no replacement");
    fs::write(&path, &kept).unwrap();
    assert_eq!(data.show(7), Some(record(7)));

    // Another one, from the environment, opens nothing.
    let set = JwkSet::new([new_master()]);
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

#[test]
fn while_the_database_is_somebody_elses_a_request_is_refused_for_now() {
    let data = Data::new();
    let service = data.start();
    let database = data.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = service.post("/encrypt-user-data", &record(1));
    assert_eq!(answer.refused(), (503, "ERR_BUSY".into()));
    assert!(answer.head.to_ascii_lowercase().contains("retry-after: 1"), "{answer:?}");
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(service.post("/encrypt-user-data", &record(1)).json()["record_id"], 1);
}

#[test]
fn who_hangs_up_leaves_no_place_to_others_before_the_work_is_done() {
    let data = Data::new();
    let service = data.start();
    let database = data.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let json = ["content-type: application/json"];
    let body = record(7);
    let head = head(&service.address, "POST", "/encrypt-user-data", &json, body.len());
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(&service.address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            stream
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    drop(asking);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(service.get("/jws-encode?user_id=1").refused(), (503, "ERR_BUSY".into()));
    assert_eq!(service.get("/openapi.json").status, 200, "what costs nothing needs no place");
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(service.get("/jws-encode?user_id=1").status, 200);
}
