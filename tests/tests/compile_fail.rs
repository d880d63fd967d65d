//! What must not compile: the mistakes that types rule out.

#[test]
fn mistakes_that_types_rule_out_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile-fail/*.rs");
}
