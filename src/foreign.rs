//! Text from outside, made harmless for the place where it is shown.
//!
//! Names, sites, reasons, paths, authors of commits and the words of services are written by
//! others. None of it may act: move a cursor, hide a line, call somebody in, end a fence, or be
//! taken for a command by whatever reads a log.
//!
//! | place | function |
//! |---|---|
//! | a terminal, a log, one line of anything | [`line()`] |
//! | Markdown outside of code | [`markdown`], in a table [`cell`] |
//! | a block of code in Markdown | [`fenced`] |
//! | an annotation of a GitHub workflow | [`annotation`] |
//! | JSON that may be shown on a terminal | [`json`] |
//! | all that is printed, once more | [`printable`] |
//!
//! Our own words are put together by [`crate::words`], which make nothing harmless.
//!
//! **Invariant:** what they return holds no line break that was not there to break a line, and no
//! character that nobody sees.

use std::fmt::{Display, Write as _};

/// Characters of one text that are shown, at most.
const LONGEST: usize = 2_000;

/// One line for people: what acts or is not seen becomes an escape such as `\u{202e}`, and a long
/// text is cut.
#[must_use]
pub fn line(text: impl Display) -> String {
    let text = text.to_string();
    let mut out = String::with_capacity(text.len());
    // Runners of workflows take `::` at the beginning of a line, whatever blanks come before it,
    // for a command.
    let mut begins = text.trim_start().starts_with("::");
    let mut before = ' ';
    for (number, c) in text.chars().enumerate() {
        if number == LONGEST {
            out.push('…');
            break;
        }
        let colon = begins && c == ':';
        begins &= !colon;
        // And `##[` anywhere in it; others `##vso[`.
        if colon || (c == '#' && before == '#') || acts(c) {
            escape(&mut out, c);
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

/// Whether a character does something to a terminal or to the text beside it, or is seen by nobody.
#[must_use]
pub fn acts(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_control() } else { !is_printable(c) || is_ignorable(c) }
}

/// Whether the standard library holds it for one that is seen: no control, format or separator
/// character, nothing private.
fn is_printable(c: char) -> bool {
    let mut bytes = *b"x\0\0\0\0";
    // After a letter, so an accent is not a reason.
    let length = c.encode_utf8(&mut bytes[1..]).len();
    std::str::from_utf8(&bytes[..=length])
        .is_ok_and(|text| text.escape_debug().nth(1) != Some('\\'))
}

/// Letters and marks that Unicode says are not shown (`Default_Ignorable_Code_Point`), and the
/// blank pattern of braille.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn escape(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => out.extend(c.escape_unicode()),
    }
}

/// Lines of a source text, character by character as [`line()`] shows them; their breaks stay.
#[must_use]
pub fn source(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) && !matches!(c, '\n' | '\t') { escape(&mut out, c) } else { out.push(c) }
    }
    out
}

/// One line for Markdown outside of code. Plain words stay plain words; everything else becomes
/// code, where nothing is markup, a link, a mention or a reference.
#[must_use]
pub fn markdown(text: impl Display) -> String {
    let text = line(text);
    if is_plain(&text) { text } else { code(&text) }
}

/// The same in a table, where a bar ends a cell even in code.
#[must_use]
pub fn cell(text: impl Display) -> String {
    let text = line(text).replace("\\|", "\\u{7c}");
    if is_plain(&text) { text } else { code(&text).replace('|', "\\|") }
}

fn is_plain(text: &str) -> bool {
    let mut next = text.chars().skip(1);
    let harmless = text.chars().all(|c| {
        let next = next.next();
        c.is_alphanumeric()
            || " .,;()'%/=+-?".contains(c)
            || (c == ':' && matches!(next, None | Some(' ')))
    });
    let begins = text.chars().next().is_none_or(|c| c.is_alphanumeric() || c == '(');
    harmless && begins && !is_reference(text)
}

/// Whether a page makes a link of a part of it: an address, an issue (`GH-12`), the hash of a
/// commit.
fn is_reference(text: &str) -> bool {
    let text = text.to_lowercase();
    let issue = text.match_indices("gh-").any(|(at, found)| {
        let within = text[..at].ends_with(char::is_alphanumeric);
        !within && text[at + found.len()..].starts_with(|c: char| c.is_ascii_digit())
    });
    let hash = |word: &str| word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.contains("www.") || issue || text.split(|c: char| !c.is_alphanumeric()).any(hash)
}

/// A span of code with more backticks than the text has.
fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    let bare = |c: char| c != '`' && c != ' ';
    let pad = if text.starts_with(bare) && text.ends_with(bare) { "" } else { " " };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A block of code that no line of the text can end.
#[must_use]
pub fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A command of a GitHub workflow that notes something, such as `::error file=a.yaml,line=3::what`.
#[must_use]
pub fn annotation(level: &str, properties: &[(&str, &str)], message: &str) -> String {
    let data = |text: &str| line(text).replace('%', "%25");
    let mut out = format!("::{level}");
    for (number, (name, value)) in properties.iter().enumerate() {
        let value = data(value).replace(':', "%3A").replace(',', "%2C");
        // Writing to a string cannot fail.
        let _ = write!(out, "{}{name}={value}", if number == 0 { ' ' } else { ',' });
    }
    format!("{out}::{}\n", data(message))
}

/// JSON whose strings hold no character that acts: they are written as escapes, which mean the
/// same.
#[must_use]
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        // Such characters are in strings only, except for the breaks and blanks between values.
        if (acts(c) && c != '\n') || (c == '#' && before == '#') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

/// Text that somebody typed, to be kept: on one line, with single blanks, without controls, and cut
/// after `most` characters.
#[must_use]
pub fn typed(text: &str, most: usize) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(most).collect()
}

/// A text as a string of JSON, which is one of YAML, too.
#[must_use]
pub fn quoted(text: &str) -> String {
    json(&serde_json::Value::from(text).to_string())
}

/// The last door: text that was put together, whose line breaks and colours are our own. Whatever
/// else acts is escaped, and no line is a command to a runner.
#[must_use]
pub fn printable(text: &str) -> String {
    text.split_inclusive('\n').map(printable_line).collect()
}

fn printable_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut begun = false;
    while let Some(c) = rest.chars().next() {
        if let Some(colour) = colour(rest) {
            out.push_str(&rest[..colour]);
            rest = &rest[colour..];
            continue;
        }
        let command = (!begun && rest.starts_with("::")) || is_command(rest);
        if command || (acts(c) && !matches!(c, '\n' | '\t')) {
            escape(&mut out, c);
        } else {
            out.push(c);
        }
        begun |= !c.is_whitespace();
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The length of the colour sequence that a text begins with: `ESC [ 1 ; 31 m`.
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let end = inside.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    // 8 is what hides text; it is none of ours.
    let hides = inside[..end].split(';').any(|code| code.parse() == Ok(8_u32));
    (inside[end..].starts_with('m') && !hides).then_some(2 + end + 1)
}

/// Whether it begins with `##[` or, as other runners have it, `##vso[`.
fn is_command(text: &str) -> bool {
    let Some(behind) = text.strip_prefix("##") else { return false };
    behind.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_as_an_escape() {
        for (text, shown) in [
            ("Zürich – 東京 \u{1f600} e\u{301}", "Zürich – 東京 \u{1f600} e\u{301}"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[2J\u{7}\u{7f}\u{9b}", "\\u{1b}[2J\\u{7}\\u{7f}\\u{9b}"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{61c}", "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}"),
            ("\u{2028}\u{2029}\u{85}\u{a0}", "\\u{2028}\\u{2029}\\u{85}\\u{a0}"),
            (
                "\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}",
                "\\u{200b}\\u{200d}\\u{2060}\\u{feff}\\u{ad}",
            ),
            (
                "\u{fe0f}\u{3164}\u{e0041}\u{e0101}\u{fff9}",
                "\\u{fe0f}\\u{3164}\\u{e0041}\\u{e0101}\\u{fff9}",
            ),
            ("::error::x", "\\u{3a}:error::x"),
            (" \u{a0}::add-mask::x", " \\u{a0}\\u{3a}:add-mask::x"),
            ("a::b", "a::b"),
            ("a ##[error]b ##vso[x]", "a #\\u{23}[error]b #\\u{23}vso[x]"),
        ] {
            assert_eq!(line(text), shown);
        }
        assert_eq!(line("é".repeat(5_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn markdown_keeps_plain_words_and_makes_code_of_the_rest() {
        for (text, shown) in [
            ("London, 2nd floor (north)", "London, 2nd floor (north)"),
            ("enough-1", "enough-1"),
            ("12 of 100, limit: 10 %", "12 of 100, limit: 10 %"),
            ("", ""),
            ("Lobby** @acme/oncall <b>", "`Lobby** @acme/oncall <b>`"),
            ("adele@contoso.com", "`adele@contoso.com`"),
            ("see #12", "`see #12`"),
            ("see GH-12", "`see GH-12`"),
            ("www.contoso.com", "`www.contoso.com`"),
            ("https://contoso.com", "`https://contoso.com`"),
            (":tada:", "`:tada:`"),
            ("deadbeef1", "`deadbeef1`"),
            ("set `limits` now", "``set `limits` now``"),
            ("`", "`` ` ``"),
            (" - ", "`  -  `"),
            ("- item", "`- item`"),
            ("a\n# b", "`a\\n# b`"),
        ] {
            assert_eq!(markdown(text), shown, "{text:?}");
        }
        assert_eq!(cell("a | b"), "`a \\| b`");
        assert_eq!(cell("a \\| b"), "`a \\u{7c} b`");
    }

    #[test]
    fn no_text_ends_its_fence() {
        assert_eq!(fenced("diff", "a\n"), "```diff\na\n```\n");
        assert_eq!(fenced("", "a\n````\nb"), "`````\na\n````\nb\n`````\n");
    }

    #[test]
    fn an_annotation_is_one_command() {
        let note =
            annotation("error", &[("file", "a,b:c%.yaml"), ("line", "3")], "100 %\n::error::x");
        assert_eq!(note, "::error file=a%2Cb%3Ac%25.yaml,line=3::100 %25\\n::error::x\n");
        assert_eq!(annotation("notice", &[], "x"), "::notice::x\n");
    }

    #[test]
    fn json_means_the_same_with_escapes() {
        let text = "ESC \u{1b} \u{7f} \u{9b} \u{202e} \u{e0041} ##[error] é \u{1f600}";
        let shown = json(&format!("{:#}", serde_json::json!({ "key": text })));
        assert!(shown.chars().all(|c| c == '\n' || !acts(c)), "{shown}");
        assert!(!shown.contains("##["), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap()["key"], text);
        assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
    }

    #[test]
    fn the_last_door_lets_lines_and_colours_through() {
        for (text, shown) in [
            ("a\n\tb\n", "a\n\tb\n"),
            ("\u{1b}[1;31mred\u{1b}[0m", "\u{1b}[1;31mred\u{1b}[0m"),
            ("\u{1b}[8mhidden\u{1b}[2J\r", "\\u{1b}[8mhidden\\u{1b}[2J\\r"),
            ("a\n  ::error::b\n", "a\n  \\u{3a}:error::b\n"),
            ("\u{1b}[1m::error::b", "\u{1b}[1m\\u{3a}:error::b"),
            (
                "### Title\nx ##[error]y ##vso[z]\n",
                "### Title\nx \\u{23}#[error]y \\u{23}#vso[z]\n",
            ),
            ("a::b", "a::b"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
