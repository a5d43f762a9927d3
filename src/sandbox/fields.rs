//! The fields of a user as the service spells them: in its list, and in the calls that set them.
//!
//! **Invariant:** pure, and no type here is shared with a client of the service.

use serde_json::{Map, Value as Json, json};

use super::{
    wire::Reply,
    world::{ListedUser, Tenant},
};
use crate::model::{
    Calling, Details, ExtensionPrefix, Field, FieldKind, GatewayId, PhoneNumber, Upn, Value,
};

/// The name of a field in the list of users, and whether it is inside `callPolicyInfo`: as
/// `updateUserDetails` has it (contract 4.3), with what `configureUser` adds (5.3).
pub(super) fn place(field: Field) -> (bool, &'static str) {
    match field {
        Field::CallPolicyName => (true, "callPolicyName"),
        Field::CallPolicyCnam => (true, "callPolicyCNAM"),
        Field::CallPolicyCustomCnam => (true, "callPolicyCustomCNAM"),
        Field::CallPolicyCallerId => (true, "callPolicyCallerId"),
        Field::CallPolicyForwardedCallsCallerId => (true, "forwardedCallsCallerId"),
        Field::PhoneNumber => (false, "phoneNumber"),
        Field::SbcGatewayId => (false, "sbcGatewayId"),
        Field::PbxLocation => (false, "pbxLocation"),
        Field::PbxUserId => (false, "pbxUserId"),
        Field::UseTeamsVoicemail => (false, "useTeamsVoicemail"),
        Field::UseEnterpriseDialPlan => (false, "useEnterpriseDialPlan"),
        Field::UseAudioConferenceVrp => (false, "useAudioConferenceVRP"),
        Field::UserTag => (false, "userTag"),
        Field::PbxAuthUserId => (false, "pbxAuthUserId"),
        Field::LinePort => (false, "linePort"),
        Field::Codecs => (false, "codecs"),
        Field::DeviceName => (false, "deviceName"),
        Field::DeviceType => (false, "deviceType"),
        Field::MacAddress => (false, "macAddress"),
        Field::PortalLoginName => (false, "portalLoginName"),
        Field::ProvisioningUsername => (false, "provisioningUsername"),
        Field::SipAutoProvisioningEnabled => (false, "sipAutoProvisioningEnabled"),
        Field::Email => (false, "email"),
        Field::FirstName => (false, "firstName"),
        Field::LastName => (false, "lastName"),
        Field::UserType => (false, "userType"),
    }
}

/// A user as the list of users has it; `null` for what was never set.
pub(super) fn list_item(upn: &Upn, face: &ListedUser, tenant: &Tenant) -> Map<String, Json> {
    let mut item = Map::new();
    let mut policy = Map::new();
    let status = match face.calling {
        Calling::Enabled => "ENABLED",
        Calling::Disabled => "DISABLED",
    };
    item.insert("teamsUserId".to_owned(), json!(upn.as_str()));
    item.insert("callingStatus".to_owned(), json!(face.set_up.then_some(status)));
    let standing = if face.set_up { "CONFIGURED" } else { "LICENSED" };
    item.insert("userStatus".to_owned(), json!(standing));
    let service = if face.call_app { "CALLAPP" } else { "PBX" };
    item.insert("userService".to_owned(), json!(face.set_up.then_some(service)));
    for field in Field::ALL {
        let (in_policy, name) = place(field);
        let value = match face.details.get(field) {
            Some(Value::Phone(number)) => json!(tenant.shown_number(number)),
            Some(value) => plain(value),
            None => Json::Null,
        };
        let level = if in_policy { &mut policy } else { &mut item };
        level.insert(name.to_owned(), value);
    }
    item.insert("callPolicyInfo".to_owned(), Json::Object(policy));
    item
}

/// A value as it is stored.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Phone(number) => json!(number.as_str()),
        Value::NoPhone => Json::Null,
        Value::Gateway(id) => json!(id.get()),
        Value::Flag(flag) => json!(flag),
        Value::Text(text) => json!(text),
    }
}

/// What an update may carry besides fields. Secrets are taken and not kept; `directRouteId` is no
/// longer used.
const BESIDES: [&str; 8] = [
    "authenticationResult",
    "teamsUserId",
    "callPolicyInfo",
    "password",
    "portalPassword",
    "provisioningPassword",
    "disableTeamsVoicemail",
    "directRouteId",
];

/// Reads the fields of an update. A key that the call does not have is refused, stricter than the
/// service may be: it is a mistake of the client in any case.
pub(super) fn read_update(
    body: &Map<String, Json>,
    prefix: Option<&ExtensionPrefix>,
) -> Result<Details, Reply> {
    let none = Map::new();
    let policy = match body.get("callPolicyInfo") {
        None | Some(Json::Null) => &none,
        Some(Json::Object(policy)) => policy,
        Some(_) => return Err(Reply::error(400, "callPolicyInfo must be an object")),
    };
    let of_call = || Field::ALL.into_iter().filter(|field| !of_configure(*field));
    let known =
        |in_policy: bool, key: &str| of_call().any(|field| place(field) == (in_policy, key));
    let odd = body.keys().find(|key| !known(false, key) && !BESIDES.contains(&key.as_str()));
    if let Some(key) =
        odd.or_else(|| policy.keys().find(|key| !known(true, key) && *key != "resellerId"))
    {
        return Err(Reply::error(400, format!("updateUserDetails has no field {key}")));
    }
    let mut details = Details::default();
    for field in of_call() {
        let (in_policy, name) = place(field);
        match if in_policy { policy.get(name) } else { body.get(name) } {
            None | Some(Json::Null) => {}
            Some(json) => details.set(field, read_value(field, json, prefix)?),
        }
    }
    older_voicemail(body, &mut details)?;
    Ok(details)
}

/// The deprecated inverse of `useTeamsVoicemail`.
fn older_voicemail(body: &Map<String, Json>, details: &mut Details) -> Result<(), Reply> {
    match body.get("disableTeamsVoicemail") {
        None | Some(Json::Null) => {}
        Some(Json::Bool(off)) if details.get(Field::UseTeamsVoicemail).is_none() => {
            details.set(Field::UseTeamsVoicemail, Value::Flag(!off));
        }
        Some(_) => {
            return Err(Reply::error(
                400,
                "disableTeamsVoicemail is a boolean, and never sent with useTeamsVoicemail",
            ));
        }
    }
    Ok(())
}

/// Whether only `configureUser` takes a field (contract 5.3).
fn of_configure(field: Field) -> bool {
    matches!(
        field,
        Field::PbxLocation
            | Field::PbxUserId
            | Field::CallPolicyCustomCnam
            | Field::Email
            | Field::FirstName
            | Field::LastName
            | Field::UserType
    )
}

/// Where `configureUser` takes a field: its policy is typed, and the older object may come with it.
fn place_in_configure(field: Field) -> (Option<&'static str>, &'static str) {
    match (field, place(field)) {
        (Field::CallPolicyCallerId, (_, name)) => (Some("callPolicyInfo"), name),
        (_, (true, name)) => (Some("pbxCallPolicyInfo"), name),
        (_, (false, name)) => (None, name),
    }
}

/// What `configureUser` may carry besides fields and what an update carries.
const BESIDES_OF_CONFIGURE: [&str; 4] = ["loginID", "tenantId", "pbxCallPolicyInfo", "rePassword"];

/// Reads the fields of `configureUser`, as strictly as [`read_update`].
pub(super) fn read_configure(
    body: &Map<String, Json>,
    prefix: Option<&ExtensionPrefix>,
) -> Result<Details, Reply> {
    let none = Map::new();
    let object = |name: &str| match body.get(name) {
        None | Some(Json::Null) => Ok(&none),
        Some(Json::Object(object)) => Ok(object),
        Some(_) => Err(Reply::error(400, format!("{name} must be an object"))),
    };
    let older = object("callPolicyInfo")?;
    let policy = object("pbxCallPolicyInfo")?;
    let known = |group: Option<&str>, key: &str| {
        Field::ALL.into_iter().any(|field| place_in_configure(field) == (group, key))
    };
    let in_older = |key: &str| Field::ALL.into_iter().any(|field| place(field) == (true, key));
    let odd = body.keys().find(|key| {
        let besides = BESIDES.iter().chain(&BESIDES_OF_CONFIGURE);
        !known(None, key) && !besides.into_iter().any(|name| *name == key.as_str())
    });
    let odd = odd
        .or_else(|| older.keys().find(|key| !in_older(key) && *key != "resellerId"))
        .or_else(|| {
            let group = Some("pbxCallPolicyInfo");
            policy.keys().find(|key| !known(group, key) && *key != "resellerId")
        });
    if let Some(key) = odd {
        return Err(Reply::error(400, format!("the call has no field {key}")));
    }
    let mut details = Details::default();
    for field in Field::ALL {
        let (group, name) = place_in_configure(field);
        let found = match group {
            None => body.get(name),
            Some("callPolicyInfo") => older.get(name),
            Some(_) => policy.get(name).or_else(|| older.get(name)),
        };
        match found {
            None | Some(Json::Null) => {}
            Some(json) => details.set(field, read_value(field, json, prefix)?),
        }
    }
    older_voicemail(body, &mut details)?;
    Ok(details)
}

/// The typed values of `PBXCallPolicyInfo` (contract 5.3).
pub(super) fn check_policy(details: &Details) -> Result<(), Reply> {
    let enums = [
        (Field::CallPolicyCnam, ["TRANSPARENT", "OTHER"]),
        (Field::CallPolicyForwardedCallsCallerId, ["USER_CALLER_ID", "TRANSPARENT"]),
    ];
    for (field, words) in enums {
        if let Some(Value::Text(text)) = details.get(field)
            && !words.contains(&&**text)
        {
            return Err(Reply::error(400, format!("{} is not one of its words", place(field).1)));
        }
    }
    Ok(())
}

/// Reads one field; an empty phone number is none.
pub(super) fn read_value(
    field: Field,
    json: &Json,
    prefix: Option<&ExtensionPrefix>,
) -> Result<Value, Reply> {
    let value = match (field.kind(), json) {
        (FieldKind::Phone, Json::String(text)) if text.is_empty() => Some(Value::NoPhone),
        (FieldKind::Phone, Json::String(text)) => {
            PhoneNumber::observed(text, prefix).map(Value::Phone)
        }
        (FieldKind::Gateway, Json::Number(number)) => {
            number.as_i64().and_then(|id| GatewayId::of_user(id).ok()).map(Value::Gateway)
        }
        (FieldKind::Flag, Json::Bool(flag)) => Some(Value::Flag(*flag)),
        (FieldKind::Text, Json::String(text)) => Some(Value::Text(text.as_str().into())),
        _ => None,
    };
    value.ok_or_else(|| Reply::error(400, format!("{} has a wrong value", place(field).1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &Json) -> Result<Details, String> {
        read_update(json.as_object().unwrap(), None).map_err(|reply| reply.body)
    }

    #[test]
    fn an_update_is_read_strictly() {
        let details = read(
            &json!({ "teamsUserId": "a@b.c", "sbcGatewayId": 805, "callPolicyInfo": { "callPolicyName": "Global" } }),
        );
        assert_eq!(details.unwrap().iter().count(), 2);
        for bad in [
            json!({ "sbcGatewayId": 0 }),
            json!({ "sbcGatewayId": "805" }),
            json!({ "phoneNumber": 14_255_550_100_i64 }),
            json!({ "phoneNumber": "reception" }),
            json!({ "tenantId": "x" }),
            json!({ "callPolicyInfo": { "name": "Global" } }),
            json!({ "useTeamsVoicemail": true, "disableTeamsVoicemail": false }),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
