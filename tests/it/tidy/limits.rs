//! Files of at most 500 lines, functions of at most 70, at most seven parameters. Files that hold nothing
//! but tests are exempt from the function limit.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::source;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const PARAMETERS: usize = 7;

#[test]
fn no_file_is_longer_than_500_lines() {
    let long: Vec<String> = source::files()
        .into_iter()
        .filter(|name| {
            [".rs", ".sh", ".java", ".yaml"]
                .iter()
                .any(|ending| name.ends_with(ending))
        })
        .filter(|name| !name.starts_with("profiles/"))
        .map(|name| (source::read(&name).lines().count(), name))
        .filter(|(lines, _)| *lines > FILE_LINES)
        .map(|(lines, name)| format!("{name}: {lines} lines"))
        .collect();
    assert!(
        long.is_empty(),
        "longer than {FILE_LINES} lines:\n{}",
        long.join("\n")
    );
}

#[test]
fn no_function_is_longer_than_70_lines_or_takes_more_than_seven_parameters() {
    let mut findings = Vec::new();
    let product = ["crates/", "tools/"]
        .into_iter()
        .flat_map(source::rust_files)
        .filter(|name| !source::is_test_file(name));
    for name in product {
        let file =
            syn::parse_file(&source::read(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut functions = Functions {
            name: &name,
            findings: &mut findings,
        };
        functions.visit_file(&file);
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

struct Functions<'a> {
    name: &'a str,
    findings: &'a mut Vec<String>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let lines = block.span().end().line + 1 - first;
        let (file, function) = (self.name, &signature.ident);
        if lines > FUNCTION_LINES {
            self.findings.push(format!(
                "{file}:{first}: {function} has {lines} lines, {FUNCTION_LINES} are allowed"
            ));
        }
        let parameters = signature.inputs.len();
        if parameters > PARAMETERS {
            self.findings.push(format!(
                "{file}:{first}: {function} takes {parameters} parameters, {PARAMETERS} are allowed"
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
