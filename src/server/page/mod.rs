//! The page: what somebody on call wants to know, on one screen. HTML alone: no script, no picture,
//! nothing from elsewhere.
//!
//! **Invariant:** text of others goes through [`line`](crate::foreign::line) and is escaped by the
//! template; the browser is told that nothing but the page's own style may act.

mod fleet;
mod past;
mod prose;
mod tenants;

use std::sync::LazyLock;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::answer;
use crate::{
    board::{RecentPasses, Status},
    foreign::{line, printable},
    words::time,
};

const STYLE: &str = include_str!("style.css");

/// What the browser may do: show the style whose hash this is, and send forms back here.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
            frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// What somebody wants to see.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    /// A part of the names of the tenants to show.
    pub(super) tenant: String,
    /// A user or a number to explain.
    pub(super) who: String,
}

/// What was found for the user or number that was asked for.
pub(super) enum SearchResult {
    /// Nobody asked.
    Nothing,
    /// The reader may see no names.
    NotHere,
    /// What `why` says, or why it says nothing.
    Said(Result<String, String>),
}

/// The page at a moment.
pub(super) fn page(
    (status, past): (&Status, &RecentPasses),
    query: &Query,
    found: &SearchResult,
    now: Timestamp,
) -> Response {
    let in_need = status.in_need().count();
    let title = match (status.needs.len(), in_need) {
        (0, 0) => "well".to_owned(),
        (_, 0) => "needs somebody".to_owned(),
        (_, tenants) => format!("{tenants} in need"),
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if query.who.is_empty() { meta http-equiv="refresh" content="15"; }
                title { "Dialplane: " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (fleet::head(status, now))
                (search(query, found))
                (fleet::reasons(status, now))
                (tenants::table(status, query, now))
                (past::lately(past, now))
                p.faint { "As of " (time(status.at)) ". This page only shows; it changes nothing." }
            }
        }
    };
    let mut response = answer::of(StatusCode::OK, "text/html; charset=utf-8", markup.into_string());
    if let Some(policy) = POLICY.clone() {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The form that explains one user, and its answer.
fn search(query: &Query, found: &SearchResult) -> Markup {
    html! {
        @if !matches!(found, SearchResult::NotHere) {
            form method="get" action="/" role="search" {
                input name="who" value=(line(&query.who)) aria-label="User or number"
                    placeholder="Why is somebody as they are? adele@contoso.com or +14255550177";
                button { "Why" }
            }
        }
        @match found {
            SearchResult::Nothing => {}
            SearchResult::NotHere => p.faint {
                "Names of people are shown to those who know the token (" code { "server.token" } ")."
            }
            SearchResult::Said(Ok(text)) => div.box { pre { (printable(text)) } },
            SearchResult::Said(Err(text)) => div.box.care { pre { (printable(text)) } },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::board::{
        Commit, Day, Group, Halt, LastPass, Manifests, Need, PassRow, SourceRow, SourceTrouble,
        Suspended, TenantRow,
    };

    const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}gpj.exe\r\n<img src=x onerror=y>";

    fn hostile() -> Status {
        let at = Timestamp::UNIX_EPOCH;
        let text = || HOSTILE.to_owned();
        let group = Group {
            code: text(),
            count: 1,
            reason: text(),
            hint: text(),
            since: at,
            until: None,
            for_people: true,
        };
        let row = TenantRow {
            tenant: text(),
            mode: text(),
            needs: vec![Need::Held],
            last: Some(LastPass::Failed),
            failure: Some(text()),
            note: Some(text()),
            suspended: Some(Suspended { at, by: Some(text()), reason: Some(text()), until: None }),
            holds: vec![group.clone()],
            problems: vec![group],
            last_run: Some(text()),
            last_pass: Some(text()),
            ..TenantRow::default()
        };
        let halt = Halt {
            message: text(),
            hint: text(),
            by: Some(text()),
            at: None,
            reason: Some(text()),
        };
        Status {
            stop: Some(halt),
            journal_away: Some(text()),
            manifests: Manifests {
                errors: 1,
                taken_at: Some(at),
                revision: Some(commit()),
                sources: vec![SourceRow {
                    name: text(),
                    branch: text(),
                    revision: Some(Commit {
                        commit: text(),
                        author: Some(text()),
                        signer: Some(text()),
                        ..Commit::default()
                    }),
                    heard_at: Some(at),
                    trouble: Some(SourceTrouble {
                        code: text(),
                        reason: text(),
                        hint: text(),
                        since: at,
                        matters_from: at,
                    }),
                }],
            },
            tenants: vec![Arc::new(row)],
            ..Status::default()
        }
    }

    fn commit() -> Commit {
        let text = || HOSTILE.to_owned();
        Commit {
            commit: text(),
            author: Some(text()),
            edited: true,
            at: Some(Timestamp::UNIX_EPOCH),
            subject: Some(text()),
            signer: Some(text()),
        }
    }

    /// A day with every kind of step, and a pass of which all that others have said is hostile.
    fn past() -> RecentPasses {
        let date = Timestamp::UNIX_EPOCH.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let took = std::time::Duration::from_secs(90);
        let day =
            Day { wanted: 4, later: 2, failed: 1, lost: 1, applied: vec![took], ..Day::new(date) };
        let day = Day { drift: Some(3), ..day };
        let text = || HOSTILE.to_owned();
        let pass = PassRow {
            pass: text(),
            at: Timestamp::UNIX_EPOCH,
            tenants: 1,
            tenant: text(),
            became: "4 of 4 steps accepted".to_owned(),
            commit: Some(commit()),
            by: Some(text()),
            is_undo: false,
        };
        RecentPasses { passes: vec![pass], days: vec![day] }
    }

    #[tokio::test]
    async fn charts_say_in_words_what_they_show() {
        let text = shown(&Status::default(), &Query::default(), &SearchResult::Nothing).await;
        for told in [
            "aria-label=\"Steps: 4 accepted in the first pass of a commit, or without one, 2 accepted \
                later: drift, or held before, 1 answer lost, 1 failed\"",
            "aria-label=\"From commit to applied: 1 commit carried out, half of them within 1 min\"",
            "aria-label=\"Drift: 3 differences at most where the mode is report, 3 on 01 Jan\"",
            "<title>01 Jan: 8 steps</title>",
            "<rect class=\"c-wanted\" x=\"0\" y=\"40\"",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
        assert!(text.contains("dialplane undo "), "{text}");
    }

    #[tokio::test]
    async fn a_day_on_which_nobody_counted_is_not_a_day_without_drift() {
        let RecentPasses { passes, days } = past();
        let day = &days[0];
        let before = Day::new(day.date.yesterday().unwrap());
        let after = Day { drift: Some(0), ..Day::new(day.date.tomorrow().unwrap()) };
        let past = RecentPasses { passes, days: vec![before, day.clone(), after] };
        let nothing = (&Query::default(), &SearchResult::Nothing);
        let shown = page((&Status::default(), &past), nothing.0, nothing.1, Timestamp::UNIX_EPOCH);
        let text = text_of(shown).await;
        for told in [
            "<title>31 Dec: not counted</title>",
            "<title>01 Jan: 3 differences at most</title>",
            "<title>02 Jan: nothing differed</title>",
            "3 differences at most where the mode is report, 0 on 02 Jan, counted since 01 Jan",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
        let uncounted = RecentPasses { days: vec![Day { drift: None, ..day.clone() }], ..past };
        let shown = page((&Status::default(), &uncounted), nothing.0, nothing.1, Timestamp::now());
        assert!(!text_of(shown).await.contains("Drift"));
    }

    async fn shown(status: &Status, query: &Query, found: &SearchResult) -> String {
        text_of(page((status, &past()), query, found, Timestamp::UNIX_EPOCH)).await
    }

    async fn text_of(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn names_of_others_are_text_and_nothing_else() {
        let query = Query { tenant: HOSTILE.to_owned(), who: HOSTILE.to_owned() };
        for found in [
            SearchResult::Said(Ok(HOSTILE.to_owned())),
            SearchResult::Said(Err(HOSTILE.to_owned())),
        ] {
            let text =
                shown(&hostile(), &Query { who: query.who.clone(), ..Query::default() }, &found)
                    .await;
            assert!(text.contains("&lt;script&gt;"), "{text}");
            for bad in ["<script", "<img", "\u{202e}"] {
                assert!(!text.contains(bad), "{bad} in {text}");
            }
        }
        let none = shown(&hostile(), &query, &SearchResult::NotHere).await;
        assert!(none.contains("&lt;script&gt;") && !none.contains("<script"), "{none}");
    }

    #[tokio::test]
    async fn nothing_on_the_page_comes_from_elsewhere_or_acts() {
        // What others wrote is text, see above: here is nothing of it.
        let past = RecentPasses { passes: Vec::new(), ..past() };
        let shown = (&Status::default(), &past);
        let text =
            text_of(page(shown, &Query::default(), &SearchResult::Nothing, Timestamp::UNIX_EPOCH))
                .await;
        for bad in ["http://", "https://", "src=", "<link", "url(", "javascript:", "style=\""] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
        let response =
            page(shown, &Query::default(), &SearchResult::Nothing, Timestamp::UNIX_EPOCH);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    }
}
