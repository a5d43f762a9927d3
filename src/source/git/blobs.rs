//! What `git cat-file --batch` answers.

use super::entries::is_id;

/// The contents of the objects that were asked for, in that order; otherwise what is odd.
pub(super) fn read<'a>(answer: &'a [u8], asked: &[&str]) -> Result<Vec<&'a [u8]>, String> {
    let mut rest = answer;
    let mut contents = Vec::with_capacity(asked.len());
    for id in asked {
        let (content, behind) = one(rest, id)?;
        contents.push(content);
        rest = behind;
    }
    if rest.is_empty() { Ok(contents) } else { Err("git answered more than it was asked".into()) }
}

/// `ID blob LENGTH`, a line break, so many bytes, a line break.
fn one<'a>(answer: &'a [u8], asked: &str) -> Result<(&'a [u8], &'a [u8]), String> {
    let short = || format!("git stopped before object {asked}");
    let end = answer.iter().position(|byte| *byte == b'\n').ok_or_else(short)?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let words: Vec<&str> = head.split(' ').collect();
    let [id, "blob", length] = words[..] else {
        return Err(format!("object {asked} is not there: git says `{head}`"));
    };
    let length = length.parse::<usize>().ok().filter(|_| is_id(id) && id == asked);
    let length = length.ok_or_else(|| format!("git answered something odd: {head}"))?;
    let body = &answer[end + 1..];
    match (body.get(..length), body.get(length)) {
        (Some(content), Some(b'\n')) => Ok((content, &body[length + 1..])),
        _ => Err(short()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "8b137891791fe96927ad78e64b0aad7bded08bdc";

    #[test]
    fn contents_come_as_they_are() {
        let answer = format!("{ID} blob 3\na\nb\n{ID} blob 0\n\n");
        assert_eq!(read(answer.as_bytes(), &[ID, ID]).unwrap(), [b"a\nb".as_slice(), b""]);
    }

    #[test]
    fn what_is_missing_or_cut_short_is_refused() {
        for (answer, told) in [
            (format!("{ID} missing\n"), "is not there: git says"),
            (format!("{ID} tree 0\n\n"), "is not there"),
            (format!("{ID} blob 9\nabc\n"), "stopped before"),
            (format!("{ID} blob 3\nabc"), "stopped before"),
            (format!("{ID} blob 3\nabc\nmore"), "more than it was asked"),
            (format!("{} blob 3\nabc\n", "0".repeat(40)), "odd"),
            (format!("{ID} blob 99999999999999999999999\nabc\n"), "odd"),
            (String::new(), "stopped before"),
        ] {
            let wrong = read(answer.as_bytes(), &[ID]).unwrap_err();
            assert!(wrong.contains(told), "{answer}: {wrong}");
        }
    }
}
