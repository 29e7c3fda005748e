//! The files of the repository, as the tidy tests read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the repository")
        .to_path_buf()
}

/// Every file that is committed or about to be, relative to the root, sorted.
pub fn files() -> Vec<String> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(output.status.success(), "git ls-files failed");
    let text = String::from_utf8(output.stdout).expect("file names are UTF-8");
    let mut files: Vec<String> = text
        .split('\0')
        .filter(|name| !name.is_empty() && root().join(name).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    assert!(
        files.len() > 20,
        "the list of files is too short to be true"
    );
    files
}

/// The Rust files below a folder.
pub fn rust_files(folder: &str) -> Vec<String> {
    files()
        .into_iter()
        .filter(|name| name.starts_with(folder) && name.ends_with(".rs"))
        .collect()
}

/// The text of a file.
pub fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the crates, as folders below `crates/`.
pub fn crates() -> Vec<String> {
    let names = packages("crates/");
    assert!(names.len() >= 11, "crates are missing: {names:?}");
    names
}

/// The names of the packages below a folder.
pub fn packages(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = files()
        .iter()
        .filter_map(|name| {
            name.strip_prefix(folder)?
                .strip_suffix("/Cargo.toml")
                .map(str::to_owned)
        })
        .filter(|name| !name.contains('/'))
        .collect();
    names.sort();
    names
}

/// Whether the whole file is test code.
pub fn is_test_file(name: &str) -> bool {
    name.split('/')
        .any(|part| part == "tests" || part == "tests.rs" || part == "benches")
        || name.ends_with("_tests.rs")
}

/// The identifiers and punctuation of a file without its test code, comments and literals,
/// each with its line. Nested groups are flattened.
pub fn words(name: &str) -> Vec<(String, usize)> {
    let file = syn::parse_file(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut words = Vec::new();
    for item in &file.items {
        if !is_test_item(item) {
            flatten(item.to_token_stream(), &mut words);
        }
    }
    words
}

fn is_test_item(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(module) => &module.attrs,
        syn::Item::Fn(function) => &function.attrs,
        syn::Item::Impl(block) => &block.attrs,
        syn::Item::Use(import) => &import.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        let mut words = Vec::new();
        if let syn::Meta::List(list) = &attribute.meta {
            flatten(list.tokens.clone(), &mut words);
        }
        attribute.path().is_ident("cfg") && words.iter().any(|(word, _)| word == "test")
    })
}

fn flatten(tokens: TokenStream, words: &mut Vec<(String, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                words.push(("(".to_owned(), group.span_open().start().line));
                flatten(group.stream(), words);
            }
            TokenTree::Ident(ident) => words.push((ident.to_string(), ident.span().start().line)),
            TokenTree::Punct(mark) => {
                words.push((mark.as_char().to_string(), mark.span().start().line))
            }
            TokenTree::Literal(_) => {}
        }
    }
}
