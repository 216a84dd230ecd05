//! What a wrong use of `#[derive(Params)]` is told, and where the message points: the files of `derive_errors/` must fail
//! to compile with the messages beside them. When a message was changed on purpose, read the difference and run the test
//! once with `TRYBUILD=overwrite`.

/// The messages of the derive itself, the same with every compiler.
#[test]
fn options_and_names() {
    let cases = trybuild::TestCases::new();
    for case in ["union", "unknown_option", "name"] {
        cases.compile_fail(format!("derive_errors/{case}.rs"));
    }
}

/// Our words inside the compiler's: these change with its version.
#[test]
fn fields_that_are_no_trees() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("derive_errors/not_a_tree.rs");
    cases.compile_fail("derive_errors/two_element_types.rs");
}
