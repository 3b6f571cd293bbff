//! The order of the house: data moves one way. A module names only modules that stand before it in [`LAYERS`], and no
//! file depends on itself by way of others.
//!
//! The sources are parsed, not searched, so comments, strings and tests do not count.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// The folders and files of `src/` in the order in which data passes. `lib.rs` and `main.rs` name what they like.
const LAYERS: &[&str] = &[
    "terminal", "model", "link", "graph", "journal", "case", "http", "source", "intel", "pipeline",
    "evidence", "hunt", "sink", "report", "config", "cli", "command",
];

/// What a module does not know, although it comes later: a source knows one API and nothing of the graph, a sink the
/// graph and nothing of Teams, and what reads a case asks the case and not the pipeline.
const APART: &[(&str, &str)] = &[
    ("journal", "graph"),
    ("case", "graph"),
    ("http", "graph"),
    ("source", "graph"),
    ("intel", "graph"),
    ("evidence", "pipeline"),
    ("hunt", "pipeline"),
    ("sink", "pipeline"),
    ("sink", "source"),
    ("sink", "http"),
    ("report", "pipeline"),
];

/// What could make two runs over the same journal differ: the network, the clock, random numbers and the environment.
/// Only these modules may name it. All that makes a graph is kept from it, so a replay gives the same bytes.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("reqwest", &["http"]),
    ("aws_lc_rs", &["http"]),
    ("azure_core", &["http"]),
    ("azure_identity", &["http"]),
    ("Utc::now", &["case", "http", "intel", "command"]),
    ("Local::now", &[]),
    ("SystemTime::now", &["http"]),
    ("rand", &["model"]),
    ("Ulid::generate", &["command"]),
    ("std::env", &["config"]),
];

/// A module by its path below the crate, such as `["graph", "node"]`.
type Module = Vec<String>;

/// What one file of the sources says of others.
struct Source {
    file: PathBuf,
    names: Vec<Name>,
    /// What the file gives on under another path: a name, and the path that it stands for.
    given_on: BTreeMap<String, Module>,
    /// Every path in the file as it is written, with its line.
    written: Vec<(String, usize)>,
}

/// A path of this crate that a file names.
struct Name {
    /// The path, beginning at the crate.
    path: Module,
    line: usize,
    /// True where the file only gives the name on (`pub use`) and does not use it itself.
    given_on: bool,
}

type Sources = BTreeMap<Module, Source>;

#[test]
fn no_module_names_a_later_one() {
    let broken = later(&read(Path::new("src")));
    assert!(
        broken.is_empty(),
        "these name a module that comes after them in LAYERS, or one that APART keeps from them; move what they need to a module before both:\n{}",
        broken.join("\n")
    );
}

#[test]
fn no_file_depends_on_itself() {
    let circles = circles(&read(Path::new("src")));
    assert!(
        circles.is_empty(),
        "these files need each other in a circle; put what they share into a file of its own:\n{}",
        circles.join("\n")
    );
}

#[test]
fn only_some_modules_look_outside() {
    let broken = outside(&read(Path::new("src")));
    assert!(
        broken.is_empty(),
        "these look at what is not in the journal, so a replay could differ; see OUTSIDE:\n{}",
        broken.join("\n")
    );
}

/// A house as it must not be, so that the tests above are known to see it.
#[test]
fn what_goes_the_wrong_way_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let src = folder.path().join("src");
    let write = |name: &str, text: &str| {
        let path = src.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "lib.rs",
        "pub mod model; pub mod graph; pub mod attic; use crate::command::x;",
    );
    write(
        "model.rs",
        "// crate::graph\nfn f() { let _ = \"crate::graph\"; }",
    );
    write(
        "graph/mod.rs",
        "mod edge; mod node; pub use node::Node;\nuse crate::{model, sink::{self, csv}};\nfn f() { vec![crate::report::page()]; }",
    );
    write("graph/edge.rs", "use super::Node;");
    write(
        "graph/node.rs",
        "struct Node(super::edge::Edge);\n#[cfg(test)]\nmod tests { use crate::command::x; }",
    );
    write("attic.rs", "");
    write(
        "journal.rs",
        "use crate::command::*;\npub use crate::sink::csv;\npub(crate) use crate::report::*;\nuse crate::model::*;",
    );
    write("source/logs.rs", "use crate::graph::Graph;");
    write(
        "pipeline/seeds.rs",
        "use chrono::{self, Utc};\nuse std::{env, fs};\nfn f() { let _ = Utc::now(); }\nfn g() { vec![rand::random::<u8>()]; }\n#[cfg(test)]\nmod tests { use reqwest::Client; }\nfn h() { let brand = 1; }\nfn i() { ulid::Ulid::generate(); ulid::Ulid::from_string(id); }\nuse reqwest::*;",
    );
    let sources = read(&src);
    let broken = later(&sources);
    let broken: Vec<&str> = broken
        .iter()
        .map(|line| line.rsplit("src/").next().unwrap())
        .collect();
    assert_eq!(
        broken,
        [
            "attic.rs stands in no layer",
            "graph/mod.rs:2 names sink",
            "graph/mod.rs:2 names sink",
            "graph/mod.rs:3 names report",
            "journal.rs:1 names command",
            "journal.rs:2 names sink",
            "journal.rs:3 names report",
            "source/logs.rs:1 names graph",
        ]
    );
    let broken: Vec<String> = outside(&sources)
        .iter()
        .map(|line| line.rsplit("src/").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        broken,
        [
            "pipeline/seeds.rs:2 names std::env",
            "pipeline/seeds.rs:3 names Utc::now",
            "pipeline/seeds.rs:4 names rand",
            "pipeline/seeds.rs:8 names Ulid::generate",
            "pipeline/seeds.rs:9 names reqwest",
        ]
    );
    assert_eq!(
        circles(&sources),
        ["graph::edge -> graph::node -> graph::edge"]
    );
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == module)
}

fn later(sources: &Sources) -> Vec<String> {
    let mut broken = Vec::new();
    for (module, source) in sources {
        let file = source.file.display();
        let Some(own) = rank(&module[0]) else {
            broken.push(format!("{file} stands in no layer"));
            continue;
        };
        for Name { path, line, .. } in &source.names {
            if let Some(first) = path.first()
                && (rank(first).is_some_and(|other| other > own)
                    || APART.contains(&(module[0].as_str(), first.as_str())))
            {
                broken.push(format!("{file}:{line} names {first}"));
            }
        }
    }
    broken
}

fn outside(sources: &Sources) -> Vec<String> {
    let mut broken = Vec::new();
    for (module, source) in sources {
        for (path, line) in &source.written {
            for (name, allowed) in OUTSIDE {
                // A crate is named at the start of a path, a function wherever its type comes from.
                let path = format!("::{path}::");
                let found = match name.starts_with(char::is_uppercase) {
                    true => path.contains(&format!("::{name}::")),
                    false => path.starts_with(&format!("::{name}::")),
                };
                if found && !allowed.contains(&module[0].as_str()) {
                    let line = format!("{}:{line} names {name}", source.file.display());
                    if !broken.contains(&line) {
                        broken.push(line);
                    }
                }
            }
        }
    }
    broken
}

/// Every file of the sources but `lib.rs` and `main.rs`, by its module.
fn read(src: &Path) -> Sources {
    let mut files = Vec::new();
    list(src, &mut files);
    files.sort();
    let module_of = |file: &Path| -> Module {
        let below = file.strip_prefix(src).unwrap().with_extension("");
        let mut module: Module = below
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        module
    };
    let is_root = |module: &Module| *module == ["lib"] || *module == ["main"];
    let modules: BTreeSet<Module> = files.iter().map(|file| module_of(file)).collect();
    let mut sources = Sources::new();
    for file in files {
        let module = module_of(&file);
        let text = fs::read_to_string(&file).unwrap();
        let parsed =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut reader = Reader {
            module: module.clone(),
            modules: &modules,
            names: Vec::new(),
            given_on: BTreeMap::new(),
            written: Vec::new(),
        };
        if !is_root(&module) {
            reader.visit_file(&parsed);
            let Reader {
                names,
                given_on,
                written,
                ..
            } = reader;
            sources.insert(
                module,
                Source {
                    file,
                    names,
                    given_on,
                    written,
                },
            );
        }
    }
    // What only tests are made of is named by `#[cfg(test)] mod name;`.
    sources.retain(|module, _| {
        !module
            .iter()
            .any(|part| part == "tests" || part.ends_with("_tests"))
    });
    sources
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// Collects the paths that a file names.
struct Reader<'m> {
    module: Module,
    modules: &'m BTreeSet<Module>,
    names: Vec<Name>,
    given_on: BTreeMap<String, Module>,
    written: Vec<(String, usize)>,
}

impl Reader<'_> {
    /// A path from the crate on; none for what is no module of this crate.
    fn resolved(&self, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.module.clone(),
            "super" => {
                let mut base = self.module.clone();
                base.pop();
                let above = rest.iter().take_while(|part| *part == "super").count();
                base.truncate(base.len() - above);
                base.extend(rest[above..].iter().cloned());
                return Some(base);
            }
            child => {
                let mut base = self.module.clone();
                base.push(child.to_owned());
                if !self.modules.contains(&base) {
                    return None;
                }
                base
            }
        };
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn name(&mut self, path: &[String], line: usize) {
        if let Some(path) = self.resolved(path) {
            self.names.push(Name {
                path,
                line,
                given_on: false,
            });
        }
    }

    fn used(&mut self, tree: &syn::UseTree, before: &[String], public: bool) {
        let mut path = before.to_vec();
        let (name, span) = match tree {
            syn::UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.used(&tree.tree, &path, public);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.used(tree, before, public);
                }
                return;
            }
            syn::UseTree::Name(tree) => (tree.ident.to_string(), tree.ident.span()),
            syn::UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                (tree.rename.to_string(), tree.ident.span())
            }
            // The path is that of the module itself, as it is with `self`.
            syn::UseTree::Glob(tree) => ("*".to_owned(), tree.star_token.spans[0]),
        };
        if matches!(tree, syn::UseTree::Name(_)) && name != "self" {
            path.push(name.clone());
        }
        let line = span.start().line;
        self.written.push((path.join("::"), line));
        if let Some(path) = self.resolved(&path) {
            if public {
                self.given_on.insert(name, path.clone());
            }
            self.names.push(Name {
                path,
                line,
                given_on: public,
            });
        }
    }

    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in
            tokens
                .into_iter()
                .chain([proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone).into()])
        {
            match &token {
                proc_macro2::TokenTree::Punct(punct)
                    if punct.as_char() == ':' && !path.is_empty() =>
                {
                    colons += 1;
                    continue;
                }
                proc_macro2::TokenTree::Ident(ident) if path.is_empty() || colons == 2 => {
                    if path.is_empty() {
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                _ => {}
            }
            if path.len() > 1 {
                self.written.push((path.join("::"), line));
                self.name(&path, line);
            }
            path.clear();
            colons = 0;
            match token {
                proc_macro2::TokenTree::Ident(ident) => {
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                }
                proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            let public = !matches!(item.vis, syn::Visibility::Inherited);
            self.used(&item.tree, &[], public);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        if parts.len() > 1 {
            let line = path.segments[0].ident.span().start().line;
            self.written.push((parts.join("::"), line));
            self.name(&parts, line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

/// The module in which what a path names is defined, whoever gives it on.
fn definition(sources: &Sources, path: &[String], depth: usize) -> Option<Module> {
    let known = (1..=path.len()).rev().map(|length| path[..length].to_vec());
    let module = known
        .into_iter()
        .find(|module| sources.contains_key(module))?;
    let given_on = path
        .get(module.len())
        .and_then(|name| sources[&module].given_on.get(name));
    match given_on {
        Some(target) if depth < 8 => definition(sources, target, depth + 1),
        _ => Some(module),
    }
}

/// Every circle of files, each by one way around it.
fn circles(sources: &Sources) -> Vec<String> {
    let mut needs: BTreeMap<&Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, source) in sources {
        let used = source.names.iter().filter(|name| !name.given_on);
        let named = used.filter_map(|name| definition(sources, &name.path, 0));
        needs.insert(module, named.filter(|other| other != module).collect());
    }
    let mut found = Vec::new();
    let mut told: BTreeSet<Module> = BTreeSet::new();
    for start in sources.keys() {
        if told.contains(start) {
            continue;
        }
        if let Some(circle) = way_back(&needs, start) {
            let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            told.extend(circle);
            found.push(names.join(" -> "));
        }
    }
    found
}

/// The shortest way from a module back to itself.
fn way_back(needs: &BTreeMap<&Module, BTreeSet<Module>>, start: &Module) -> Option<Vec<Module>> {
    let mut before: BTreeMap<Module, Module> = BTreeMap::new();
    let mut next = vec![start.clone()];
    while !next.is_empty() {
        let mut after = Vec::new();
        for module in next {
            for other in needs.get(&module).into_iter().flatten() {
                if other == start {
                    let mut way = vec![start.clone(), module.clone()];
                    while way.last() != Some(start) {
                        let last = way[way.len() - 1].clone();
                        way.push(before[&last].clone());
                    }
                    way.reverse();
                    return Some(way);
                }
                if !before.contains_key(other) {
                    before.insert(other.clone(), module.clone());
                    after.push(other.clone());
                }
            }
        }
        next = after;
    }
    None
}
