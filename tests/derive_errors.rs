//! The compile errors of `#[derive(Params)]` and the lines they point at: the files in `derive_errors/` must fail to
//! compile with the messages next to them. After changing a message on purpose, review the difference and run the test
//! once with `TRYBUILD=overwrite`.

/// The derive's own messages, which are the same with every compiler version.
#[test]
fn options_and_names() {
    let cases = trybuild::TestCases::new();
    for case in ["union", "unknown_option", "name"] {
        cases.compile_fail(format!("derive_errors/{case}.rs"));
    }
}

/// Our text inside the compiler's messages, which change with its version.
#[test]
fn fields_that_are_no_trees() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("derive_errors/not_a_tree.rs");
    cases.compile_fail("derive_errors/two_element_types.rs");
}
