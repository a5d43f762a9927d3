//! How fields are spelled on the wire (contract 4.3, 5.3, 5.5).

use serde_json::{Map, Value as Json, json};

use crate::{
    config::{AUTHORISATION, BodyFormat},
    model::{Field, UpdateRequest, Value, WritePath},
};

/// The object and the name under which a call takes a field. Names of manifests are the API's own,
/// but for the call policy, whose objects repeat their own name in those of their fields. The policy
/// of `configureUser` is typed, and has no place for the caller's id: that stays in the older
/// object, which the call takes as well.
fn spelling(field: Field, path: WritePath) -> (Option<&'static str>, &'static str) {
    const OLDER: Option<&str> = Some("callPolicyInfo");
    let policy = match path {
        WritePath::UpdateUserDetails => OLDER,
        WritePath::ConfigureUser | WritePath::ConfigureValetUser => Some("pbxCallPolicyInfo"),
    };
    match field {
        Field::SbcGatewayId => (None, gateway(path)),
        Field::CallPolicyName => (policy, "callPolicyName"),
        Field::CallPolicyCnam => (policy, "callPolicyCNAM"),
        Field::CallPolicyCustomCnam => (policy, "callPolicyCustomCNAM"),
        Field::CallPolicyCallerId => (OLDER, "callPolicyCallerId"),
        Field::CallPolicyForwardedCallsCallerId => (policy, "forwardedCallsCallerId"),
        other => (None, other.name()),
    }
}

/// Under which name a call takes the gateway: the sample of `configureValetUser` has the older one
/// (contract 5.5).
fn gateway(path: WritePath) -> &'static str {
    match path {
        WritePath::UpdateUserDetails | WritePath::ConfigureUser => "sbcGatewayId",
        WritePath::ConfigureValetUser => "directRouteId",
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

/// The body of a call that changes details: who authorises it where the row says, and the fields.
/// `place` fills the places of a template; `acting` is the name of who acts, which `configureUser`
/// asks for and a template may say otherwise.
pub(super) fn update(
    update: &UpdateRequest,
    style: &BodyFormat,
    acting: &str,
    place: &impl Fn(&str) -> Option<Json>,
) -> Result<Json, String> {
    let authorisation = || place(AUTHORISATION).unwrap_or_default();
    let mut body = match style {
        BodyFormat::Flat => match authorisation() {
            Json::Object(object) => object,
            _ => Map::new(),
        },
        BodyFormat::Wrapped => {
            Map::from_iter([("authenticationResult".to_owned(), authorisation())])
        }
        BodyFormat::Template(template) => template.fill(place)?,
        BodyFormat::Tenant => {
            Map::from_iter([("tenantId".to_owned(), place("tenantId").unwrap_or_default())])
        }
        BodyFormat::None | BodyFormat::Text => Map::new(),
    };
    if update.path().sets_up() {
        // So it is spelled in this call (contract 5.3).
        body.entry("loginID").or_insert_with(|| acting.into());
    }
    for (field, wanted) in update.details().iter() {
        let (object, name) = spelling(field, update.path());
        let target = match object {
            None => Some(&mut body),
            Some(object) => body.entry(object).or_insert_with(|| json!({})).as_object_mut(),
        };
        if let Some(target) = target {
            target.insert(name.to_owned(), value(wanted));
        }
    }
    body.insert("teamsUserId".to_owned(), update.user().as_str().into());
    body.insert(gateway(update.path()).to_owned(), update.gateway().get().into());
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Details, ExtensionPrefix, GatewayId, PhoneNumber, Upn};

    fn request(pairs: impl IntoIterator<Item = (Field, Value)>) -> UpdateRequest {
        let mut details: Details = pairs.into_iter().collect();
        details.set(Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap()));
        of(details, WritePath::UpdateUserDetails)
    }

    fn of(details: Details, path: WritePath) -> UpdateRequest {
        UpdateRequest::new(Upn::parse("Adele@contoso.com").unwrap(), details, path).unwrap()
    }

    #[test]
    fn configure_user_is_spelled_as_the_contract_says() {
        let text = |text: &str| Value::Text(text.into());
        let details = Details::from_iter([
            (Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap())),
            (Field::PbxLocation, text("7")),
            (Field::PbxUserId, text("1000")),
            (Field::CallPolicyCnam, text("OTHER")),
            (Field::CallPolicyCustomCnam, text("Contoso")),
            (Field::CallPolicyCallerId, text("x")),
            (Field::CallPolicyForwardedCallsCallerId, text("USER_CALLER_ID")),
            (Field::FirstName, text("Adele")),
        ]);
        let request = of(details, WritePath::ConfigureUser);
        let place = |name: &str| (name == "tenantId").then(|| json!("87d349ed"));
        let body = |style: &BodyFormat| update(&request, style, "apiadmin", &place).unwrap();
        let whole = body(&BodyFormat::Tenant);
        assert_eq!(
            whole,
            json!({
                "tenantId": "87d349ed", "loginID": "apiadmin", "teamsUserId": "Adele@contoso.com",
                "pbxLocation": "7", "pbxUserId": "1000", "sbcGatewayId": 805, "firstName": "Adele",
                "pbxCallPolicyInfo": {
                    "callPolicyCNAM": "OTHER", "callPolicyCustomCNAM": "Contoso",
                    "forwardedCallsCallerId": "USER_CALLER_ID",
                },
                "callPolicyInfo": { "callPolicyCallerId": "x" },
            })
        );
        let template = json!({ "tenantId": "{tenantId}", "loginID": "support" });
        let by_template = body(&serde_json::from_value(template).unwrap());
        assert_eq!(by_template["loginID"], "support", "the row knows better who acts");
    }

    #[test]
    fn configure_valet_user_is_spelled_as_the_sample_is() {
        let text = |text: &str| Value::Text(text.into());
        let number = PhoneNumber::parse("+14255550100", None).unwrap();
        let details = Details::from_iter([
            (Field::SbcGatewayId, Value::Gateway(GatewayId::CALL_APP)),
            (Field::PbxLocation, text("7")),
            (Field::PbxUserId, text("1000")),
            (Field::PhoneNumber, Value::Phone(number)),
            (Field::UseTeamsVoicemail, Value::Flag(true)),
            (Field::CallPolicyName, text("Global")),
        ]);
        let request = of(details, WritePath::ConfigureValetUser);
        let place = |name: &str| (name == "tenantId").then(|| json!("87d349ed"));
        assert_eq!(
            update(&request, &BodyFormat::Tenant, "apiadmin", &place).unwrap(),
            json!({
                "tenantId": "87d349ed", "loginID": "apiadmin", "teamsUserId": "Adele@contoso.com",
                "pbxLocation": "7", "pbxUserId": "1000", "phoneNumber": "+14255550100",
                "directRouteId": -1, "userType": "Service", "useTeamsVoicemail": false,
                "pbxCallPolicyInfo": { "callPolicyName": "Global" },
            })
        );
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
        let body = |style: &BodyFormat| update(&request, style, "apiadmin", &place).unwrap();
        assert_eq!(body(&BodyFormat::Wrapped), with(json!({ "authenticationResult": consent })));
        assert_eq!(body(&BodyFormat::Flat), with(consent.clone()));
        assert_eq!(body(&BodyFormat::None), fields);
        let template =
            serde_json::from_value(json!({ "auth": "{authorisation}", "updatedBy": 7 })).unwrap();
        assert_eq!(body(&template), with(json!({ "auth": consent, "updatedBy": 7 })));
    }

    #[test]
    fn a_number_is_released_with_an_empty_text() {
        let body = update(
            &request([(Field::PhoneNumber, Value::NoPhone)]),
            &BodyFormat::None,
            "",
            &|_| None,
        );
        assert_eq!(
            body.unwrap(),
            json!({"teamsUserId": "Adele@contoso.com", "sbcGatewayId": 805, "phoneNumber": ""})
        );
    }

    #[test]
    fn no_two_fields_share_a_place_and_none_is_a_secret() {
        use WritePath::{ConfigureUser, ConfigureValetUser, UpdateUserDetails};
        for path in [UpdateUserDetails, ConfigureUser, ConfigureValetUser] {
            let mut places: Vec<_> = Field::ALL.map(|field| spelling(field, path)).into();
            assert!(places.iter().all(|(_, name)| !name.to_lowercase().contains("password")));
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), Field::ALL.len());
        }
    }
}
