//! The files of requirements: a line for each, and indented below it what holds it.

use std::collections::BTreeSet;

/// A file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) title: String,
    /// The first has no heading.
    pub(super) parts: Vec<Part>,
}

impl Document {
    pub(super) fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.parts.iter().flat_map(|part| &part.requirements)
    }
}

/// What stands under one heading.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) heading: Option<String>,
    pub(super) requirements: Vec<Requirement>,
}

#[derive(Debug)]
pub(super) struct Requirement {
    /// From 1.
    pub(super) line: usize,
    /// The section of the document, or a name of ours.
    pub(super) place: String,
    /// The keyword of RFC 2119; empty where the document has none.
    pub(super) level: String,
    pub(super) text: String,
    pub(super) held: Held,
}

/// Why a requirement is met, or need not be.
#[derive(Debug)]
pub(super) enum Held {
    Answered(String),
    NotOurs(String),
    Tests { names: Vec<String>, note: Option<String> },
}

/// Reads a file, or tells what is wrong with it and in which lines.
pub(super) fn parse(text: &str) -> Result<Document, Vec<(usize, String)>> {
    let mut reader = Reader::default();
    for (number, line) in (1..).zip(text.lines()) {
        if let Err(why) = reader.line(number, line) {
            reader.problems.push((number, why));
        }
    }
    reader.finish_requirement();
    let title = reader.title.unwrap_or_else(|| {
        reader.problems.push((1, "the first line is to be `# TITLE`".to_owned()));
        String::new()
    });
    if reader.problems.is_empty() {
        Ok(Document { title, parts: reader.parts })
    } else {
        Err(reader.problems)
    }
}

/// Of RFC 2119, and BCP 14's others.
const LEVELS: [&str; 10] = [
    "",
    "MUST",
    "MUST NOT",
    "NOT RECOMMENDED",
    "RECOMMENDED",
    "REQUIRED",
    "SHALL",
    "SHALL NOT",
    "SHOULD",
    "SHOULD NOT",
];

#[derive(Default)]
struct Reader {
    title: Option<String>,
    parts: Vec<Part>,
    open: Option<Open>,
    /// Every requirement that was begun, by place and text.
    seen: BTreeSet<(String, String)>,
    problems: Vec<(usize, String)>,
}

/// A requirement whose holders are still being read.
struct Open {
    line: usize,
    place: String,
    level: String,
    text: String,
    tests: Vec<String>,
    remark: Option<(Remark, String)>,
}

#[derive(Clone, Copy)]
enum Remark {
    Answered,
    NotOurs,
    Note,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        if let Some(held) = line.strip_prefix("  ") {
            return self.held(held);
        }
        self.finish_requirement();
        if let Some(title) = line.strip_prefix("# ") {
            if self.title.is_some() || !self.parts.is_empty() {
                return Err("a file has one title, in its first line".to_owned());
            }
            self.title = Some(title.to_owned());
            self.parts.push(Part::default());
        } else if let Some(heading) = line.strip_prefix("## ") {
            self.parts.push(Part { heading: Some(heading.to_owned()), ..Part::default() });
        } else {
            self.begin(number, line)?;
        }
        Ok(())
    }

    fn begin(&mut self, line: usize, text: &str) -> Result<(), String> {
        let (label, text) = text
            .split_once(": ")
            .ok_or_else(|| "a requirement is `SECTION KEYWORD: what is required`".to_owned())?;
        let (place, level) = label.split_once(' ').unwrap_or((label, ""));
        if !LEVELS.contains(&level) {
            return Err(format!("`{level}` is no keyword of RFC 2119"));
        }
        if !self.seen.insert((place.to_owned(), text.to_owned())) {
            return Err(format!("{place} has this twice"));
        }
        self.open = Some(Open {
            line,
            place: place.to_owned(),
            level: level.to_owned(),
            text: text.to_owned(),
            tests: Vec::new(),
            remark: None,
        });
        Ok(())
    }

    fn held(&mut self, held: &str) -> Result<(), String> {
        let open = self.open.as_mut().ok_or_else(|| "nothing is required here".to_owned())?;
        let remarks = [
            ("answered: ", Remark::Answered),
            ("not ours: ", Remark::NotOurs),
            ("note: ", Remark::Note),
        ];
        for (prefix, remark) in remarks {
            if let Some(text) = held.strip_prefix(prefix) {
                let twice = open.remark.replace((remark, text.to_owned())).is_some();
                return if twice { Err("one remark is enough".to_owned()) } else { Ok(()) };
            }
        }
        if held.contains(' ') {
            return Err(format!(
                "`{held}` is neither a test nor `answered: `, `not ours: `, `note: `"
            ));
        }
        if open.tests.iter().any(|test| test == held) {
            return Err(format!("`{held}` is named twice"));
        }
        open.tests.push(held.to_owned());
        Ok(())
    }

    fn finish_requirement(&mut self) {
        let Some(Open { line, place, level, text, tests, remark }) = self.open.take() else {
            return;
        };
        let held = match (tests.is_empty(), remark) {
            (true, Some((Remark::Answered, reason))) => Held::Answered(reason),
            (true, Some((Remark::NotOurs, reason))) => Held::NotOurs(reason),
            (false, None) => Held::Tests { names: tests, note: None },
            (false, Some((Remark::Note, note))) => Held::Tests { names: tests, note: Some(note) },
            (true, None | Some((Remark::Note, _))) => {
                let why = "has neither a test nor an answer";
                return self.problems.push((line, format!("{place} {why}")));
            }
            (false, Some((Remark::Answered | Remark::NotOurs, _))) => {
                let why = "has a test, so what is said beside it is a `note: `";
                return self.problems.push((line, format!("{place} {why}")));
            }
        };
        match self.parts.last_mut() {
            Some(part) => part.requirements.push(Requirement { line, place, level, text, held }),
            None => self.problems.push((line, format!("{place} stands before the title"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_in_order_with_what_holds_them() {
        let text = "# RFC 1\n\n§1 MUST: One: this.\n  a::b\n  c.rs::d\n  note: Nearly.\n\n\
                    ## Part\n\n§2 MUST NOT: Two.\n  answered: So.\n§3: Three.\n  not ours: No.\n";
        let document = parse(text).unwrap();
        assert_eq!(document.title, "RFC 1");
        let headings: Vec<_> = document.parts.iter().map(|part| part.heading.as_deref()).collect();
        assert_eq!(headings, [None, Some("Part")]);
        let [one, two, three] = document.requirements().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((one.line, one.place.as_str(), one.level.as_str()), (3, "§1", "MUST"));
        assert_eq!(one.text, "One: this.");
        let Held::Tests { names, note: Some(note) } = &one.held else { panic!("{one:?}") };
        assert_eq!(
            (names.as_slice(), note.as_str()),
            (["a::b", "c.rs::d"].map(str::to_owned).as_slice(), "Nearly.")
        );
        assert!(matches!(&two.held, Held::Answered(reason) if reason == "So."));
        assert_eq!(two.level, "MUST NOT");
        assert!(matches!(&three.held, Held::NotOurs(reason) if reason == "No."));
        assert_eq!(three.level, "");
    }

    #[test]
    fn what_is_required_and_not_held_is_a_problem() {
        for (text, line, why) in [
            ("§1 MUST: One.\n", 3, "neither a test nor an answer"),
            ("§1 MUST: One.\n  note: Later.\n", 3, "neither a test nor an answer"),
            ("§1 MUST: One.\n§2 MUST: Two.\n  a::b\n", 3, "neither a test nor an answer"),
            ("§1 MUST: One.\n\n## Part\n", 3, "neither a test nor an answer"),
        ] {
            let problems = parse(&format!("# RFC 1\n\n{text}")).unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].0, line);
            assert!(problems[0].1.contains(why), "{problems:?}");
        }
    }

    #[test]
    fn lines_that_are_not_of_the_form_are_problems() {
        for text in [
            "§1 MUST One.\n",
            "§1 OUGHT: One.\n  a::b\n",
            "§1 MUST: One.\n  a b\n",
            "§1 MUST: One.\n  a::b\n  a::b\n",
            "§1 MUST: One.\n  a::b\n  answered: So.\n",
            "§1 MUST: One.\n  answered: So.\n  not ours: No.\n",
            "§1 MUST: One.\n  a::b\n§1 MUST: One.\n  a::b\n",
            "## Part\n  a::b\n",
            "# Another title\n",
        ] {
            assert!(parse(&format!("# RFC 1\n\n{text}")).is_err(), "{text}");
        }
        assert!(parse("").is_err());
        assert!(parse("§1 MUST: One.\n  a::b\n").is_err());
        assert!(parse("§1 MUST: One.\n  a::b\n# RFC 1\n").is_err());
    }
}
