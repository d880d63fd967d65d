//! `examples/end-to-end`: a page that encrypts by `WebCrypto`, through the npm package `jose`.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::driver::Browser;
use crate::program::Program;

fn start() -> Program {
    let place = std::env::var_os("JOSE_PEERS").map(PathBuf::from);
    let place = place.expect("JOSE_PEERS is not set: `cargo xtask browser` runs these tests");
    let mut command = Command::new(env!("CARGO_BIN_EXE_end-to-end"));
    command.arg("127.0.0.1:0").arg(place.join("node/node_modules/jose/dist/webapi"));
    Program::start_as(&mut command)
}

impl Program {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Browser {
    fn text(&self, id: &str) -> String {
        let text = self.is(&format!("document.getElementById('{id}').textContent"));
        text.as_str().unwrap().to_owned()
    }

    fn recipients(&self, id: &str) -> usize {
        let jwe: Value = serde_json::from_str(&self.text(id)).unwrap();
        let recipients = jwe["recipients"].as_array().unwrap();
        assert!(recipients.iter().all(|one| one["header"]["alg"] == "ECDH-ES+A256KW"), "{jwe}");
        recipients.len()
    }
}

#[test]
fn what_the_page_encrypts_both_devices_read_and_it_reads_the_answer() {
    let mut program = start();
    let shown = [program.line(), program.line()];
    let browser = Browser::start();
    browser.go(&format!("http://{}/", program.address));
    browser.wait_until("!document.getElementById('send').disabled");

    // Computed in the page, and printed by the program: what two people would compare.
    let theirs = browser.text("theirs");
    for (line, device) in shown.iter().zip(["phone", "laptop"]) {
        let thumbprint = line.strip_prefix(&format!("Alice's {device} has the key ")).unwrap();
        assert!(theirs.contains(thumbprint), "{theirs} {line}");
    }

    let message = "déjà vu, \"by the river\" \u{1f30a}";
    for round in 0..2 {
        let text = format!("{message} {round}");
        browser.run("document.getElementById('text').value = arguments[0]", &[text.clone().into()]);
        browser.run("document.getElementById('send').click()", &[]);
        let answer = format!("Alice has read: {text}");
        browser.wait_until(&format!(
            "document.getElementById('read').textContent == {}",
            Value::from(answer)
        ));
        // To Alice's two devices; and to Bob, and to Alice's two again.
        assert_eq!((browser.recipients("sent"), browser.recipients("received")), (2, 3));
        assert_eq!(program.line(), "Alice's phone reads it, by ECDH-ES+A256KW");
        assert_eq!(program.line(), "Alice's laptop reads it, by ECDH-ES+A256KW");
        assert_eq!(program.line().trim(), text.escape_debug().to_string());
    }
}

#[test]
fn what_was_changed_on_its_way_is_refused() {
    let program = start();
    let browser = Browser::start();
    browser.go(&format!("http://{}/", program.address));
    browser.wait_until("!document.getElementById('send').disabled");
    // Of what was sent, one octet is another: the program refuses it, and the page says that it has no answer.
    browser.run(
        "const whole = window.fetch;
        window.fetch = (path, options) => {
            if (options?.body) {
                const message = JSON.parse(options.body);
                const first = message.tag[0] == 'A' ? 'B' : 'A';
                options.body = JSON.stringify({ ...message, tag: first + message.tag.slice(1) });
            }
            return whole(path, options);
        };
        document.getElementById('send').click();",
        &[],
    );
    browser.wait_until("document.getElementById('read').textContent.startsWith('not read')");
    assert_eq!(browser.text("read"), "not read: the service answers 400");
}
