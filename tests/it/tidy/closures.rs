//! How long closures are: read from a file's tokens.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A closure, by the line that its body begins on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closure {
    pub(super) line: usize,
    /// How many lines there are between the first and the last of its body.
    pub(super) inside: usize,
}

/// The closures of a file, those inside others among them.
pub(super) fn of(text: &str) -> Vec<Closure> {
    let mut found = Vec::new();
    within(text.parse().unwrap(), &mut found);
    found
}

fn within(tokens: TokenStream, found: &mut Vec<Closure>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if is_bar(&tokens[at]) && begins(&tokens[..at]) {
            let behind = tokens[at + 1..].iter().position(is_bar).unwrap();
            at += behind + 2;
            found.extend(measured(&tokens[at..]));
        } else {
            at += 1;
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            within(group.stream(), found);
        }
    }
}

fn is_bar(token: &TokenTree) -> bool {
    is_sign(token, "|")
}

fn is_sign(token: &TokenTree, signs: &str) -> bool {
    matches!(token, TokenTree::Punct(sign) if signs.contains(sign.as_char()))
}

/// Whether a bar behind these opens a closure: where a value ends it is an `or`.
fn begins(before: &[TokenTree]) -> bool {
    match before.last() {
        None => true,
        Some(TokenTree::Ident(word)) => {
            ["async", "else", "in", "move", "return"].iter().any(|opens| word == opens)
        }
        Some(sign) => is_sign(sign, "=,;>&"),
    }
}

/// The closure whose body begins here.
fn measured(tokens: &[TokenTree]) -> Option<Closure> {
    let is_block = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let first = tokens.first()?;
    let end = if is_block(first) || is_sign(first, "-") {
        tokens.iter().position(is_block)? + 1
    } else {
        tokens.iter().position(|token| is_sign(token, ",;")).unwrap_or(tokens.len())
    };
    let line = first.span().start().line;
    let last = tokens[..end].last()?.span().end().line;
    Some(Closure { line, inside: (last - line).saturating_sub(1) })
}
