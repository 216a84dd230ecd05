//! Finds the faults that can be planted in a file.

use std::fs;
use std::ops::Range;
use std::path::Path;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, UnOp};

use crate::Candidate;

/// Every fault that can be planted in `file`, outside its tests.
pub fn of_file(repository: &Path, file: &str) -> Vec<Candidate> {
    let text = fs::read_to_string(repository.join(file)).expect("cannot read a source file");
    let tree = syn::parse_file(&text).expect("cannot parse a source file");
    if file.contains("/tests") || file.ends_with("reference.rs") || file.ends_with("testing.rs") {
        return Vec::new();
    }
    let mut finder = Finder { file, text: &text, found: Vec::new() };
    finder.visit_file(&tree);
    finder.found
}

struct Finder<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<Candidate>,
}

impl Finder<'_> {
    fn text_of(&self, span: Span) -> &str {
        &self.text[span.byte_range()]
    }

    fn add(&mut self, at: Span, range: Range<usize>, mutated: String, statement: bool) {
        let original = self.text[range.clone()].to_owned();
        let (file, line) = (self.file.to_owned(), at.start().line);
        self.found.push(Candidate { file, line, range, original, mutated, statement });
    }

    fn replace(&mut self, expr: &Expr, mutated: impl Into<String>) {
        self.add(expr.span(), expr.span().byte_range(), mutated.into(), false);
    }

    fn binary(&mut self, expr: &Expr, binary: &syn::ExprBinary) {
        let (left, right) = (self.text_of(binary.left.span()).to_owned(), self.text_of(binary.right.span()).to_owned());
        let other = match binary.op {
            BinOp::Add(_) => "-",
            BinOp::Sub(_) => "+",
            BinOp::Mul(_) => "/",
            BinOp::Div(_) => "*",
            BinOp::Lt(_) => "<=",
            BinOp::Le(_) => "<",
            BinOp::Gt(_) => ">=",
            BinOp::Ge(_) => ">",
            BinOp::Eq(_) => "!=",
            BinOp::Ne(_) => "==",
            BinOp::And(_) => "||",
            BinOp::Or(_) => "&&",
            _ => return,
        };
        self.replace(expr, format!("{left} {other} {right}"));
        if matches!(binary.op, BinOp::Add(_) | BinOp::Mul(_)) {
            self.replace(expr, left.clone());
        }
        if matches!(binary.op, BinOp::And(_) | BinOp::Or(_)) {
            self.replace(expr, right);
        }
        if matches!(binary.op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_)) {
            self.replace(expr, "false");
        }
    }

    fn literal(&mut self, expr: &Expr, literal: &Lit) {
        match literal {
            Lit::Int(int) => match int.base10_parse::<u64>() {
                Ok(0) => self.replace(expr, "1"),
                Ok(n) => self.replace(expr, format!("{}{}", n - 1, int.suffix())),
                Err(_) => {}
            },
            Lit::Float(float) => match float.base10_parse::<f64>() {
                Ok(0.0) => self.replace(expr, "1.0"),
                Ok(x) => self.replace(expr, format!("{:?}{}", 1.01 * x, float.suffix())),
                Err(_) => {}
            },
            Lit::Bool(bool) => self.replace(expr, (!bool.value).to_string()),
            _ => {}
        }
    }
}

/// A method that is easily confused with this one.
fn neighbour(method: &str) -> Option<&'static str> {
    Some(match method {
        "min" => "max",
        "max" => "min",
        "any" => "all",
        "all" => "any",
        "is_some" => "is_none",
        "is_none" => "is_some",
        "floor" => "ceil",
        "ceil" => "floor",
        "sin" => "cos",
        "cos" => "sin",
        "first" => "last",
        "last" => "first",
        "position" => "rposition",
        _ => return None,
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !module.attrs.iter().any(|attribute| self.text_of(attribute.span()).contains("cfg(test)")) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let is_test = function.attrs.iter().any(|attribute| self.text_of(attribute.span()).contains("test"));
        if function.sig.constness.is_none() && !is_test {
            self.visit_block(&function.block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if function.sig.constness.is_none() {
            self.visit_block(&function.block);
        }
    }

    // A fault is a run-time condition, which constants, types and patterns cannot contain.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        if let syn::Stmt::Expr(expr, Some(_)) = statement
            && matches!(expr, Expr::Assign(_) | Expr::MethodCall(_) | Expr::Call(_) | Expr::Binary(_))
        {
            self.add(statement.span(), statement.span().byte_range(), String::new(), true);
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Binary(binary) => self.binary(expr, binary),
            Expr::Lit(literal) => self.literal(expr, &literal.lit),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_) | UnOp::Not(_)) => {
                let inner = self.text_of(unary.expr.span()).to_owned();
                self.replace(expr, inner);
            }
            Expr::If(conditional) if !matches!(*conditional.cond, Expr::Let(_)) => {
                let condition = &conditional.cond;
                if !self.text_of(condition.span()).contains("let ") {
                    self.replace(condition, "true");
                    self.replace(condition, "false");
                }
            }
            Expr::MethodCall(call) => {
                if let Some(other) = neighbour(&call.method.to_string()) {
                    let (start, name) = (expr.span().byte_range().start, call.method.span().byte_range());
                    let end = expr.span().byte_range().end;
                    let mutated = format!("{}{other}{}", &self.text[start..name.start], &self.text[name.end..end]);
                    self.replace(expr, mutated);
                }
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }
}
