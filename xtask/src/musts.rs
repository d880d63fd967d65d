//! `cargo xtask musts`: what is required of this library, and the test that holds it.
//!
//! The requirements are files in `docs/requirements`, from which two pages of the book are made:
//!
//! ```text
//! # RFC 7515: JSON Web Signature (JWS)
//!
//! ## A heading, where a document has parts
//!
//! §7.1 MUST: A compact token has three parts.
//!   misuse::a_token_has_three_segments
//!   tests/tests/hostile.rs::no_octets_make_a_parser_panic
//!   note: what the tests do not say
//!
//! §4.1.6 MUST: Chains of certificates are validated.
//!   answered: why no test holds it
//!
//! §4.1.2 MUST: Keys are fetched over TLS.
//!   not ours: whose it is
//! ```

mod parse;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use self::parse::{Document, Held, Requirement, parse};

/// Prints how many requirements are held by what.
pub(crate) fn print() -> Result<(), String> {
    println!("{}", summaries()?.join("\n"));
    Ok(())
}

/// How many requirements of each page are held by what.
pub(crate) fn summaries() -> Result<Vec<String>, String> {
    let documents = documents()?;
    let of = |page: &Page| format!("{}: {}", page.path, summary(&page.of(&documents)).trim_end());
    Ok(PAGES.iter().map(of).collect())
}

/// Writes the pages.
pub(crate) fn write() -> Result<(), String> {
    let documents = documents()?;
    for page in &PAGES {
        let text = page.render(&documents);
        fs::write(page.path, text)
            .map_err(|error| format!("cannot write {}: {error}", page.path))?;
    }
    Ok(())
}

/// Fails if something is required that neither a test holds nor a reason answers, if a test is named
/// that does not exist, or if a page is out of date.
pub(crate) fn check() -> Result<(), String> {
    let documents = documents()?;
    for page in &PAGES {
        if read(Path::new(page.path))? != page.render(&documents) {
            let renew = "`cargo xtask musts --write` renews it";
            return Err(format!("{} is out of date; {renew}", page.path));
        }
    }
    Ok(())
}

/// A page of the book.
struct Page {
    path: &'static str,
    introduction: &'static str,
    /// Whether a document, by the name of its file, belongs here.
    takes: fn(&str) -> bool,
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/requirements.md",
        introduction: "\
# What the specifications require

Every requirement that the specifications make of a library, in our words, with the test that holds
it, or with the reason why there is none. What they require of applications, profiles and registries
is listed too where a reader may look for it here.
",
        takes: |name| name != SECURITY,
    },
    Page {
        path: "docs/security-requirements.md",
        introduction: "\
# What must not go wrong

The ways in which libraries for JOSE have failed, as far as that was published, each as a requirement;
and the bounds on work that a stranger may cause. Every class has the tests that keep it out, on every
path where it could come in.
",
        takes: |name| name == SECURITY,
    },
];

const DIRECTORY: &str = "docs/requirements";
const SECURITY: &str = "security.txt";
const NAMES: &str = "\
`family::name` is a property of the conformance suite, which every backend runs; `file::name` is a test
in that file, or a mistake there that must not compile. `cargo xtask ci` fails where such a name does
not exist.

<!-- Made by `cargo xtask musts --write` from docs/requirements. -->
";

impl Page {
    fn of<'a>(&self, documents: &'a BTreeMap<String, Document>) -> Vec<&'a Document> {
        let own = documents.iter().filter(|(name, _)| (self.takes)(name));
        own.map(|(_, document)| document).collect()
    }

    fn render(&self, documents: &BTreeMap<String, Document>) -> String {
        let own = self.of(documents);
        let mut page = format!("{}\n{NAMES}\n", self.introduction);
        page += "| | required | held by tests | answered | not ours |\n|---|---|---|---|---|\n";
        for document in &own {
            let [tests, answered, not_ours] = count(document);
            let all = tests + answered + not_ours;
            let title = cell(&document.title);
            _ = writeln!(page, "| {title} | {all} | {tests} | {answered} | {not_ours} |");
        }
        for document in own {
            _ = writeln!(page, "\n## {}", document.title);
            let levels = document.requirements().any(|required| !required.level.is_empty());
            for part in &document.parts {
                if part.requirements.is_empty() {
                    continue;
                }
                if let Some(heading) = &part.heading {
                    _ = writeln!(page, "\n### {heading}");
                }
                page += if levels {
                    "\n| section | | requirement | held by |\n|---|---|---|---|\n"
                } else {
                    "\n| | requirement | held by |\n|---|---|---|\n"
                };
                for required in &part.requirements {
                    page += &row(required, levels);
                }
            }
        }
        page
    }
}

fn row(required: &Requirement, levels: bool) -> String {
    let Requirement { place, level, text, .. } = required;
    let level = if levels { format!(" {level} |") } else { String::new() };
    let held = match &required.held {
        Held::Answered(reason) => cell(reason),
        Held::NotOurs(reason) => format!("*not ours:* {}", cell(reason)),
        Held::Tests { names, note } => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let note = note.as_ref().map(|note| format!("; {}", cell(note))).unwrap_or_default();
            format!("{}{note}", names.join(", "))
        }
    };
    format!("| {place} |{level} {} | {held} |\n", cell(text))
}

/// The text of a cell of a table in Markdown.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn count(document: &Document) -> [usize; 3] {
    let mut counts = [0; 3];
    for required in document.requirements() {
        let [tests, answered, not_ours] = &mut counts;
        *match required.held {
            Held::Tests { .. } => tests,
            Held::Answered(_) => answered,
            Held::NotOurs(_) => not_ours,
        } += 1;
    }
    counts
}

fn summary(documents: &[&Document]) -> String {
    let counts: Vec<[usize; 3]> = documents.iter().map(|document| count(document)).collect();
    let [tests, answered, not_ours] =
        [0, 1, 2].map(|kind| counts.iter().filter_map(|count| count.get(kind)).sum::<usize>());
    let all = tests + answered + not_ours;
    format!("{all} required, {tests} held by tests, {answered} answered, {not_ours} not ours")
}

/// What is in the directory, by the names of the files, with no problem in it.
fn documents() -> Result<BTreeMap<String, Document>, String> {
    let directory = Path::new(DIRECTORY);
    let entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("cannot read {DIRECTORY}: {error}"))?;
    let mut documents = BTreeMap::new();
    let mut problems = Vec::new();
    let mut tests = Tests::default();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        match parse(&read(&entry.path())?) {
            Ok(document) => {
                let unknown = document.requirements().flat_map(|required| {
                    let names: &[String] = match &required.held {
                        Held::Tests { names, .. } => names,
                        Held::Answered(_) | Held::NotOurs(_) => &[],
                    };
                    names.iter().map(|test| (required.line, test))
                });
                for (line, test) in unknown {
                    let problem = tests.find(test, read).err();
                    problems.extend(problem.map(|why| format!("{DIRECTORY}/{name}:{line}: {why}")));
                }
                documents.insert(name, document);
            }
            Err(found) => {
                let found = found.iter();
                problems
                    .extend(found.map(|(line, why)| format!("{DIRECTORY}/{name}:{line}: {why}")));
            }
        }
    }
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(documents),
        number => Err(format!("musts: {number} problems")),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The tests that there are, by family or file as they are asked for.
#[derive(Default)]
struct Tests {
    by_place: BTreeMap<String, BTreeSet<String>>,
}

/// Where the properties of every family are listed; a test there holds the list to the files.
const SUITE: &str = "crates/jose-conformance/src/lib.rs";

impl Tests {
    /// Fails, with the reason, if there is no test of this name.
    fn find(
        &mut self,
        test: &str,
        read: impl Fn(&Path) -> Result<String, String>,
    ) -> Result<(), String> {
        let (place, name) = test
            .split_once("::")
            .ok_or_else(|| format!("`{test}` is not `family::name` or `path/file.rs::name`"))?;
        let of_suite = !place.contains('/');
        if !self.by_place.contains_key(place) {
            let text = read(Path::new(if of_suite { SUITE } else { place }))?;
            let names = if of_suite { properties(&text, place) } else { names(&text) };
            self.by_place.insert(place.to_owned(), names);
        }
        let known = self.by_place.get(place).is_some_and(|names| names.contains(name));
        if known { Ok(()) } else { Err(format!("there is no test `{test}`")) }
    }
}

/// The properties of a family that the suite lists.
fn properties(suite: &str, family: &str) -> BTreeSet<String> {
    let (_, list) = suite.split_once(&format!("$crate::family!({family}:")).unwrap_or_default();
    let list = list.split(");").next().unwrap_or_default();
    list.split_whitespace().map(str::to_owned).collect()
}

/// The functions that are tests, and the structures whose documentation must not compile.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        let name = if is_test {
            let item = line.strip_prefix("async ").unwrap_or(line);
            item.strip_prefix("fn ").or_else(|| item.strip_prefix("struct "))
        } else {
            None
        };
        if let Some(name) = name {
            names.extend(name.split(['(', ';']).next().map(str::to_owned));
        }
        is_test = match line {
            "#[test]" | "#[tokio::test]" => true,
            _ if line.starts_with("#[tokio::test(") => true,
            _ if line.starts_with("/// ```compile_fail") => true,
            // What may stand between such a line and the item.
            _ => is_test && (line.starts_with("#[") || line.starts_with("//")),
        };
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE_TEXT: &str = "
        $crate::family!(jwk:
            a_key
            another_key
        );
        $crate::family!(jws:
            a_token
        );
    ";
    const FILE_TEXT: &str = "
        #[test]
        #[allow(dead_code)]
        // why
        fn a_test() {
        }
        fn a_helper() {}
        #[tokio::test]
        async fn a_task() {}
        #[tokio::test(flavor = \"multi_thread\")]
        async fn many_tasks() {}
        async fn another_helper() {}

        /// ```compile_fail,E0451
        /// wrong
        /// ```
        #[expect(dead_code)]
        struct Mistake;
        struct Helper;
    ";

    fn find(test: &str) -> Result<(), String> {
        Tests::default().find(test, |path| match path.to_str() {
            Some(SUITE) => Ok(SUITE_TEXT.to_owned()),
            Some("a/b.rs") => Ok(FILE_TEXT.to_owned()),
            _ => Err("no such file".to_owned()),
        })
    }

    #[test]
    fn tests_that_exist_are_found_and_others_are_told() {
        for test in [
            "jwk::a_key",
            "jwk::another_key",
            "jws::a_token",
            "a/b.rs::a_test",
            "a/b.rs::a_task",
            "a/b.rs::many_tasks",
            "a/b.rs::Mistake",
        ] {
            assert_eq!(find(test), Ok(()), "{test}");
        }
        for test in [
            "jws::a_key",
            "jwt::a_key",
            "a_key",
            "a/b.rs::a_helper",
            "a/b.rs::another_helper",
            "a/b.rs::Helper",
            "a/b.rs::a_key",
            "a/c.rs::a_test",
        ] {
            assert!(find(test).is_err(), "{test}");
        }
    }

    #[test]
    fn a_page_counts_and_lists_what_its_documents_require() {
        let text = "# A | B\n\n§1 MUST: One.\n  jwk::a_key\n  note: Not all.\n\n## Part\n\n\
                    §2 MUST NOT: Two.\n  answered: Because.\n\n§3 REQUIRED: Three.\n  not ours: Theirs.\n";
        let documents = BTreeMap::from([("a.txt".to_owned(), parse(text).unwrap())]);
        let [page, other] = PAGES.map(|page| page.render(&documents));
        for expected in [
            "| A \\| B | 3 | 1 | 1 | 1 |\n",
            "\n## A | B\n\n| section | | requirement | held by |\n",
            "| §1 | MUST | One. | `jwk::a_key`; Not all. |\n\n### Part\n",
            "| §2 | MUST NOT | Two. | Because. |\n",
            "| §3 | REQUIRED | Three. | *not ours:* Theirs. |\n",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!other.contains("MUST"));
    }
}
