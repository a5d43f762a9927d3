//! What a change does, for machines.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Compared;
use crate::{
    model::{Fingerprint, TenantName, Upn},
    plan::{
        render::{
            json::{PlanView, part},
            seal::seal,
        },
        review::{RequestedChange, RequestedValue, Review, TenantReview},
    },
};

/// The version of the shape.
const VERSION: u32 = 1;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReviewView<'r> {
    version: u32,
    kind: &'static str,
    compared: &'r Compared,
    /// All tenants that are described after the change.
    tenants: usize,
    /// Of the plan after the change, drift included, for `apply --expect` once it is merged; absent
    /// if nothing of it may run, or if it was not compared with the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'r str>,
    caused: PlanView<'r>,
    drift: PlanView<'r>,
    touched: BTreeMap<&'r str, TouchedView<'r>>,
    dropped: Vec<&'r str>,
    broken_before: Vec<&'r str>,
    /// Over all of it, as SHA-256: a file that was damaged or edited is no saved review.
    #[serde(skip_serializing_if = "Option::is_none")]
    sum: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TouchedView<'r> {
    is_new: bool,
    settings: Vec<SettingView>,
    already: Vec<AskedView<'r>>,
    waits: Vec<AskedView<'r>>,
    /// Users who are disabled with and without the change, and seen so, where no journal says what
    /// was sent lately.
    off_unproven: Vec<&'r str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SettingView {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AskedView<'r> {
    user: &'r str,
    field: &'static str,
    value: String,
    origin: Option<String>,
    unforeseen: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'r str>,
}

/// What a change does, for machines.
#[must_use]
pub fn json(review: &Review, compared: &Compared) -> serde_json::Value {
    let view = ReviewView {
        version: VERSION,
        kind: "Review",
        compared,
        tenants: review.tenants,
        fingerprint: review.fingerprint.as_ref().map(Fingerprint::as_str),
        caused: part(&review.caused),
        drift: part(&review.drift),
        touched: review
            .touched
            .iter()
            .map(|(name, touched)| (name.as_str(), touched_view(touched)))
            .collect(),
        dropped: review.dropped.iter().map(TenantName::as_str).collect(),
        broken_before: review.broken_before.iter().map(TenantName::as_str).collect(),
        sum: None,
    };
    // The view has only string keys and plain values, which always have a JSON form.
    seal(serde_json::to_value(view).unwrap_or_default())
}

/// The shape of what a change does, as JSON Schema.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(ReviewView<'static>).to_value()
}

fn touched_view(touched: &TenantReview) -> TouchedView<'_> {
    let settings = touched.settings.iter().map(|setting| SettingView {
        name: setting.name,
        before: setting.words.map(|(before, _)| before),
        after: setting.words.map(|(_, after)| after),
    });
    let waits = touched.waits.iter().map(|waiting| asked_view(&waiting.asked, Some(&waiting.why)));
    TouchedView {
        is_new: touched.is_new,
        settings: settings.collect(),
        already: touched.already.iter().map(|asked| asked_view(asked, None)).collect(),
        waits: waits.collect(),
        off_unproven: touched.off_unproven.iter().map(Upn::as_str).collect(),
    }
}

fn date(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "none".to_owned(), |at| at.to_string())
}

fn asked_view<'r>(asked: &'r RequestedChange, why: Option<&'r str>) -> AskedView<'r> {
    let (field, value) = match &asked.what {
        RequestedValue::Calling(calling) => ("calling", calling.to_string()),
        RequestedValue::Field(field, value) => (field.name(), value.to_string()),
        RequestedValue::From(at) => ("from", date(*at)),
        RequestedValue::Until(at) => ("until", date(*at)),
    };
    AskedView {
        user: asked.user.as_str(),
        field,
        value,
        origin: asked.origin.as_ref().map(ToString::to_string),
        unforeseen: asked.unforeseen,
        why,
    }
}
