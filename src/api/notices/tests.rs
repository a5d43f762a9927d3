//! What receivers get, with hostile text in it.

use insta::assert_snapshot;
use serde_json::Value;

use super::*;
use crate::model::{Incident, IncidentDetails, IncidentKind, NoticeEntry, NoticeOccasion};

const HOSTILE: &str =
    "<!channel> *b* [x](https://evil.example) <at>all</at>\u{202e}\u{1b}[31m @here";

fn told(telling: NoticeOccasion, reason: &str) -> NoticeEntry {
    let incident = Incident {
        kind: IncidentKind::Held,
        tenant: Some("contoso".to_owned()),
        code: Some("limit-disable".to_owned()),
    };
    let details = IncidentDetails {
        count: 3,
        reason: reason.to_owned(),
        hint: "see `dialplane plan`".to_owned(),
    };
    let details = (telling != NoticeOccasion::Closed).then_some(details);
    let in_force = Some("commit 3f2a9c0d1e5b by [ann](https://evil.example)".to_owned());
    NoticeEntry { telling, incident, since: Timestamp::UNIX_EPOCH, details, in_force }
}

fn notice(told: Vec<NoticeEntry>) -> Notice {
    Notice { id: "msg_1".to_owned(), at: Timestamp::UNIX_EPOCH, told }
}

fn pretty(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

const PAGE: Option<&str> = Some("https://dialplane.acme.example");

#[test]
fn what_each_kind_of_receiver_gets() {
    let two = notice(vec![told(NoticeOccasion::Opened, HOSTILE), told(NoticeOccasion::Closed, "")]);
    let one = notice(vec![told(NoticeOccasion::Reminded, "11 people would lose calling")]);
    let trial = Notice::trial("msg_2".to_owned(), Timestamp::UNIX_EPOCH);
    let mut all = Vec::new();
    for (name, notice) in [("two", &two), ("one", &one), ("trial", &trial)] {
        let hook = webhook::body(notice, PAGE, &Vec::new(), Timestamp::UNIX_EPOCH);
        let slack = slack::body(notice, PAGE);
        let teams = teams::body(notice, PAGE);
        for (kind, body) in [("webhook", hook), ("slack", slack), ("teams", teams)] {
            let text = pretty(&body.text);
            all.push(format!("# {kind}, {name}: {}\n{text}", body.content_type));
        }
    }
    assert_snapshot!(all.join("\n\n"));
}

#[test]
fn no_body_is_larger_than_its_receiver_takes() {
    let long = "\u{1f4de}\u{202e}\"\\".repeat(400);
    let many = notice(vec![told(NoticeOccasion::Opened, &long); 10_000]);
    let mut longest = many.clone();
    for details in longest.told.iter_mut().filter_map(|told| told.details.as_mut()) {
        let telephones = "\u{1f4de}".repeat(400);
        details.reason.clone_from(&telephones);
        details.hint = telephones;
    }
    longest.told.iter_mut().for_each(|told| told.in_force = Some("\u{1f4de}".repeat(400)));
    let teams = teams::body(&longest, PAGE).text;
    assert!(teams.len() <= 18 * 1024, "{}", teams.len());
    let shown = teams.matches("since 1970").count();
    assert!(shown < Notice::IN_WORDS, "not all of them have room");
    assert!(teams.contains(&format!("and {} more incidents", 10_000 - shown)), "{shown}");
    let slack = slack::body(&many, PAGE).text;
    assert!(slack.len() <= 40 * 1024);
    assert!(slack.contains("and 9990 more incidents"));
    let hook = webhook::body(&many, PAGE, &Vec::new(), Timestamp::UNIX_EPOCH).text;
    assert!(hook.len() <= 20 * 1024, "{}", hook.len());
}

#[test]
fn text_of_others_is_plain_text_everywhere() {
    fn markup<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(map) => {
                let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
                let plain = matches!(kind, "plain_text" | "TextRun");
                if let Some(text) = map.get("text").and_then(Value::as_str).filter(|_| !plain) {
                    found.push(text);
                }
                map.values().for_each(|value| markup(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| markup(value, found)),
            _ => {}
        }
    }
    let mut bad = told(NoticeOccasion::Opened, HOSTILE);
    bad.incident.tenant = Some("<!here>".to_owned());
    for body in
        [slack::body(&notice(vec![bad.clone()]), None), teams::body(&notice(vec![bad]), None)]
    {
        let value: Value = serde_json::from_str(&body.text).unwrap();
        let mut found = Vec::new();
        markup(&value, &mut found);
        // The text for where blocks are not shown is the only one, and is escaped.
        assert!(found.iter().all(|text| !text.contains(['<', '>'])), "{found:?}");
        assert!(!body.text.contains(['\u{202e}', '\u{1b}']), "{}", body.text);
    }
}
