//! The webhook of a workflow of Microsoft Teams: an Adaptive Card. All text is in text runs, which
//! show what they hold and read no Markdown.
//!
//! A workflow answers 202 before anything is posted, and drops a card of more than 28 KB after
//! that, as it grows when it is posted; so cards stay well below.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{NoticeBody, short};
use crate::{
    model::{Notice, NoticeEntry, NoticeOccasion},
    words::{many, time},
};

/// The most of a card, in bytes.
const MOST: usize = 18 * 1024;

pub(super) fn body(notice: &Notice, page: Option<&str>) -> NoticeBody {
    let (told, more) = notice.in_words();
    let mut shown = told.len();
    let mut text = card(notice, &told[..shown], more, page);
    while text.len() > MOST && shown > 1 {
        shown -= 1;
        text = card(notice, &told[..shown], more + told.len() - shown, page);
    }
    NoticeBody { content_type: "application/json", text, headers: HeaderMap::new() }
}

fn card(notice: &Notice, told: &[NoticeEntry], more: usize, page: Option<&str>) -> String {
    let mut body: Vec<Value> = Vec::new();
    if told.len() != 1 || more > 0 {
        body.push(runs(&[bold(&notice.headline(), "default")]));
    }
    for told in told {
        let color = match told.telling {
            NoticeOccasion::Opened | NoticeOccasion::Reminded => "attention",
            NoticeOccasion::Closed => "good",
            NoticeOccasion::Applied => "default",
        };
        body.push(runs(&[bold(&told.headline(), color)]));
        body.push(runs(&[faint(&format!("since {}", time(told.since)))]));
        if let Some(details) = &told.details {
            body.push(runs(&[plain(&short(&details.reason))]));
            body.push(runs(&[faint(&format!("hint: {}", short(&details.hint)))]));
        }
        if let Some(version) = &told.in_force {
            body.push(runs(&[faint(&short(&format!("manifests in force: {version}")))]));
        }
    }
    if more > 0 {
        body.push(runs(&[faint(&format!("and {}", many(more, "more incident")))]));
    }
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    if let (Some(page), Some(content)) = (page, content.as_object_mut()) {
        let open = json!([{ "type": "Action.OpenUrl", "title": "Open the page", "url": page }]);
        content.insert("actions".to_owned(), open);
    }
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": content,
    });
    json!({ "type": "message", "attachments": [attachment] }).to_string()
}

fn runs(inlines: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn plain(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text })
}

fn faint(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "isSubtle": true, "size": "small" })
}

fn bold(text: &str, color: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "weight": "bolder", "color": color })
}
