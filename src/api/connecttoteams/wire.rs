//! How fields are spelled on the wire (contract 4.3).

use serde_json::{Map, Value as Json, json};

use crate::{
    config::{AUTHORISATION, Body},
    model::{Field, UpdateRequest, Value},
};

/// The object and the name under which `updateUserDetails` takes a field. Names of manifests are
/// the API's own, but for the call policy, whose object repeats its own name in those of its
/// fields.
fn spelling(field: Field) -> (Option<&'static str>, &'static str) {
    const POLICY: Option<&str> = Some("callPolicyInfo");
    match field {
        Field::CallPolicyName => (POLICY, "callPolicyName"),
        Field::CallPolicyCnam => (POLICY, "callPolicyCNAM"),
        Field::CallPolicyCallerId => (POLICY, "callPolicyCallerId"),
        Field::CallPolicyForwardedCallsCallerId => (POLICY, "forwardedCallsCallerId"),
        other => (None, other.name()),
    }
}

fn value(value: &Value) -> Json {
    match value {
        // As it was written: what the platform makes of an extension is its own affair (contract
        // 7).
        Value::Phone(number) => number.as_str().into(),
        // Absent would mean "keep", as far as is known (contract 10 #11).
        Value::NoPhone => "".into(),
        Value::Gateway(id) => id.get().into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => (**text).into(),
    }
}

/// The body of `updateUserDetails`: who authorises it where the row says, and the fields. `place`
/// fills the places of a template.
pub(super) fn update(
    update: &UpdateRequest,
    style: &Body,
    place: &impl Fn(&str) -> Option<Json>,
) -> Result<Json, String> {
    let authorisation = || place(AUTHORISATION).unwrap_or_default();
    let mut body = match style {
        Body::Flat => match authorisation() {
            Json::Object(object) => object,
            _ => Map::new(),
        },
        Body::Wrapped => Map::from_iter([("authenticationResult".to_owned(), authorisation())]),
        Body::Template(template) => template.fill(place)?,
        Body::None | Body::Text => Map::new(),
    };
    for (field, wanted) in update.details().iter() {
        let (object, name) = spelling(field);
        let target = match object {
            None => Some(&mut body),
            Some(object) => body.entry(object).or_insert_with(|| json!({})).as_object_mut(),
        };
        if let Some(target) = target {
            target.insert(name.to_owned(), value(wanted));
        }
    }
    body.insert("teamsUserId".to_owned(), update.user().as_str().into());
    body.insert("sbcGatewayId".to_owned(), update.gateway().get().into());
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Details, ExtensionPrefix, GatewayId, PhoneNumber, Upn};

    fn request(pairs: impl IntoIterator<Item = (Field, Value)>) -> UpdateRequest {
        let mut details: Details = pairs.into_iter().collect();
        details.set(Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap()));
        UpdateRequest::new(Upn::parse("Adele@contoso.com").unwrap(), details).unwrap()
    }

    #[test]
    fn an_update_is_spelled_as_the_contract_says() {
        let consent =
            json!({"tenantId": "87d349ed-44d7-43e1-9a83-5f2406dee5bd", "resellerId": 123});
        let prefix = ExtensionPrefix::parse("+1").unwrap();
        let request = request([
            (Field::PhoneNumber, Value::Phone(PhoneNumber::parse("1000", Some(&prefix)).unwrap())),
            (Field::UseTeamsVoicemail, Value::Flag(false)),
            (Field::UseAudioConferenceVrp, Value::Flag(true)),
            (Field::CallPolicyName, Value::Text("Global".into())),
            (Field::CallPolicyCnam, Value::Text("TRANSPARENT".into())),
            (Field::CallPolicyCallerId, Value::Text("x".into())),
            (Field::CallPolicyForwardedCallsCallerId, Value::Text("USER_CALLER_ID".into())),
        ]);
        let fields = json!({
            "teamsUserId": "Adele@contoso.com", "sbcGatewayId": 805, "phoneNumber": "1000",
            "useTeamsVoicemail": false, "useAudioConferenceVRP": true,
            "callPolicyInfo": {
                "callPolicyName": "Global", "callPolicyCNAM": "TRANSPARENT", "callPolicyCallerId": "x",
                "forwardedCallsCallerId": "USER_CALLER_ID",
            },
        });
        let with = |extra: Json| {
            let mut all = fields.as_object().unwrap().clone();
            all.extend(extra.as_object().unwrap().clone());
            Json::Object(all)
        };
        let place = |name: &str| (name == AUTHORISATION).then(|| consent.clone());
        let body = |style: &Body| update(&request, style, &place).unwrap();
        assert_eq!(body(&Body::Wrapped), with(json!({ "authenticationResult": consent })));
        assert_eq!(body(&Body::Flat), with(consent.clone()));
        assert_eq!(body(&Body::None), fields);
        let template =
            serde_json::from_value(json!({ "auth": "{authorisation}", "updatedBy": 7 })).unwrap();
        assert_eq!(body(&template), with(json!({ "auth": consent, "updatedBy": 7 })));
    }

    #[test]
    fn a_number_is_released_with_an_empty_text() {
        let body = update(&request([(Field::PhoneNumber, Value::NoPhone)]), &Body::None, &|_| None);
        assert_eq!(
            body.unwrap(),
            json!({"teamsUserId": "Adele@contoso.com", "sbcGatewayId": 805, "phoneNumber": ""})
        );
    }

    #[test]
    fn no_two_fields_share_a_place_and_none_is_a_secret() {
        let mut places: Vec<_> = Field::ALL.map(spelling).into();
        assert!(places.iter().all(|(_, name)| !name.to_lowercase().contains("password")));
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), Field::ALL.len());
    }
}
