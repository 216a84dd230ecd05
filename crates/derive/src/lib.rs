//! `#[derive(Params)]` makes a plain struct or enum a named tree of tensors. (`#[derive(Options)]` is in `options.rs`.)
//!
//! For `struct Mlp { fc1: Linear, fc2: Linear }` it generates, abbreviated,
//!
//! ```text
//! impl<__F: Float> Params<__F> for Mlp where Linear: Params<__F> {
//!     fn visit(&self, path, visitor) {
//!         self.fc1.visit(&path.field("fc1"), visitor);
//!         self.fc2.visit(&path.field("fc2"), visitor);
//!     }
//!     fn visit_mut(&mut self, path, visitor) { ... }
//! }
//! ```
//!
//! **The element type** is a parameter of the impl, because the derive cannot see that `Linear` means `Linear<f32>`.
//! The bounds determine it where the struct is used: `Linear<f32>: Params<__F>` holds only for `__F = f32`.
//!
//! **The path of the framework.** For a user of the facade it is `::downhill`, for a user of the tensor crate
//! `::downhill_tensor`, and a derive has no `$crate`. So there are two derives with the same body, and each of the two
//! crates re-exports its own as `Params`. (The alternative, looking it up in the user's `Cargo.toml`, is guesswork and
//! reads a file for every struct.)
#![forbid(unsafe_code)]

mod options;

use proc_macro::TokenStream;
use proc_macro2::{Ident, Span, TokenStream as TokenStream2, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, LitStr, Member, Path, Type, WherePredicate};
use syn::{parse_quote, parse_quote_spanned};

#[doc = include_str!("params.md")]
#[proc_macro_derive(Params, attributes(params))]
pub fn derive_params(input: TokenStream) -> TokenStream {
    expand(input.into(), parse_quote!(::downhill_tensor)).into()
}

#[doc = include_str!("params.md")]
#[proc_macro_derive(FacadeParams, attributes(params))]
pub fn derive_facade_params(input: TokenStream) -> TokenStream {
    expand(input.into(), parse_quote!(::downhill)).into()
}

#[doc = include_str!("options.md")]
#[proc_macro_derive(Options, attributes(options))]
pub fn derive_options(input: TokenStream) -> TokenStream {
    options::expand(input.into(), parse_quote!(::downhill_optim)).into()
}

#[doc = include_str!("options.md")]
#[proc_macro_derive(FacadeOptions, attributes(options))]
pub fn derive_facade_options(input: TokenStream) -> TokenStream {
    options::expand(input.into(), parse_quote!(::downhill::optim)).into()
}

/// The output of either derive for `input`; `root` is the crate that has `Params`, `Path`, `Tensor` and `Float`.
fn expand(input: TokenStream2, root: Path) -> TokenStream2 {
    syn::parse2(input).and_then(|input| implement(&input, root)).unwrap_or_else(Error::into_compile_error)
}

fn implement(input: &DeriveInput, root: Path) -> syn::Result<TokenStream2> {
    let root = crate_option(&input.attrs)?.unwrap_or(root);
    let shape = shape(input)?;
    let branches: Vec<&Branch> = shape.branches();

    let bounds = branches.iter().filter(|branch| !branch.recursive).map(|Branch { ty, .. }| -> WherePredicate {
        // With the span of the field's type, so that an error where the struct is used points at the field.
        parse_quote_spanned!(ty.span()=> #ty: #root::Params<__F>)
    });
    let mut generics = input.generics.clone();
    generics.params.push(parse_quote!(__F: #root::Float));
    for bound in bounds {
        let predicates = &mut generics.make_where_clause().predicates;
        let text = bound.to_token_stream().to_string();
        if !predicates.iter().any(|known| known.to_token_stream().to_string() == text) {
            predicates.push(bound);
        }
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = input.generics.split_for_impl();

    let name = &input.ident;
    let visit = shape.walk(&root, quote!(visit), quote!(&));
    let visit_mut = shape.walk(&root, quote!(visit_mut), quote!(&mut));
    let check = check_fields(input, &branches, &root);
    Ok(quote! {
        #[automatically_derived]
        #[allow(unused_qualifications, unused_variables)]
        impl #impl_generics #root::Params<__F> for #name #ty_generics #where_clause {
            fn visit<'__tree>(
                &'__tree self,
                path: &#root::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(&#root::Path<'_>, &'__tree #root::Tensor<__F>),
            ) {
                #visit
            }

            fn visit_mut<'__tree>(
                &'__tree mut self,
                path: &#root::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(&#root::Path<'_>, &'__tree mut #root::Tensor<__F>),
            ) {
                #visit_mut
            }
        }
        #check
    })
}

/// Code that reports a field that is not a tree, at that field. The impl's bounds alone report it only where the struct
/// is used, and there they blame the struct.
///
/// All fields must have the same element type. It is inferred from a float literal, which defaults to `f64` if the
/// fields leave it open (they may all be trees without tensors). A type that contains a generic parameter is known only
/// where the struct is used, and is left to the bounds.
fn check_fields(input: &DeriveInput, branches: &[&Branch], root: &Path) -> Option<TokenStream2> {
    let parameters: Vec<&Ident> = input.generics.type_params().map(|parameter| &parameter.ident).collect();
    let types: Vec<&Type> = (branches.iter().filter(|branch| !branch.recursive).map(|branch| &branch.ty))
        .filter(|ty| !mentions(ty.to_token_stream(), &parameters))
        .collect();
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let name = &input.ident;
    (!types.is_empty()).then(|| {
        quote! {
            #[allow(dead_code, single_use_lifetimes, unused_qualifications)]
            const _: () = {
                struct __Tree<__F>(__F);
                impl<__F: #root::Float> __Tree<__F> {
                    fn field<__T: #root::Params<__F> + ?::core::marker::Sized>(&self) {}
                }
                fn check #impl_generics (_: &#name #ty_generics) #where_clause {
                    let tree = __Tree(0.0);
                    #(tree.field::<#types>();)*
                }
            };
        }
    })
}

/// The struct or enum that the derive is applied to.
enum Shape {
    Struct(Vec<Branch>),
    Enum(Vec<Variant>),
}

/// A variant of an enum, with its branches.
struct Variant {
    name: Ident,
    /// Whether it wraps a single value, which then has the path of the enum itself.
    transparent: bool,
    branches: Vec<Branch>,
}

impl Shape {
    fn branches(&self) -> Vec<&Branch> {
        match self {
            Shape::Struct(branches) => branches.iter().collect(),
            Shape::Enum(variants) => variants.iter().flat_map(|variant| &variant.branches).collect(),
        }
    }

    /// The body of the method that walks the tree.
    fn walk(&self, root: &Path, method: TokenStream2, borrow: TokenStream2) -> TokenStream2 {
        match self {
            Shape::Struct(branches) => branches
                .iter()
                .map(|branch| {
                    let member = &branch.member;
                    branch.call(root, &method, quote!(#borrow self.#member), branch.step())
                })
                .collect(),
            // An enum without variants has no values.
            Shape::Enum(variants) if variants.is_empty() => quote!(match *self {}),
            Shape::Enum(variants) => {
                let arms = variants.iter().map(|variant| variant.arm(root, &method));
                quote!(match self { #(#arms)* })
            }
        }
    }
}

impl Variant {
    /// The `match` arm that walks this variant. The pattern uses the syntax for named fields, which works for all
    /// kinds.
    fn arm(&self, root: &Path, method: &TokenStream2) -> TokenStream2 {
        let Variant { name, transparent, branches } = self;
        let fields = branches.iter().enumerate().map(|(number, branch)| {
            let (member, field) = (&branch.member, format_ident!("__field{number}"));
            quote!(#member: #field,)
        });
        let calls = branches.iter().enumerate().map(|(number, branch)| {
            let field = format_ident!("__field{number}");
            let path = if *transparent { quote!(path) } else { branch.step() };
            branch.call(root, method, quote!(#field), path)
        });
        quote!(Self::#name { #(#fields)* .. } => { #(#calls)* })
    }
}

/// A field that is a branch of the tree.
struct Branch {
    member: Member,
    ty: Type,
    /// Its component of the path: the option `rename`, or else the field's name or index.
    name: String,
    renamed: Option<LitStr>,
    /// Whether the type contains the struct itself, as in `Option<Box<Self>>`. Its bound would be recursive (E0275),
    /// and it is not needed, because the body is inside the impl.
    recursive: bool,
}

impl Branch {
    /// The path of this branch.
    fn step(&self) -> TokenStream2 {
        let Branch { member, name, renamed, .. } = self;
        match member {
            Member::Unnamed(index) if renamed.is_none() => {
                let index = index.index as usize;
                quote!(&path.index(#index))
            }
            _ => quote!(&path.field(#name)),
        }
    }

    /// The statement that walks this branch.
    fn call(&self, root: &Path, method: &TokenStream2, field: TokenStream2, path: TokenStream2) -> TokenStream2 {
        let ty = &self.ty;
        quote!(<#ty as #root::Params<__F>>::#method(#field, #path, visitor);)
    }
}

/// The branches in the order of the fields, or all errors at once.
fn shape(input: &DeriveInput) -> syn::Result<Shape> {
    match &input.data {
        Data::Struct(data) => branches(&data.fields, &input.ident).map(Shape::Struct),
        Data::Enum(data) => {
            let variants = data.variants.iter().map(|variant| {
                let branches = branches(&variant.fields, &input.ident)?;
                let wraps = matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
                let transparent = wraps && branches.iter().all(|branch| branch.renamed.is_none());
                Ok(Variant { name: variant.ident.clone(), transparent, branches })
            });
            all_or_every_error(variants).map(Shape::Enum)
        }
        Data::Union(_) => Err(Error::new(
            input.ident.span(),
            "`#[derive(Params)]` supports structs and enums, not unions: which field a union holds is unknown",
        )),
    }
}

fn branches(fields: &Fields, owner: &Ident) -> syn::Result<Vec<Branch>> {
    let mut branches: Vec<Branch> = Vec::new();
    let mut errors = Vec::new();
    for (field, member) in fields.iter().zip(fields.members()) {
        match branch(field, member, owner) {
            Ok(Some(branch)) => match branches.iter().find(|other| other.name == branch.name) {
                Some(other) => errors.push(same_name(other, &branch)),
                None => branches.push(branch),
            },
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    // All errors are reported together.
    all_or_every_error(errors.into_iter().map(Err::<Branch, _>))?;
    Ok(branches)
}

fn all_or_every_error<T>(results: impl Iterator<Item = syn::Result<T>>) -> syn::Result<Vec<T>> {
    let (mut values, mut errors) = (Vec::new(), None::<Error>);
    for result in results {
        match (result, &mut errors) {
            (Ok(value), _) => values.push(value),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), None) => errors = Some(error),
        }
    }
    errors.map_or(Ok(values), Err)
}

/// `None` for a field that is skipped.
fn branch(field: &Field, member: Member, owner: &Ident) -> syn::Result<Option<Branch>> {
    let options = field_options(&field.attrs)?;
    if options.skip {
        return Ok(None);
    }
    let name = match (&options.rename, &member) {
        (Some(name), _) => name.value(),
        (None, Member::Named(ident)) => ident.unraw().to_string(),
        (None, Member::Unnamed(index)) => index.index.to_string(),
    };
    let recursive = mentions(field.ty.to_token_stream(), &[owner, &format_ident!("Self")]);
    Ok(Some(Branch { member, ty: field.ty.clone(), name, renamed: options.rename, recursive }))
}

fn same_name(first: &Branch, second: &Branch) -> Error {
    let field = |branch: &Branch| branch.member.to_token_stream().to_string();
    // Two fields can only share a name if one of them was renamed.
    let span = second.renamed.as_ref().or(first.renamed.as_ref()).map_or_else(Span::call_site, LitStr::span);
    let message = format!(
        "the fields `{}` and `{}` are both named `{}` in the tree: rename one of them",
        field(first),
        field(second),
        second.name
    );
    Error::new(span, message)
}

#[derive(Default)]
struct FieldOptions {
    skip: bool,
    rename: Option<LitStr>,
}

fn field_options(attributes: &[Attribute]) -> syn::Result<FieldOptions> {
    let mut options = FieldOptions::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("params")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                options.skip = true;
            } else if meta.path.is_ident("rename") {
                let name: LitStr = meta.value()?.parse()?;
                if name.value().is_empty() || name.value().contains('.') {
                    let message = "a name must not be empty or contain `.`; for a nested name, nest structs";
                    return Err(Error::new(name.span(), message));
                }
                options.rename = Some(name);
            } else {
                let path = meta.path.to_token_stream();
                return Err(meta.error(format!("unknown option `{path}`: a field takes `skip` or `rename = \"name\"`")));
            }
            Ok(())
        })?;
    }
    match &options.rename {
        Some(name) if options.skip => Err(Error::new(name.span(), "a skipped field cannot be renamed")),
        _ => Ok(options),
    }
}

/// The option `crate` of a struct.
fn crate_option(attributes: &[Attribute]) -> syn::Result<Option<Path>> {
    let mut root = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("params")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                root = Some(meta.value()?.parse::<LitStr>()?.parse_with(Path::parse_mod_style)?);
                return Ok(());
            }
            let path = meta.path.to_token_stream();
            Err(meta.error(format!(
                "unknown option `{path}`: a struct takes `crate = \"path\"`; `skip` and `rename` belong on its fields"
            )))
        })?;
    }
    Ok(root)
}

/// Whether a type mentions one of `names`, alone or as the first component of a path: after `::` it is another name
/// (`struct Linear { inner: nn::Linear }` is not recursive). Looking at tokens is enough, and avoids syn's `visit`
/// feature.
fn mentions(ty: TokenStream2, names: &[&Ident]) -> bool {
    let mut colons = 0;
    ty.into_iter().any(|token| {
        let found = match &token {
            TokenTree::Group(group) => mentions(group.stream(), names),
            TokenTree::Ident(ident) => colons < 2 && names.contains(&ident),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        colons = if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':') { colons + 1 } else { 0 };
        found
    })
}

#[cfg(test)]
mod tests;
