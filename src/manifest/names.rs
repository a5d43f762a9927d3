//! Names of users as they are written: what Microsoft allows, and nothing that only looks like it.
//! Live names are read more leniently.

use crate::{
    model::{Site, Upn},
    yaml::{self, HINT, UnseenCharacter},
};

/// Signs that names may hold beside letters and digits.
const SIGNS: &str = "'.-_!#^~";

/// More that names of guests take over from their addresses.
const OF_GUESTS: &str = "+&=*?$`|{}";

/// What marks the name of a guest.
const GUEST: &str = "#ext#";

/// Reads a name that a person wrote; what is wrong with it comes with advice behind [`HINT`].
pub fn parse_name(text: &str) -> Result<Upn, String> {
    match name_problem(text) {
        Some(problem) => {
            let advice = meant(text)
                .map_or_else(|| problem.hint.to_owned(), |name| format!("write `{name}`"));
            Err(format!("{}{HINT}{advice}", problem.message))
        }
        None => Upn::parse(text),
    }
}

/// Reads the name of a site. What cannot be seen in it makes two sites of one; a space of any width
/// can be seen.
pub(super) fn parse_site(text: &str) -> Result<Site, String> {
    let hidden =
        |c: &char| UnseenCharacter::of(*c).is_some_and(|kind| kind != UnseenCharacter::Blank);
    match text.chars().find(hidden) {
        Some(unseen) => Err(format!(
            "the name of this site holds {}, which cannot be seen{HINT}type it again",
            yaml::character(unseen)
        )),
        None => Site::parse(text),
    }
}

/// What is wrong with the text of a name.
pub(super) struct NameProblem {
    pub(super) message: String,
    hint: &'static str,
}

/// What is wrong with a text as the name of a user. Copied from a mail or a sheet, such characters
/// come along, and nobody would ever see why the user is not found.
pub(super) fn name_problem(text: &str) -> Option<NameProblem> {
    let problem = |message: String, hint| Some(NameProblem { message, hint });
    // Almost all names are: nothing in them is hidden, combines or looks like something else.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let odd = |is_odd: fn(char) -> bool| {
        Some(text).filter(|_| !is_plain).and_then(|text| text.chars().find(|c| is_odd(*c)))
    };
    if let Some(unseen) = odd(|c| UnseenCharacter::of(c).is_some()) {
        return problem(
            format!("this name holds {}, which cannot be seen", yaml::character(unseen)),
            "type it again",
        );
    }
    let (local, domain) = text.split_once('@')?;
    let dots = |part: &str| {
        part.starts_with('.')
            || part.ends_with('.')
            || part.as_bytes().windows(2).any(|two| two == b"..")
    };
    if is_usual(text) && !dots(local) && !dots(domain) {
        return None;
    }
    let is_guest = local.contains('#') && local.to_lowercase().contains(GUEST);
    let allowed = |c: char| {
        c.is_ascii_alphanumeric()
            || !c.is_ascii() && is_letter(c)
            || SIGNS.contains(c)
            || is_guest && OF_GUESTS.contains(c)
    };
    if let Some(mark) = odd(is_combining) {
        let message = format!(
            "this name holds U+{:04X}, a mark that combines with the letter before it",
            u32::from(mark)
        );
        return problem(message, "write letter and mark as one character, as keyboards do");
    }
    if let Some(other) = text.chars().find(|c| !allowed(*c) && *c != '@') {
        let message =
            format!("no user's name holds `{}` (U+{:04X})", other.escape_debug(), u32::from(other));
        return problem(message, "letters, digits and ' . - _ ! # ^ ~ are possible");
    }
    if let Some(alike) = [local, domain].into_iter().filter(|_| !is_plain).find_map(alike) {
        let message = format!(
            "this name mixes letters of two scripts that look alike: `{alike}` is U+{:04X}",
            u32::from(alike)
        );
        return problem(message, "type it again");
    }
    if dots(local) || dots(domain) {
        return problem(
            "this name has a dot where none can be".to_owned(),
            "a dot goes between two letters",
        );
    }
    None
}

/// Whether a text holds only what most names are made of.
fn is_usual(text: &str) -> bool {
    // To the end in any case: so many bytes are looked at at once.
    text.bytes().fold(true, |usual, byte| {
        usual & (byte.is_ascii_alphanumeric() | matches!(byte, b'.' | b'-' | b'_' | b'@'))
    })
}

/// Letters and digits of any script, but not their doubles for print and for mathematics.
fn is_letter(c: char) -> bool {
    let double = matches!(c, '\u{ff00}'..='\u{ffef}' | '\u{1d400}'..='\u{1d7ff}' | '\u{2100}'..='\u{214f}' | '\u{24b6}'..='\u{24e9}');
    c.is_alphanumeric() && !double
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// A Greek, Cyrillic, Armenian or Cherokee letter among Latin ones, which nobody can tell from
/// them.
fn alike(part: &str) -> Option<char> {
    let latin = part.chars().any(|c| c.is_ascii_alphabetic());
    let other = |c: &char| matches!(c, '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{1f00}'..='\u{1fff}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}');
    part.chars().find(|c| latin && other(c))
}

/// The name that somebody meant who copied more than it.
fn meant(text: &str) -> Option<String> {
    let seen: String =
        text.chars().map(|c| if UnseenCharacter::of(c).is_some() { ' ' } else { c }).collect();
    let around = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '`' | '*' | '|'
            )
    };
    let quote = |c: char| matches!(c, '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' | '\u{300c}'..='\u{300f}' | '\'');
    let parts = seen.split(around).map(|part| part.trim_matches(|c: char| quote(c) || c == '.'));
    let mut names = parts.filter(|part| name_problem(part).is_none() && Upn::parse(part).is_ok());
    let name = names.next().filter(|name| *name != text)?;
    names.next().is_none().then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_microsoft_allows_them_are_read() {
        for text in [
            "adele@contoso.com",
            "O'Neil@contoso.com",
            "a.b-c_d!e#f^g~h@contoso.com",
            "ann_fabrikam.com#EXT#@contoso.onmicrosoft.com",
            "ann+calls_fabrikam.com#EXT#@contoso.onmicrosoft.com",
            "ÄDELE@contoso.com",
            "阿黛尔@contoso.com",
            "мария@contoso.com",
            "1234@contoso.com",
        ] {
            assert_eq!(parse_name(text).map(|name| name.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_site_holds_nothing_that_cannot_be_seen() {
        assert!(parse_site("Köln, Halle\u{a0}2").is_ok());
        for text in ["harbour\u{200b}", "har\u{ad}bour", "a\u{202e}b", "a\nb"] {
            assert!(parse_site(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_came_along_with_a_copy_is_named_and_left_out() {
        let told = [
            "\u{201c}ann@contoso.com\u{201d}",
            "\u{2018}ann@contoso.com\u{2019}",
            "\u{ab}ann@contoso.com\u{bb}",
            "ann@contoso.com,",
            "ann@contoso.com;",
            "ann@contoso.com.",
            "mailto:ann@contoso.com",
            "<ann@contoso.com>",
            "Ann Bell <ann@contoso.com>",
            "[ann@contoso.com](mailto",
            "ann@contoso.com\u{a0}",
            "ann@contoso.com\u{200b}",
            "ann@contoso.com (Sales)",
            "\"ann@contoso.com\"",
        ];
        for text in told {
            let problem = parse_name(text).unwrap_err();
            assert!(problem.ends_with("\nhint: write `ann@contoso.com`"), "{text}: {problem}");
        }
    }

    #[test]
    fn what_no_name_holds_is_refused_with_the_character() {
        for (text, told) in [
            ("ann+calls@contoso.com", "`+` (U+002B)"),
            ("ann%40@contoso.com", "`%` (U+0025)"),
            ("o\u{2019}neil@contoso.com", "U+2019"),
            ("ann\u{ff20}contoso.com@contoso.com", "U+FF20"),
            ("a\u{308}nn@contoso.com", "U+0308"),
            ("\u{430}nn@contoso.com", "U+0430"),
            ("ann@c\u{3bf}ntoso.com", "U+03BF"),
            ("ann..bell@contoso.com", "a dot where none can be"),
            ("ann.@contoso.com", "a dot where none can be"),
            ("ann\u{2013}bell@contoso.com", "U+2013"),
            ("a\u{200d}nn@contoso.com", "U+200D ZERO WIDTH JOINER"),
        ] {
            let problem = parse_name(text).unwrap_err();
            assert!(problem.contains(told), "{text}: {problem}");
        }
        assert!(parse_name("Adele Vance").is_err() && parse_name("a@b@c").is_err());
    }
}
