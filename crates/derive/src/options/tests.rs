//! What the derive rejects, and how it names choices. Its output is tested in `downhill-optim`, by every rule and
//! schedule.

use syn::parse_quote;

use super::*;

#[track_caller]
fn refused(input: TokenStream2, message: &str) {
    let output = expand(input, parse_quote!(::x)).to_string();
    assert!(output.contains("compile_error") && output.contains(message), "{output}");
}

#[test]
fn what_has_no_names_is_refused() {
    let message = "supports structs with named fields, and enums without groups";
    refused(
        quote!(
            struct Pair(f64, f64);
        ),
        message,
    );
    refused(quote!(union Bits { a: u64, b: f64 }), message);
    refused(
        quote!(
            enum Shape {
                Cos,
                Power(f64),
            }
        ),
        "supports only enum variants without fields",
    );
    refused(
        quote!(
            #[options(both(a, b))]
            enum Shape {
                A,
                B,
            }
        ),
        message,
    );
}

#[test]
fn attributes_that_mean_nothing_are_refused() {
    let field = "unknown option `rename`: a field takes `skip` or `default = value`";
    refused(
        quote!(
            struct S {
                #[options(rename = "x")]
                a: f64,
            }
        ),
        field,
    );
    refused(
        quote!(
            struct S {
                #[options(default = )]
                a: f64,
            }
        ),
        "expected a value",
    );
    refused(
        quote!(
            #[options(skip)]
            struct S {
                a: f64,
            }
        ),
        "unknown option `skip`: a struct takes `crate = ",
    );
    refused(
        quote!(
            #[options(both(a, c))]
            struct S {
                a: f64,
                b: f64,
            }
        ),
        "there is no option `c`",
    );
    refused(
        quote!(
            #[options(a(a, b))]
            struct S {
                a: f64,
                b: f64,
            }
        ),
        "duplicate option `a`",
    );
    let skipped = quote!(
        #[options(both(a, b))]
        struct S {
            a: f64,
            #[options(skip)]
            b: f64,
        }
    );
    refused(skipped, "there is no option `b`");
}

/// A default may be any expression without a comma outside brackets, and other attributes may follow it.
#[test]
fn defaults_end_at_a_comma() {
    let input = quote!(
        struct S {
            #[options(default = f(1, 2) - [3, 4][0], skip)]
            a: f64,
            b: u64,
        }
    );
    let output = expand(input, parse_quote!(::x)).to_string().replace(' ', "");
    assert!(output.contains("Self{a:f(1,2)-[3,4][0],b:::core::default::Default::default()}"), "{output}");
    assert!(output.contains(r#"vec![("b","#), "{output}");
    let none = expand(
        quote!(
            struct S {
                a: f64,
            }
        ),
        parse_quote!(::x),
    )
    .to_string();
    assert!(!none.contains("default"), "{none}");
}

#[test]
fn choices_are_written_in_lower_case() {
    for (variant, name) in [("StrongWolfe", "strong_wolfe"), ("Cos", "cos"), ("Triangular2", "triangular2")] {
        assert_eq!(snake_case(variant), name);
    }
}
