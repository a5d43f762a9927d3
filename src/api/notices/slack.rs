//! An incoming webhook of Slack: blocks of plain text, in which nothing is a link, a mention or
//! markup.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{NoticeBody, short};
use crate::{
    model::{Notice, NoticeEntry},
    words::{many, time},
};

/// The most of one text, in characters (Slack allows 3,000).
const LONGEST: usize = 2_500;

pub(super) fn body(notice: &Notice, page: Option<&str>) -> NoticeBody {
    let (told, more) = notice.in_words();
    let mut blocks: Vec<Value> = Vec::new();
    if told.is_empty() || more > 0 || told.len() > 1 {
        blocks.push(plain(&notice.headline()));
    }
    blocks.extend(told.iter().map(|told| plain(&words(told))));
    if more > 0 {
        blocks.push(plain(&format!("and {}", many(more, "more incident"))));
    }
    if let Some(page) = page {
        let text = json!({ "type": "plain_text", "text": "Open the page", "emoji": false });
        let button = json!({ "type": "button", "text": text, "url": page });
        blocks.push(json!({ "type": "actions", "elements": [button] }));
    }
    // Shown where blocks are not, such as on a telephone that rings.
    let text = escaped(&short(&notice.headline()));
    let body = json!({ "text": text, "mrkdwn": false, "blocks": blocks });
    NoticeBody {
        content_type: "application/json",
        text: body.to_string(),
        headers: HeaderMap::new(),
    }
}

fn plain(text: &str) -> Value {
    let text: String = text.chars().take(LONGEST).collect();
    json!({ "type": "section", "text": { "type": "plain_text", "text": text, "emoji": false } })
}

fn words(told: &NoticeEntry) -> String {
    let mut lines = vec![told.headline(), format!("since {}", time(told.since))];
    if let Some(details) = &told.details {
        lines.push(short(&details.reason));
        lines.push(format!("hint: {}", short(&details.hint)));
    }
    lines.extend(told.in_force.as_ref().map(|it| short(&format!("manifests in force: {it}"))));
    lines.join("\n")
}

/// The three characters that begin something in a text of Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
