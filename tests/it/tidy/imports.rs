//! What a source file imports, as absolute paths: read from its tokens, so that comments and strings
//! count for nothing, and `super::`, `self::`, aliases and groups all count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module or of something in it, from the root of the crate.
pub(super) type Name = Vec<String>;

/// One source file.
#[derive(Debug)]
pub(super) struct Module {
    /// Its own path: `["plan", "render", "text"]`.
    pub(super) name: Name,
    /// Whether other files are below it.
    pub(super) is_root: bool,
    /// All that it names, but for what it only hands on.
    named: BTreeSet<Name>,
    /// What its `use` declarations bring into it, by name: what it hands on is among it.
    scope: BTreeMap<String, Name>,
}

/// All modules of a crate.
#[derive(Debug)]
pub(super) struct Modules(pub(super) BTreeMap<Name, Module>);

impl Modules {
    /// Reads the files below a `src` folder.
    pub(super) fn read(src: &Path, files: &[PathBuf]) -> Self {
        let names: BTreeSet<Name> = files.iter().map(|file| name_of(src, file)).collect();
        let read = files.iter().map(|file| {
            let name = name_of(src, file);
            let text = fs::read_to_string(file).unwrap();
            (name.clone(), Module::read(name, &text, &names))
        });
        Self(read.collect())
    }

    /// The modules that one of them uses: those in which what it names is defined, however many
    /// others hand it on.
    pub(super) fn used_by(&self, module: &Module) -> BTreeSet<&Name> {
        let used = module.named.iter().filter_map(|name| self.defined(name, 0));
        used.filter(|used| **used != module.name).collect()
    }

    /// The module that holds what is meant.
    fn defined(&self, name: &Name, depth: usize) -> Option<&Name> {
        let (module, rest) = self.split(name)?;
        let handed_on = rest.first().and_then(|first| module.scope.get(first));
        match handed_on {
            Some(target) if depth < 8 => {
                let whole: Name = target.iter().chain(rest.iter().skip(1)).cloned().collect();
                self.defined(&whole, depth + 1).or(Some(&module.name))
            }
            _ => Some(&module.name),
        }
    }

    /// The longest beginning of a path that is a module, and what follows it.
    fn split<'n>(&self, name: &'n [String]) -> Option<(&Module, &'n [String])> {
        (1..=name.len()).rev().find_map(|length| {
            let (module, rest) = name.split_at(length);
            Some((self.0.get(module)?, rest))
        })
    }
}

/// `src/plan/render/mod.rs` is `plan::render`.
fn name_of(src: &Path, file: &Path) -> Name {
    let below = file.strip_prefix(src).unwrap().with_extension("");
    let mut name: Name = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if name.last().is_some_and(|last| last == "mod") {
        name.pop();
    }
    name
}

impl Module {
    /// Reads one. `names` are those of all modules.
    pub(super) fn read(name: Name, text: &str, names: &BTreeSet<Name>) -> Self {
        let is_root =
            names.iter().any(|other| other.len() > name.len() && other.starts_with(&name));
        let mut module = Self { name, is_root, named: BTreeSet::new(), scope: BTreeMap::new() };
        let tokens = flat(text.parse().unwrap());
        let mut paths = Vec::new();
        // Modules inside the file that are open, each with the depth of its braces.
        let mut inner: Vec<(String, usize)> = Vec::new();
        let (mut at, mut depth) = (0, 0);
        while at < tokens.len() {
            let here: Name =
                module.name.iter().chain(inner.iter().map(|(name, _)| name)).cloned().collect();
            match tokens[at].as_str() {
                "{" => {
                    depth += 1;
                    if at >= 2 && tokens[at - 2] == "mod" {
                        inner.push((tokens[at - 1].clone(), depth));
                    }
                }
                "}" => {
                    inner.retain(|(_, opened)| *opened < depth);
                    depth -= 1;
                }
                _ => {}
            }
            if tokens[at] == "use" {
                let handed_on = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
                let mut found = Vec::new();
                at = tree(&tokens, at + 1, &Vec::new(), &mut found);
                for (path, alias) in found {
                    module.bring_in(&here, &path, alias, handed_on, names);
                }
            } else if let Some((path, end)) = path(&tokens, at) {
                paths.push((here, path));
                at = end;
            } else {
                at += 1;
            }
        }
        let named: Vec<Name> =
            paths.iter().filter_map(|(here, path)| module.absolute(here, path, names)).collect();
        module.named.extend(named);
        module
    }

    /// Takes in one name of a `use` declaration.
    fn bring_in(
        &mut self,
        here: &Name,
        path: &Name,
        alias: String,
        handed_on: bool,
        names: &BTreeSet<Name>,
    ) {
        let Some(target) = self.absolute(here, path, names) else { return };
        self.scope.insert(alias, target.clone());
        // A root that hands on what is below it does not use it.
        if !(handed_on && self.is_root && target.starts_with(&self.name)) {
            self.named.insert(target);
        }
    }

    /// A path as seen from here; nothing if it does not lead into this crate.
    fn absolute(&self, here: &Name, path: &[String], names: &BTreeSet<Name>) -> Option<Name> {
        let (first, rest) = path.split_first()?;
        let below = |base: &[String], rest: &[String]| -> Name {
            base.iter().chain(rest).cloned().collect()
        };
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some(below(here, rest)),
            "super" => {
                let ups = 1 + rest.iter().take_while(|part| *part == "super").count();
                let base = here.len().checked_sub(ups)?;
                Some(below(&here[..base], &rest[ups - 1..]))
            }
            _ if self.scope.contains_key(first) => Some(below(&self.scope[first], rest)),
            _ => {
                let child = below(here, std::slice::from_ref(first));
                names.contains(&child).then(|| below(&child, rest))
            }
        }
    }
}

/// Tokens as text, those in groups between their signs. Strings and numbers are `""`.
fn flat(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                all.push(open.to_owned());
                all.extend(flat(group.stream()));
                all.push(close.to_owned());
            }
            TokenTree::Ident(ident) => all.push(ident.to_string()),
            TokenTree::Punct(sign) => all.push(sign.to_string()),
            TokenTree::Literal(_) => all.push("\"\"".to_owned()),
        }
    }
    all
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn is_colons(tokens: &[String], at: usize) -> bool {
    tokens.get(at).is_some_and(|sign| sign == ":")
        && tokens.get(at + 1).is_some_and(|sign| sign == ":")
}

/// A path with at least one `::` that begins here, and where it ends.
fn path(tokens: &[String], at: usize) -> Option<(Name, usize)> {
    let within = at >= 2 && is_colons(tokens, at - 2) || at >= 1 && tokens[at - 1] == ".";
    if within || !is_word(&tokens[at]) || !is_colons(tokens, at + 1) {
        return None;
    }
    let mut path = vec![tokens[at].clone()];
    let mut end = at + 1;
    while is_colons(tokens, end) && tokens.get(end + 2).is_some_and(|next| is_word(next)) {
        path.push(tokens[end + 2].clone());
        end += 3;
    }
    Some((path, end))
}

/// The names of a `use` tree that begins here, each with what it is called; and where it ends.
fn tree(tokens: &[String], mut at: usize, before: &Name, found: &mut Vec<(Name, String)>) -> usize {
    let mut path = before.clone();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens[at] != "}" {
                    at = tree(tokens, at, &path, found);
                    if tokens[at] == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some(":") => at += 1,
            Some("as") => {
                found.push((path, tokens[at + 1].clone()));
                return at + 2;
            }
            Some("*") => {
                found.push((path, "*".to_owned()));
                return at + 1;
            }
            Some("self") if !path.is_empty() => at += 1,
            Some(word) if is_word(word) => {
                path.push(word.to_owned());
                at += 1;
            }
            _ => {
                let name = path.last().cloned().unwrap_or_default();
                found.push((path, name));
                return at;
            }
        }
    }
}
