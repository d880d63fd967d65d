//! Prints the page about the libraries and programs that this one is tried with.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "this is what it is for")]

fn main() {
    print!("{}", jose_tests::peers::page::page());
}
