//! What no output may hold, looked at as bytes and, where it is Markdown, as a page. Shares nothing
//! with the program's own rules.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};

/// What acts on a terminal or is seen by nobody.
fn acts(c: char) -> bool {
    let ranges = [
        '\u{0}'..='\u{8}',
        '\u{b}'..='\u{1f}',
        '\u{7f}'..='\u{9f}',
        '\u{ad}'..='\u{ad}',
        '\u{61c}'..='\u{61c}',
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{feff}'..='\u{feff}',
        '\u{fff9}'..='\u{fffb}',
        '\u{e0000}'..='\u{e0fff}',
    ];
    ranges.iter().any(|range| range.contains(&c))
}

/// Any output that a terminal or the log of a runner may show.
pub(super) fn any(what: &str, text: &str) {
    if let Some(c) = text.chars().find(|c| acts(*c)) {
        let line = text.lines().find(|line| line.contains(c)).unwrap_or_default();
        panic!("{what} holds {c:?}: {line:?}");
    }
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{what} gives a command: {line}");
        assert!(
            !["##[", "##vso["].iter().any(|command| line.contains(command)),
            "{what} gives a command: {line}"
        );
    }
}

/// The same with colours.
pub(super) fn coloured(what: &str, text: &str) {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("\u{1b}[") {
        let end = behind.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or_default();
        assert!(behind[end..].starts_with('m'), "{what} moves the cursor: {behind:?}");
        assert!(!behind[..end].split(';').any(|code| code == "8"), "{what} hides text: {behind:?}");
        plain += before;
        rest = &behind[end + 1..];
    }
    any(what, &(plain + rest));
}

/// JSON: nothing that acts, and still JSON.
pub(super) fn json(what: &str, text: &str) -> serde_json::Value {
    any(what, text);
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{what}: {error}: {text}"))
}

/// The commands of `validate --output github`: errors at their places, ten at most, and text that
/// is no command.
/// The commands that annotate.
const LEVELS: [&str; 3] = ["::error ", "::warning ", "::notice "];

pub(super) fn annotations(what: &str, text: &str) {
    for level in LEVELS {
        let lines = text.lines().filter(|line| line.starts_with(level));
        assert!(lines.count() <= 10, "{what}: {text}");
    }
    for line in text.lines() {
        let inside = LEVELS.iter().find_map(|level| line.strip_prefix(level));
        let inside = inside.unwrap_or_else(|| panic!("{what}: {line}"));
        let (properties, message) = inside.split_once("::").unwrap();
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(
                ["file", "line", "col", "title"].contains(&name) && !value.contains(':'),
                "{what}: {line}"
            );
        }
        any(what, &format!("{properties} {message}"));
    }
}

/// What we fold beside the tenants, each with a count.
const FOLDS: [&str; 3] = [
    "Asked for, and no step is planned",
    "True already",
    "Drift, whether the change is made or not",
];

/// A page as GitHub would show it: our headings, tables, folds and blocks of code, and plain words.
pub(super) fn page(what: &str, text: &str) {
    any(what, text);
    assert!(text.len() < 60_000, "{what} has {} bytes", text.len());
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    let (mut in_code, mut cells) = (false, 0);
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                assert!(["", "diff"].contains(&language.as_ref()), "{what}: a block of {language}");
                in_code = true;
            }
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Text(words) if !in_code => plain_words(what, &words),
            Event::Html(html) => {
                let name = html
                    .trim_end()
                    .strip_prefix("<details><summary>")
                    .and_then(|rest| rest.strip_suffix("</summary>"));
                let harmless =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
                let counted = |name: &str| {
                    name.split_once(" (").is_some_and(|(title, count)| {
                        FOLDS.contains(&title)
                            && count.trim_end_matches(')').chars().all(|c| c.is_ascii_digit())
                    })
                };
                let ours = name.is_some_and(|name| name.chars().all(harmless) || counted(name))
                    || html.trim_end() == "</details>";
                assert!(ours, "{what}: {html}");
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => cells = 0,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::End(pulldown_cmark::TagEnd::TableRow | pulldown_cmark::TagEnd::TableHead) => {
                assert_eq!(cells, 6, "{what}");
            }
            Event::Start(
                Tag::Heading { level: HeadingLevel::H3, .. }
                | Tag::Paragraph
                | Tag::Strong
                | Tag::Table(_)
                | Tag::HtmlBlock,
            )
            | Event::End(_)
            | Event::Text(_)
            | Event::Code(_)
            | Event::SoftBreak => {}
            other => panic!("{what} has {other:?}:\n{text}"),
        }
    }
    assert!(!in_code, "{what}: a block of code never ends");
}

/// Words that no page makes a mention, a reference or a link of.
fn plain_words(what: &str, words: &str) {
    let lower = words.to_lowercase();
    for part in ["@", "#", "http", "www.", "gh-", ":tada:", "<", "**", "](", "$"] {
        assert!(!lower.contains(part), "{what}: {words}");
    }
}
