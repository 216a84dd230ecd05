//! `#[derive(Params)]`: a plain struct becomes a named tree of tensors. (And `#[derive(Options)]`, in `options.rs`.)
//!
//! For `struct Mlp { fc1: Linear, fc2: Linear }` it writes, shortened,
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
//! **The element type** is a parameter of the impl, for the derive cannot see that a `Linear` is a `Linear<f32>`. The
//! bounds fix it where the struct is used: the only `__F` for which `Linear<f32>: Params<__F>` holds is `f32`.
//!
//! **The framework's name.** A user of the facade can only write `::downhill`, a user of the tensor crate only
//! `::downhill_tensor`, and a derive has no `$crate`. So there are two derives with one body, and each of the two crates
//! re-exports its own as `Params`. (The other way, to search the user's `Cargo.toml`, is a guess, and costs a file read
//! for each struct.)

mod options;

use proc_macro::TokenStream;
use proc_macro2::{Ident, Span, TokenStream as TokenStream2, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Field, LitStr, Member, Path, Type, WherePredicate};
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

/// What either derive writes for `input`; `root` is the crate to find `Params`, `Path`, `Tensor` and `Float` in.
fn expand(input: TokenStream2, root: Path) -> TokenStream2 {
    syn::parse2(input).and_then(|input| implement(&input, root)).unwrap_or_else(Error::into_compile_error)
}

fn implement(input: &DeriveInput, root: Path) -> syn::Result<TokenStream2> {
    let root = crate_option(&input.attrs)?.unwrap_or(root);
    let branches = branches(input)?;

    let bounds = branches.iter().filter(|branch| !branch.recursive).map(|Branch { ty, .. }| -> WherePredicate {
        // Spanned, so that an error where the struct is used shows the field it comes from.
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
    let visit = branches.iter().map(|branch| branch.call(&root, quote!(visit), quote!(&)));
    let visit_mut = branches.iter().map(|branch| branch.call(&root, quote!(visit_mut), quote!(&mut)));
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
                #(#visit)*
            }

            fn visit_mut(
                &mut self,
                path: &#root::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(&#root::Path<'_>, &mut #root::Tensor<__F>),
            ) {
                #(#visit_mut)*
            }
        }
        #check
    })
}

/// Reports a field that is not a tree at the field. The impl's bounds alone do so only where the struct is used, and
/// there they blame the struct.
///
/// One element type must suit every field. It is left to inference, starting from a float literal, which becomes `f64`
/// where the fields leave it open (they may all be trees without tensors). A type with a generic parameter in it is
/// known only where the struct is used, and is left to the bounds.
fn check_fields(input: &DeriveInput, branches: &[Branch], root: &Path) -> Option<TokenStream2> {
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

/// A field of the struct that is a branch of the tree.
struct Branch {
    member: Member,
    ty: Type,
    /// The step of the path that leads to it: the option `rename`, or else the field's own name or index.
    name: String,
    renamed: Option<LitStr>,
    /// Whether the type contains the struct itself, as in `Option<Box<Self>>`. Its bound would need itself for a proof
    /// (E0275), and it is not needed: the body knows the impl it stands in.
    recursive: bool,
}

impl Branch {
    /// The statement that walks this branch.
    fn call(&self, root: &Path, method: TokenStream2, borrow: TokenStream2) -> TokenStream2 {
        let Branch { member, ty, name, renamed, .. } = self;
        let step = match member {
            Member::Unnamed(index) if renamed.is_none() => {
                let index = index.index as usize;
                quote!(index(#index))
            }
            _ => quote!(field(#name)),
        };
        quote!(<#ty as #root::Params<__F>>::#method(#borrow self.#member, &path.#step, visitor);)
    }
}

/// The branches in the order of the fields, or every error in them at once.
fn branches(input: &DeriveInput) -> syn::Result<Vec<Branch>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`#[derive(Params)]` is for structs: a tensor's name must not depend on the variant a value happens to hold. \
             Write a struct (with `Option` for what may be missing), or implement `Params` by hand with a `match`",
        ));
    };
    let mut branches: Vec<Branch> = Vec::new();
    let mut errors = Vec::new();
    for (field, member) in data.fields.iter().zip(data.fields.members()) {
        match branch(field, member, &input.ident) {
            Ok(Some(branch)) => match branches.iter().find(|other| other.name == branch.name) {
                Some(other) => errors.push(same_name(other, &branch)),
                None => branches.push(branch),
            },
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    let error = errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    });
    error.map_or(Ok(branches), Err)
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
        "the fields `{}` and `{}` would both be called `{}` in the tree: choose another name for one of them",
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
                    let message = "a name is one step of a path: not empty and without `.`; \
                                   nested structs make nested names";
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
        Some(name) if options.skip => Err(Error::new(name.span(), "a field that is skipped has no name to change")),
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
                "unknown option `{path}`: a struct takes `crate = \"path\"`; `skip` and `rename` belong to its fields"
            )))
        })?;
    }
    Ok(root)
}

/// Whether a type speaks of one of `names`, alone or as the first part of a path. Tokens tell enough, and spare syn's
/// `visit` feature: a name after `::` is another one (`struct Linear { inner: nn::Linear }` is not recursive).
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
