//! `#[derive(Options)]`: the fields of a plain struct become named options that are read from text and written to it,
//! and the variants of a plain enum the values of such an option.
//!
//! For `struct Mine { #[options(default = 0.1)] lr: f64, limit: f64 }` it generates, abbreviated,
//!
//! ```text
//! impl Options for Mine {
//!     fn name(&self) -> &'static str { "Mine" }
//!     fn options(&self) -> Vec<(&'static str, String)> { vec![("lr", self.lr.write()), ("limit", self.limit.write())] }
//!     fn set_option(&mut self, option, value) -> Result<(), TextError> {
//!         match option { "lr" => self.lr = ..., "limit" => self.limit = ..., _ => return Err(...) }
//!         Ok(())
//!     }
//! }
//! impl Default for Mine { ... }
//! ```

use proc_macro2::{Ident, TokenStream as TokenStream2, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DataEnum, DeriveInput, Error, Field, Fields, LitStr, Path, Token, parenthesized};

/// The output of the derive for `input`; `root` is the crate or module that has `Options`.
pub(crate) fn expand(input: TokenStream2, root: Path) -> TokenStream2 {
    syn::parse2(input).and_then(|input| implement(&input, root)).unwrap_or_else(Error::into_compile_error)
}

fn implement(input: &DeriveInput, root: Path) -> syn::Result<TokenStream2> {
    let StructOptions { root: elsewhere, several } = struct_options(&input.attrs)?;
    let root = elsewhere.unwrap_or(root);
    match &input.data {
        Data::Struct(data) if !matches!(data.fields, Fields::Unnamed(_)) => {
            let fields = data.fields.iter().map(OptionField::new).collect::<syn::Result<Vec<_>>>()?;
            let options = options(input, &fields, &several, &root)?;
            let default = default(input, &fields);
            Ok(quote!(#options #default))
        }
        Data::Enum(data) if several.is_empty() => choice(input, data, &root),
        _ => Err(Error::new(
            input.ident.span(),
            "`#[derive(Options)]` supports structs with named fields, and enums without groups of options",
        )),
    }
}

/// A field with its parsed attributes.
struct OptionField<'a> {
    ident: &'a Ident,
    field: &'a Field,
    skip: bool,
    default: Option<TokenStream2>,
}

impl<'a> OptionField<'a> {
    fn new(field: &'a Field) -> syn::Result<Self> {
        let ident = field.ident.as_ref().expect("named fields only");
        let mut new = OptionField { ident, field, skip: false, default: None };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("options")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("skip") {
                    new.skip = true;
                } else if meta.path.is_ident("default") {
                    new.default = Some(value(meta.value()?)?);
                } else {
                    let path = meta.path.to_token_stream();
                    return Err(
                        meta.error(format!("unknown option `{path}`: a field takes `skip` or `default = value`"))
                    );
                }
                Ok(())
            })?;
        }
        Ok(new)
    }

    fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

/// The tokens up to the next comma. (Parsing an expression needs syn's feature `full`, which costs more build time than
/// everything else.)
fn value(input: ParseStream<'_>) -> syn::Result<TokenStream2> {
    let mut tokens = TokenStream2::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    if tokens.is_empty() { Err(input.error("expected a value")) } else { Ok(tokens) }
}

fn options(
    input: &DeriveInput,
    fields: &[OptionField<'_>],
    several: &[(Ident, Vec<Ident>)],
    root: &Path,
) -> syn::Result<TokenStream2> {
    let (owner, name) = (&input.ident, input.ident.unraw().to_string());
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let listed: Vec<&OptionField<'_>> = fields.iter().filter(|field| !field.skip).collect();
    let (idents, names): (Vec<_>, Vec<_>) = listed.iter().map(|field| (field.ident, field.name())).unzip();
    let mut known = names.clone();
    let mut arms = Vec::new();
    for (together, parts) in several {
        let text = together.unraw().to_string();
        if known.contains(&text) {
            return Err(Error::new(together.span(), format!("duplicate option `{text}`")));
        }
        if let Some(part) = parts.iter().find(|part| !idents.contains(part)) {
            return Err(Error::new(part.span(), format!("there is no option `{part}`")));
        }
        let types = parts
            .iter()
            .filter_map(|part| listed.iter().find(|field| field.ident == part))
            .map(|field| &field.field.ty);
        arms.push(quote! {
            #text => (#(self.#parts),*) = <(#(#types),*) as #root::OptionValue>::read_option(#name, #text, value)?,
        });
        known.push(text);
    }
    let unknown = quote! {
        ::core::result::Result::Err(#root::TextError::unknown_option(#name, option, &[#(#known),*]))
    };
    let (value, body) = if known.is_empty() {
        (quote!(_), unknown)
    } else {
        let body = quote! {
            match option {
                #(#names => self.#idents = #root::OptionValue::read_option(#name, #names, value)?,)*
                #(#arms)*
                _ => return #unknown,
            }
            ::core::result::Result::Ok(())
        };
        (quote!(value), body)
    };
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #root::Options for #owner #ty_generics #where_clause {
            fn name(&self) -> &'static str {
                #name
            }

            fn options(&self) -> ::std::vec::Vec<(&'static str, ::std::string::String)> {
                ::std::vec![#((#names, #root::OptionValue::write(&self.#idents))),*]
            }

            fn set_option(&mut self, option: &str, #value: &str) -> ::core::result::Result<(), #root::TextError> {
                #body
            }
        }
    })
}

/// An impl of `Default`, if any field has a default; the other fields have that of their type.
fn default(input: &DeriveInput, fields: &[OptionField<'_>]) -> Option<TokenStream2> {
    let (owner, (impl_generics, ty_generics, where_clause)) = (&input.ident, input.generics.split_for_impl());
    let value = |field: &OptionField<'_>| match &field.default {
        Some(value) => value.clone(),
        None => quote!(::core::default::Default::default()),
    };
    let (idents, values): (Vec<_>, Vec<_>) = fields.iter().map(|field| (field.ident, value(field))).unzip();
    fields.iter().any(|field| field.default.is_some()).then(|| {
        quote! {
            #[automatically_derived]
            impl #impl_generics ::core::default::Default for #owner #ty_generics #where_clause {
                fn default() -> Self {
                    Self { #(#idents: #values),* }
                }
            }
        }
    })
}

/// An impl of `OptionValue` for an enum: its values are the names of the variants in snake case.
fn choice(input: &DeriveInput, data: &DataEnum, root: &Path) -> syn::Result<TokenStream2> {
    let owner = &input.ident;
    if let Some(variant) = data.variants.iter().find(|variant| !matches!(variant.fields, Fields::Unit)) {
        return Err(Error::new(
            variant.ident.span(),
            "`#[derive(Options)]` supports only enum variants without fields",
        ));
    }
    let variants: Vec<&Ident> = data.variants.iter().map(|variant| &variant.ident).collect();
    let names: Vec<String> = variants.iter().map(|variant| snake_case(&variant.unraw().to_string())).collect();
    let must = format!("one of {}", names.join(", "));
    Ok(quote! {
        #[automatically_derived]
        impl #root::OptionValue for #owner {
            const MUST: &'static str = #must;

            fn read(text: &str) -> ::core::option::Option<Self> {
                match text {
                    #(#names => ::core::option::Option::Some(Self::#variants),)*
                    _ => ::core::option::Option::None,
                }
            }

            fn write(&self) -> ::std::string::String {
                let name = match *self {
                    #(Self::#variants => #names,)*
                };
                ::std::string::String::from(name)
            }
        }
    })
}

/// Turns `StrongWolfe` into `strong_wolfe`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// The parsed attributes of a struct.
#[derive(Default)]
struct StructOptions {
    root: Option<Path>,
    /// Groups: names for several options together, as in `betas(beta1, beta2)`.
    several: Vec<(Ident, Vec<Ident>)>,
}

fn struct_options(attributes: &[Attribute]) -> syn::Result<StructOptions> {
    let mut options = StructOptions::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("options")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                options.root = Some(meta.value()?.parse::<LitStr>()?.parse_with(Path::parse_mod_style)?);
                return Ok(());
            }
            if !meta.input.peek(syn::token::Paren) {
                let path = meta.path.to_token_stream();
                return Err(meta.error(format!(
                    "unknown option `{path}`: a struct takes `crate = \"path\"` and groups of options such as \
                     `betas(beta1, beta2)`; `skip` and `default` belong on its fields"
                )));
            }
            let parts;
            parenthesized!(parts in meta.input);
            let parts = Punctuated::<Ident, Token![,]>::parse_terminated(&parts)?;
            options.several.push((meta.path.require_ident()?.clone(), parts.into_iter().collect()));
            Ok(())
        })?;
    }
    Ok(options)
}

#[cfg(test)]
mod tests;
