//! Names of files and folders that every machine can check out.

use std::collections::BTreeSet;

use crate::model::TenantName;

/// What Windows keeps for devices, whatever stands behind a dot. Serial and parallel ports have a
/// digit behind them.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
const PORTS: [&str; 2] = ["com", "lpt"];

/// The longest name of a tenant before a number is put behind it.
const MAX_TENANT: usize = TenantName::MAX - 8;
/// What a tenant is called whose own name has no letter and no digit.
const NAMELESS: &str = "tenant";

/// A name for a tenant that the service calls `title`, which is not taken yet: its letters and
/// digits, in Latin script. It also serves as the name of a folder.
#[must_use]
pub fn tenant_name(title: &str, taken: &mut BTreeSet<String>) -> TenantName {
    let latin = deunicode::deunicode(title).to_lowercase();
    let words = latin.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut stem = words.collect::<Vec<_>>().join("-");
    stem.truncate(MAX_TENANT);
    let stem = stem.trim_end_matches('-');
    let wanted = if stem.is_empty() { NAMELESS } else { stem };
    let name = free(wanted, taken);
    // What `free` puts behind a name are a hyphen and digits.
    TenantName::parse(&name).unwrap_or_else(|_| tenant_name(NAMELESS, taken))
}

/// The wanted name, or one like it that is free and that no system keeps for itself. Case does not
/// tell two names apart.
pub(super) fn free(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let (stem, rest) = split(wanted);
    let first = if is_reserved(stem) { 1 } else { 2 };
    let numbered = (first..).map(|number: u32| match first {
        // What comes before the first dot makes the name a reserved one.
        1 => format!("{stem}-{number}{rest}"),
        _ => format!("{wanted}-{number}"),
    });
    let asked = std::iter::once(wanted.to_owned()).filter(|_| first > 1);
    let name = asked.chain(numbered).find(|name| taken.insert(name.to_lowercase()));
    name.unwrap_or_else(|| wanted.to_owned())
}

/// What comes before the first dot, and the rest.
fn split(name: &str) -> (&str, &str) {
    name.split_at(name.find('.').unwrap_or(name.len()))
}

fn is_reserved(stem: &str) -> bool {
    let stem = stem.trim_end().to_lowercase();
    let port = |port: &str| {
        let mut behind = stem.strip_prefix(port).unwrap_or_default().chars();
        // Superscript digits count as digits there.
        let digit = behind
            .next()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '\u{b9}' | '\u{b2}' | '\u{b3}'));
        digit && behind.next().is_none()
    };
    DEVICES.contains(&stem.as_str()) || PORTS.iter().any(|name| port(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_are_not_used() {
        for (wanted, name) in [
            ("con", "con-1"),
            ("Aux", "Aux-1"),
            ("nul", "nul-1"),
            ("prn", "prn-1"),
            ("com0", "com0-1"),
            ("lpt9", "lpt9-1"),
            ("lpt\u{b2}", "lpt\u{b2}-1"),
            ("conin$", "conin$-1"),
            ("con.sales", "con-1.sales"),
            ("con .sales", "con -1.sales"),
            ("com", "com"),
            ("com10", "com10"),
            ("console", "console"),
            ("auxiliary", "auxiliary"),
            ("sales.con", "sales.con"),
        ] {
            assert_eq!(free(wanted, &mut BTreeSet::new()), name);
        }
    }

    #[test]
    fn each_customer_gets_a_name_that_a_manifest_can_have() {
        let mut taken = BTreeSet::from(["contoso".to_owned()]);
        let names = [
            "Contoso",
            "CONTOSO!",
            "Müller & Söhne GmbH",
            "東京",
            "Con",
            "  ",
            "###",
            "\u{202e}evil",
            &"long ".repeat(40),
        ]
        .map(|title| tenant_name(title, &mut taken).to_string());
        insta::assert_snapshot!(names.join("\n"));
    }

    #[test]
    fn no_two_names_are_one_where_case_does_not_count() {
        let mut taken = BTreeSet::new();
        let names = ["sales", "Sales", "con-1", "con", "CON", "sales-2"]
            .map(|wanted| free(wanted, &mut taken));
        assert_eq!(names, ["sales", "Sales-2", "con-1", "con-2", "CON-3", "sales-2-2"]);
    }
}
