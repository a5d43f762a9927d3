//! Lists that are too long for their place: cut in the middle, with a count in place of what is
//! left out.
//!
//! **Invariant:** but for one count, what is returned is no longer than its room; what is left out
//! is counted, and the first and the last line are the last to go.

use super::page::shares;

/// Room for a line that counts what is left out.
const COUNT: usize = 60;

/// The lines of several parts, such as tenants, one after the other. Each part gets its share, so
/// that a large one hides no other; where there are too many for that, those in the middle are
/// counted. `more` makes the line that replaces so many others.
pub(super) fn parts(parts: &[Vec<String>], room: usize, more: &dyn Fn(usize) -> String) -> String {
    let lengths: Vec<usize> = parts.iter().map(|lines| length(lines)).collect();
    if lengths.iter().sum::<usize>() <= room {
        return parts.concat().concat();
    }
    // A part that gets less than a line and a count shows nothing.
    let least = |part: &Vec<String>| length(part).min(part.first().map_or(0, String::len) + COUNT);
    if parts.iter().map(least).sum::<usize>() > room {
        return lines(&parts.concat(), room, more);
    }
    let shares = shares(&lengths, room);
    parts.iter().zip(shares).map(|(part, share)| lines(part, share, more)).collect()
}

/// Lines, from both ends as many as there is room for.
pub(super) fn lines(all: &[String], room: usize, more: &dyn Fn(usize) -> String) -> String {
    let (front, back) = ends(all, room);
    let count = match all.len() - front - back {
        0 => String::new(),
        between => more(between),
    };
    [all[..front].concat(), count, all[all.len() - back..].concat()].concat()
}

/// How many lines there is room for at the beginning and at the end.
pub(super) fn ends(all: &[String], room: usize) -> (usize, usize) {
    if length(all) <= room {
        return (all.len(), 0);
    }
    let mut left = room.saturating_sub(COUNT);
    let mut front = 0;
    let mut back = 0;
    while front + back < all.len() {
        let is_front = front <= back;
        let next = if is_front { &all[front] } else { &all[all.len() - 1 - back] };
        let Some(rest) = left.checked_sub(next.len()) else { break };
        left = rest;
        if is_front { front += 1 } else { back += 1 }
    }
    (front, back)
}

fn length(lines: &[String]) -> usize {
    lines.iter().map(String::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize, name: &str) -> Vec<String> {
        (0..count).map(|n| format!("{name}{n:03} ........\n")).collect()
    }

    fn more(count: usize) -> String {
        format!("  ... and {count} more\n")
    }

    #[test]
    fn a_list_is_cut_in_the_middle() {
        let all = numbered(100, "a");
        let cut = lines(&all, 200, &more);
        assert!(cut.starts_with("a000 ") && cut.ends_with("a099 ........\n"), "{cut}");
        assert!(cut.contains("... and 90 more") && cut.len() <= 200, "{cut}");
        assert_eq!(lines(&all[..3], 200, &more), all[..3].concat());
        assert_eq!(lines(&all, 10, &more), more(100));
    }

    #[test]
    fn a_large_part_hides_no_other() {
        let all = [numbered(1, "a"), numbered(1000, "b"), numbered(2, "c")];
        let cut = parts(&all, 400, &more);
        for line in ["a000", "b000", "b999", "c000", "c001"] {
            assert!(cut.contains(line), "{line}: {cut}");
        }
        assert!(cut.len() <= 400, "{cut}");
    }

    #[test]
    fn of_too_many_parts_the_first_and_the_last_are_shown() {
        let all: Vec<Vec<String>> = (0..300).map(|n| numbered(20, &format!("t{n:03}-"))).collect();
        let cut = parts(&all, 1000, &more);
        assert!(cut.starts_with("t000-000") && cut.contains("t299-019"), "{cut}");
        assert!(cut.len() <= 1000, "{cut}");
    }
}
