//! Every target of fuzzing on what it starts from, and on tokens that are changed one piece at a time.

use std::collections::HashSet;

use jose_tests::fuzz::corpus::{self, CONTENT, judges};
use jose_tests::fuzz::{TARGETS, differential, json, mutation, verdict};

#[test]
fn every_target_takes_what_it_starts_from() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{}", target.name);
        for seed in seeds {
            (target.run)(&seed);
        }
    }
}

#[test]
fn every_token_of_the_corpus_is_accepted_by_every_backend() {
    let content = format!("{CONTENT:?}");
    for judge in judges() {
        for token in corpus::tokens() {
            let verdict = verdict(judge, &token);
            let accepted = verdict.contains("valid") || verdict.contains(&content);
            assert!(accepted, "{verdict}: {}", String::from_utf8_lossy(&token));
        }
    }
}

#[test]
fn tokens_changed_piece_by_piece_are_judged_alike_by_every_backend() {
    for (index, token) in (0_u64..).zip(corpus::tokens()) {
        for seed in 0..300 {
            let token = mutation::changed(&token, seed << 16 | index);
            json(&token);
            differential(&token);
        }
    }
}

#[test]
fn changes_reach_every_kind_of_verdict() {
    let Some(judge) = judges().first() else { return };
    let mut verdicts = HashSet::new();
    for token in corpus::tokens() {
        for seed in 0..100 {
            let verdict = verdict(judge, &mutation::changed(&token, seed));
            // The first words tell the kind.
            verdicts.insert(verdict.chars().take(24).collect::<String>());
        }
    }
    assert!(verdicts.len() > 30, "{verdicts:?}");
}
