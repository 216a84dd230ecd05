//! The derive's output, token by token. Its behavior at run time is tested in `downhill-tensor`, its errors and their
//! spans in the package `tests`.

use super::*;

/// The expected impl: `header` has its generics and bounds; `visit` and `visit_mut` are the bodies of the methods.
fn expected(header: TokenStream2, visit: TokenStream2, visit_mut: TokenStream2) -> TokenStream2 {
    quote! {
        #[automatically_derived]
        #[allow(unused_qualifications, unused_variables)]
        #header {
            fn visit<'__tree>(
                &'__tree self,
                path: &::x::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(&::x::Path<'_>, &'__tree ::x::Tensor<__F>),
            ) {
                #visit
            }

            fn visit_mut<'__tree>(
                &'__tree mut self,
                path: &::x::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(&::x::Path<'_>, &'__tree mut ::x::Tensor<__F>),
            ) {
                #visit_mut
            }
        }
    }
}

/// The item expected after it if there are types to check.
fn expected_check(signature: TokenStream2, calls: TokenStream2) -> TokenStream2 {
    quote! {
        #[allow(dead_code, single_use_lifetimes, unused_qualifications)]
        const _: () = {
            struct __Tree<__F>(__F);
            impl<__F: ::x::Float> __Tree<__F> {
                fn field<__T: ::x::Params<__F> + ?::core::marker::Sized>(&self) {}
            }
            fn check #signature {
                let tree = __Tree(0.0);
                #calls
            }
        };
    }
}

#[track_caller]
fn assert_expands(input: TokenStream2, expected: &[TokenStream2]) {
    let expected: TokenStream2 = expected.iter().cloned().collect();
    // Without spaces, because `> >` and `>>` are the same at the end of a type.
    let text = |tokens: TokenStream2| tokens.to_string().replace(' ', "");
    assert_eq!(text(expand(input, parse_quote!(::x))), text(expected));
}

#[track_caller]
fn assert_error(input: TokenStream2, messages: &[&str]) {
    let output = expand(input, parse_quote!(::x)).to_string();
    assert_eq!(output.matches("compile_error").count(), messages.len(), "{output}");
    for message in messages {
        assert!(output.contains(message), "no `{message}` in {output}");
    }
}

#[test]
fn fields_of_one_type_share_a_bound() {
    assert_expands(
        quote!(
            pub struct Mlp {
                pub fc1: Linear,
                #[params(rename = "last")]
                fc2: Linear,
                r#type: nn::Norm,
                #[params(skip)]
                calls: usize,
            }
        ),
        &[
            expected(
                quote! {
                    impl<__F: ::x::Float> ::x::Params<__F> for Mlp
                    where Linear: ::x::Params<__F>, nn::Norm: ::x::Params<__F>
                },
                quote! {
                    <Linear as ::x::Params<__F>>::visit(&self.fc1, &path.field("fc1"), visitor);
                    <Linear as ::x::Params<__F>>::visit(&self.fc2, &path.field("last"), visitor);
                    <nn::Norm as ::x::Params<__F>>::visit(&self.r#type, &path.field("type"), visitor);
                },
                quote! {
                    <Linear as ::x::Params<__F>>::visit_mut(&mut self.fc1, &path.field("fc1"), visitor);
                    <Linear as ::x::Params<__F>>::visit_mut(&mut self.fc2, &path.field("last"), visitor);
                    <nn::Norm as ::x::Params<__F>>::visit_mut(&mut self.r#type, &path.field("type"), visitor);
                },
            ),
            expected_check(
                quote!((_: &Mlp)),
                quote! {
                    tree.field::<Linear>();
                    tree.field::<Linear>();
                    tree.field::<nn::Norm>();
                },
            ),
        ],
    );
}

#[test]
fn generics_and_where_clauses_are_kept() {
    assert_expands(
        quote! {
            struct Net<'a, A: Layer, const N: usize, B = Relu>(A, [Linear; N], #[params(rename = "act")] &'a mut B)
            where
                B: Activation<A>;
        },
        &[
            expected(
                quote! {
                    impl<'a, A: Layer, const N: usize, B, __F: ::x::Float> ::x::Params<__F> for Net<'a, A, N, B>
                    where
                        B: Activation<A>,
                        A: ::x::Params<__F>,
                        [Linear; N]: ::x::Params<__F>,
                        &'a mut B: ::x::Params<__F>
                },
                quote! {
                    <A as ::x::Params<__F>>::visit(&self.0, &path.index(0usize), visitor);
                    <[Linear; N] as ::x::Params<__F>>::visit(&self.1, &path.index(1usize), visitor);
                    <&'a mut B as ::x::Params<__F>>::visit(&self.2, &path.field("act"), visitor);
                },
                quote! {
                    <A as ::x::Params<__F>>::visit_mut(&mut self.0, &path.index(0usize), visitor);
                    <[Linear; N] as ::x::Params<__F>>::visit_mut(&mut self.1, &path.index(1usize), visitor);
                    <&'a mut B as ::x::Params<__F>>::visit_mut(&mut self.2, &path.field("act"), visitor);
                },
            ),
            expected_check(
                quote! {
                    <'a, A: Layer, const N: usize, B> (_: &Net<'a, A, N, B>)
                    where
                        B: Activation<A>
                },
                quote!(tree.field::<[Linear; N]>();),
            ),
        ],
    );
}

#[test]
fn a_recursive_field_has_no_bound() {
    let next = quote!(<Option<Box<Node>> as ::x::Params<__F>>);
    let last = quote!(<Vec<Self> as ::x::Params<__F>>);
    assert_expands(
        quote!(
            struct Node {
                next: Option<Box<Node>>,
                last: Vec<Self>,
            }
        ),
        &[expected(
            quote!(impl<__F: ::x::Float> ::x::Params<__F> for Node),
            quote! {
                #next::visit(&self.next, &path.field("next"), visitor);
                #last::visit(&self.last, &path.field("last"), visitor);
            },
            quote! {
                #next::visit_mut(&mut self.next, &path.field("next"), visitor);
                #last::visit_mut(&mut self.last, &path.field("last"), visitor);
            },
        )],
    );
}

#[test]
fn no_fields_no_bounds() {
    let empty = expected(quote!(impl<__F: ::x::Float> ::x::Params<__F> for Relu), quote!(), quote!());
    assert_expands(
        quote!(
            struct Relu;
        ),
        std::slice::from_ref(&empty),
    );
    assert_expands(
        quote!(
            struct Relu {}
        ),
        std::slice::from_ref(&empty),
    );
    assert_expands(
        quote!(
            struct Relu(#[params(skip)] f64);
        ),
        &[empty],
    );
}

#[test]
fn variants_of_an_enum() {
    let linear = quote!(<Linear as ::x::Params<__F>>);
    let tensor = quote!(<Tensor as ::x::Params<__F>>);
    let body = |method: TokenStream2| {
        quote! {
            match self {
                Self::Linear { 0: __field0, .. } => { #linear::#method(__field0, path, visitor); }
                Self::Named { 0: __field0, .. } => { #linear::#method(__field0, &path.field("fc"), visitor); }
                Self::Pair { 0: __field0, 1: __field1, .. } => {
                    #linear::#method(__field0, &path.index(0usize), visitor);
                    #tensor::#method(__field1, &path.index(1usize), visitor);
                }
                Self::Scale { weight: __field0, .. } => { #tensor::#method(__field0, &path.field("weight"), visitor); }
                Self::Relu { .. } => {}
            }
        }
    };
    assert_expands(
        quote!(
            enum Layer {
                Linear(Linear),
                Named(#[params(rename = "fc")] Linear),
                Pair(Linear, Tensor),
                Scale {
                    weight: Tensor,
                    #[params(skip)]
                    by: f64,
                },
                Relu,
            }
        ),
        &[
            expected(
                quote! {
                    impl<__F: ::x::Float> ::x::Params<__F> for Layer
                    where Linear: ::x::Params<__F>, Tensor: ::x::Params<__F>
                },
                body(quote!(visit)),
                body(quote!(visit_mut)),
            ),
            expected_check(
                quote!((_: &Layer)),
                quote! {
                    tree.field::<Linear>();
                    tree.field::<Linear>();
                    tree.field::<Linear>();
                    tree.field::<Tensor>();
                    tree.field::<Tensor>();
                },
            ),
        ],
    );
    assert_expands(
        quote!(
            enum Never {}
        ),
        &[expected(
            quote!(impl<__F: ::x::Float> ::x::Params<__F> for Never),
            quote!(match *self {}),
            quote!(match *self {}),
        )],
    );
}

#[test]
fn the_option_crate_replaces_the_root() {
    let output = expand(
        quote!(
            #[params(crate = "crate::framework")]
            struct Relu;
        ),
        parse_quote!(::x),
    )
    .to_string();
    assert!(output.contains("crate :: framework :: Params") && !output.contains(":: x"), "{output}");
}

#[test]
fn a_type_mentions_a_name_alone_or_first() {
    let mentions = |ty: TokenStream2| mentions(ty, &[&format_ident!("T")]);
    assert!(mentions(quote!(T)));
    assert!(mentions(quote!(T::Inner)));
    assert!(mentions(quote!(<T as Trait>::Inner)));
    assert!(mentions(quote!([Vec<T>; 2])));
    assert!(mentions(quote!((u8, Box<dyn Tree<Item = T>>))));
    assert!(!mentions(quote!(other::T)));
    assert!(!mentions(quote!(::T)));
}

#[test]
fn every_error_is_reported_at_once() {
    assert_error(
        quote! {
            struct Net {
                #[params(skipp)] a: Tensor,
                #[params(rename = "")] b: Tensor,
                #[params(rename = "f.g")] c: Tensor,
                #[params(skip, rename = "h")] d: Tensor,
                weight: Tensor,
                #[params(rename = "weight")] e: Tensor,
            }
        },
        &["unknown option `skipp`", "contain `.`", "contain `.`", "cannot be renamed", "`weight` and `e`"],
    );
    assert_error(
        quote!(
            #[params(skip)]
            struct Net;
        ),
        &["a struct takes `crate"],
    );
    assert_error(
        quote!(
            enum Net {
                Linear(#[params(skipp)] Linear),
                Pair {
                    a: Tensor,
                    #[params(rename = "a")]
                    b: Tensor,
                },
            }
        ),
        &["unknown option `skipp`", "`a` and `b`"],
    );
    assert_error(quote!(union Net { a: u8 }), &["supports structs"]);
}
