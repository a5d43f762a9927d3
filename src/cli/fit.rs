//! Text made to fit the width of a terminal: long lines are broken between words, and go on under
//! their own beginning. What is in the last column of a line goes there as a whole.

use unicode_width::UnicodeWidthStr as _;

/// The narrowest terminal that lines are broken for.
const NARROWEST: usize = 40;
/// What is in front of the last column is its label if it takes no more than this part of a line:
/// then it goes on in its own column.
const LABEL: usize = 4;
/// How much further a line goes on than it began.
const FURTHER: usize = 4;

/// The text in lines of at most so many columns, where a word is not longer than that. Colours go
/// on behind a break.
pub(super) fn fit(text: &str, width: usize) -> String {
    if width < NARROWEST {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        if body.len() <= width || WrappedLine::columns(body) <= width {
            out.push_str(body);
        } else {
            let mut line = WrappedLine::new(&mut out, body, width);
            let (front, last) = last_column(body);
            let label = WrappedLine::columns(&body[..body.len() - last.len()]);
            if last.is_empty() || label * LABEL <= width {
                line.indent = if last.is_empty() { line.indent } else { label };
                line.fit(body);
            } else {
                line.fit(front);
                line.go_on();
                line.fit(last);
            }
        }
        out.push_str(end);
    }
    out
}

/// One line of prose in lines of at most so many columns, which go on `indent` further in.
pub(super) fn paragraph(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut line = WrappedLine::new(&mut out, text, width.max(NARROWEST));
    line.indent = indent;
    line.fit(text);
    out
}

/// The same, but for lines of a source, of which marks below say where something is wrong.
pub(super) fn fit_but_sources(text: &str, width: usize) -> String {
    let lines = text.split_inclusive('\n');
    lines.map(|line| if is_source(line) { line.to_owned() } else { fit(line, width) }).collect()
}

/// Whether a line is one of a source, `12 | name: value`, a mark below one, or where that is.
fn is_source(line: &str) -> bool {
    let line = anstream::adapter::strip_str(line).to_string();
    let behind_number =
        line.trim_start_matches([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    behind_number.starts_with('|') || behind_number.starts_with("-->")
}

/// A long line under way.
struct WrappedLine<'o> {
    out: &'o mut String,
    width: usize,
    indent: usize,
    at: usize,
    /// Whether there is a word on it already.
    begun: bool,
    /// The escape sequences that are in force.
    colours: String,
}

impl<'o> WrappedLine<'o> {
    fn new(out: &'o mut String, body: &str, width: usize) -> Self {
        let began = body.len() - body.trim_start_matches(' ').len();
        let indent = (began + FURTHER).min(width / 2);
        Self { out, width, indent, at: 0, begun: false, colours: String::new() }
    }

    /// How wide text is without its escape sequences.
    fn columns(text: &str) -> usize {
        pieces(text).filter(|piece| !is_escape(piece)).map(str::width).sum()
    }

    fn fit(&mut self, body: &str) {
        // A word with the escape sequences in it, and the blanks before it.
        let mut word = String::new();
        let mut blanks = 0;
        let mut began = false;
        for piece in pieces(body) {
            if is_escape(piece) {
                word.push_str(piece);
                continue;
            }
            for c in piece.chars() {
                if c != ' ' {
                    began = true;
                    word.push(c);
                    continue;
                }
                if began {
                    self.put(&std::mem::take(&mut word), blanks);
                    blanks = 0;
                    began = false;
                }
                blanks += 1;
            }
        }
        self.put(&word, if began { blanks } else { 0 });
    }

    /// Begins the next line.
    fn go_on(&mut self) {
        if !self.colours.is_empty() {
            self.out.push_str(RESET);
        }
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', self.indent));
        self.out.push_str(&self.colours);
        self.at = self.indent;
        self.begun = false;
    }

    /// Puts a word behind so many blanks, or on a line of its own.
    fn put(&mut self, word: &str, blanks: usize) {
        let columns = Self::columns(word);
        if self.begun && columns > 0 && self.at + blanks + columns > self.width {
            self.go_on();
        } else {
            self.out.extend(std::iter::repeat_n(' ', blanks));
            self.at += blanks;
        }
        self.out.push_str(word);
        self.at += columns;
        self.begun = true;
        for escape in pieces(word).filter(|piece| is_escape(piece)) {
            if escape == RESET {
                self.colours.clear();
            } else {
                self.colours.push_str(escape);
            }
        }
    }
}

/// A line up to its last column, and that column: what is behind the last gap of several blanks.
fn last_column(body: &str) -> (&str, &str) {
    let begun = body.len() - body.trim_start_matches(' ').len();
    let gap = body.rfind("  ").filter(|gap| *gap > begun);
    gap.map_or((body, ""), |gap| (body[..gap].trim_end_matches(' '), &body[gap + 2..]))
}

/// Ends all colours.
const RESET: &str = "\u{1b}[0m";

fn is_escape(piece: &str) -> bool {
    piece.starts_with('\u{1b}')
}

/// Text and escape sequences for colours, in turn.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(first_piece(rest));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// How long the first of the pieces is.
fn first_piece(text: &str) -> usize {
    if is_escape(text) {
        text.find('m').map_or(text.len(), |end| end + 1)
    } else {
        text.find('\u{1b}').unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::{FAINT, RED};

    #[test]
    fn a_long_line_goes_on_under_its_beginning() {
        let text =
            "  disable  a@contoso.com                  manifests/contoso/leavers.yaml:12\nshort\n";
        assert_eq!(
            fit(text, 60),
            "  disable  a@contoso.com\n      manifests/contoso/leavers.yaml:12\nshort\n"
        );
        assert_eq!(fit(text, 120), text);
        assert_eq!(fit(text, 20), text, "too narrow to be of use");
    }

    #[test]
    fn the_last_column_stays_in_one_piece() {
        let text =
            "  disable  a@contoso.com                named by no manifest (prune: disable)\n";
        let fitted = "  disable  a@contoso.com\n      named by no manifest (prune: disable)\n";
        assert_eq!(fit(text, 60), fitted);
        let text = format!("  {FAINT}disable{FAINT:#}  a@contoso.com   {FAINT}m/{FAINT:#}\n");
        assert_eq!(fit(&text, 60), text, "what fits stays as it is");
    }

    #[test]
    fn what_has_a_label_goes_on_beside_it() {
        let text = "  wanted   calling enabled, phoneNumber +14255550100, sbcGatewayId 805\n";
        let fitted =
            "  wanted   calling enabled, phoneNumber\n           +14255550100, sbcGatewayId 805\n";
        assert_eq!(fit(text, 48), fitted);
    }

    #[test]
    fn lines_of_a_source_stay_as_they_are() {
        let wide = "word ".repeat(12);
        let source = format!("12 |   a: {wide}\n   |   {wide}^^^\n  --> {wide}\n");
        assert_eq!(fit_but_sources(&source, 60), source);
        let fitted = fit_but_sources(&format!("error: {wide}\n   = hint: {wide}\n"), 60);
        assert!(fitted.lines().all(|line| line.len() <= 60), "{fitted}");
    }

    #[test]
    fn a_word_that_is_longer_than_a_line_stays_whole() {
        let path = "m/".repeat(40);
        assert_eq!(fit(&format!("see {path} there"), 60), format!("see\n    {path}\n    there"));
    }

    #[test]
    fn colours_end_at_a_break_and_go_on_behind_it() {
        let words = "word ".repeat(12);
        let text = format!("{FAINT}{words}{FAINT:#}{RED}end{RED:#}\n");
        let fitted = fit(&text, 40);
        assert!(fitted.lines().all(|line| WrappedLine::columns(line) <= 40), "{fitted}");
        for line in fitted.lines() {
            let open = line.matches("\u{1b}[2m").count() + line.matches("\u{1b}[31m").count();
            assert_eq!(open, line.matches(RESET).count(), "{fitted:?}");
        }
    }

    #[test]
    fn what_is_written_in_wide_characters_counts_as_wide() {
        let text = "漢字 ".repeat(20);
        assert!(fit(&text, 40).lines().all(|line| WrappedLine::columns(line) <= 40));
    }
}
