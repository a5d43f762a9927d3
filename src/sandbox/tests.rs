//! The service's rules, asked as a client would ask; one test goes over a socket.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    service::{RequestOutcome, SandboxService},
    wire::Request,
    *,
};
use crate::model::{Calling, Field, GatewayId, PhoneNumber, TenantId, TenantName, Upn, Value};

const CONTOSO: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn world() -> World {
    let gateway = GatewayId::new(805).unwrap();
    let user = |name: &str, number: &str, calling| {
        let number = PhoneNumber::observed(number, None).map_or(Value::NoPhone, Value::Phone);
        let details =
            [(Field::SbcGatewayId, Value::Gateway(gateway)), (Field::PhoneNumber, number)];
        (Upn::parse(name).unwrap(), User::new(calling, details.into_iter().collect()))
    };
    let users = [
        user("adele@contoso.com", "+14255550100", Calling::Enabled),
        user("bert@contoso.com", "+14255550101", Calling::Disabled),
        user("hidden@contoso.com", "", Calling::Enabled),
    ];
    let mut tenant = Tenant {
        name: TenantName::parse("contoso").unwrap(),
        enterprise_id: 1001,
        reseller_id: RESELLER_ID,
        consent_flag: true,
        consent_listed: true,
        extension_prefix: Some(crate::model::ExtensionPrefix::parse("+1").unwrap()),
        plain_numbers: false,
        sync: SyncState::default(),
        users: users.into_iter().collect(),
    };
    tenant.users.get_mut(&Upn::parse("hidden@contoso.com").unwrap()).unwrap().hidden = true;
    World {
        tenants: [(TenantId::parse(CONTOSO).unwrap(), tenant)].into_iter().collect(),
        gateways: [(gateway, "US East".to_owned())].into_iter().collect(),
        ..World::default()
    }
}

/// A client that is logged in.
struct Client {
    service: SandboxService,
    token: String,
}

impl Client {
    fn new() -> Self {
        let mut client = Self { service: SandboxService::new(world()), token: String::new() };
        client.token = client.login().1["access_token"].as_str().unwrap().to_owned();
        client
    }

    fn login(&mut self) -> (u16, Json) {
        let form = format!("username={USERNAME}&password={SECRET}&grant_type=password");
        let request = Request {
            method: "POST".into(),
            path: "/oauth/token".into(),
            authorization: "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=".into(),
            content_type: "application/x-www-form-urlencoded".into(),
            body: form.into(),
            ..Request::default()
        };
        self.send(&request, NOW)
    }

    fn send(&mut self, request: &Request, now: Timestamp) -> (u16, Json) {
        match self.service.handle(request, now) {
            RequestOutcome::Answer(reply, _) => {
                (reply.status, serde_json::from_str(&reply.body).unwrap_or_default())
            }
            RequestOutcome::HangUp => (0, Json::Null),
        }
    }

    fn call(&mut self, method: &str, path: &str, body: &Json, now: Timestamp) -> (u16, Json) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            authorization: format!("Bearer {}", self.token),
            content_type: "application/json".into(),
            body: body.to_string().into(),
            ..Request::default()
        };
        self.send(&request, now)
    }

    fn post(&mut self, call: &str, body: &Json) -> u16 {
        self.call("POST", &format!("/provisioning/{call}"), body, NOW).0
    }

    fn users(&mut self, now: Timestamp) -> Vec<Json> {
        let path = format!("/sandbox/listUsers?tenantId={CONTOSO}&draw=1&start=0&length=50");
        let (status, envelope) = self.call("GET", &path, &Json::Null, now);
        assert_eq!(status, 200, "{envelope}");
        envelope["data"]["_embedded"]["userList"].as_array().unwrap().clone()
    }
}

fn consent() -> Json {
    json!({ "tenantId": CONTOSO, "resellerId": RESELLER_ID })
}

fn number(user: &str, number: &str) -> Json {
    json!({ "authenticationResult": consent(), "teamsUserId": user, "sbcGatewayId": 805, "phoneNumber": number })
}

#[test]
fn a_write_needs_its_shape_then_both_consents_then_a_visible_user() {
    let mut client = Client::new();
    let disable = "disableCallingForUser/ADELE%40contoso.com";
    assert_eq!(client.post(disable, &json!({ "authenticationResult": consent() })), 400);
    assert_eq!(client.post(disable, &json!({ "tenantId": CONTOSO, "resellerId": 1 })), 403);
    client.service.world.tenants.values_mut().for_each(|tenant| tenant.consent_listed = false);
    assert_eq!(client.post(disable, &consent()), 403);
    client.service.world.tenants.values_mut().for_each(|tenant| tenant.consent_listed = true);
    assert_eq!(client.post("disableCallingForUser/hidden@contoso.com", &consent()), 404);
    assert_eq!(client.users(NOW)[0]["callingStatus"], "ENABLED");
    assert_eq!(client.post(disable, &consent()), 200);
    assert_eq!(client.users(NOW)[0]["callingStatus"], "DISABLED");
}

#[test]
fn a_disabled_user_holds_its_number_until_it_is_given_up() {
    let mut client = Client::new();
    assert_eq!(client.post("updateUserDetails", &number("adele@contoso.com", "14255550101")), 409);
    client.service.faults.held_number = HeldNumber::ErrorInside;
    assert_eq!(client.post("updateUserDetails", &number("adele@contoso.com", "14255550101")), 200);
    assert_eq!(client.users(NOW)[0]["phoneNumber"], "+14255550100");
    assert_eq!(client.post("updateUserDetails", &number("bert@contoso.com", "")), 200);
    assert_eq!(client.post("updateUserDetails", &number("adele@contoso.com", "14255550101")), 200);
    assert_eq!(client.users(NOW)[0]["phoneNumber"], "+14255550101");
    assert_eq!(client.users(NOW)[1]["phoneNumber"], Json::Null);
}

#[test]
fn an_extension_is_shown_with_its_prefix_and_a_write_after_its_delay() {
    let mut client = Client::new();
    client.service.faults.visible_after_ms = 5000;
    assert_eq!(client.post("updateUserDetails", &number("adele@contoso.com", "1000")), 200);
    assert_eq!(client.users(NOW)[0]["phoneNumber"], "+14255550100");
    assert_eq!(client.users(NOW + Duration::from_secs(5))[0]["phoneNumber"], "+11000");
}

#[test]
fn an_expired_token_is_refused_and_so_is_an_admin_who_never_logged_in() {
    let mut client = Client::new();
    let path = format!("/enterprise/getEnterpriseInfoForTenant/{CONTOSO}");
    assert_eq!(client.call("GET", &path, &Json::Null, NOW).0, 200);
    assert_eq!(client.call("GET", &path, &Json::Null, NOW + Duration::from_hours(1)).0, 401);
    client.service.faults.password_never_changed = true;
    assert_eq!(client.login().1["error"], "invalid_grant");
}

#[test]
fn what_a_fault_says_about_carrying_out_is_true() {
    for (fault, carried_out) in [
        (InjectedFault::Dropped, false),
        (InjectedFault::Server, false),
        (InjectedFault::Garbage, false),
        (InjectedFault::Lost, true),
        (InjectedFault::ServerAfter, true),
        (InjectedFault::Truncated, true),
    ] {
        let mut client = Client::new();
        client.service.faults.rules = vec![FaultRule::new(fault).on(Route::Disable).times(1)];
        client.post("disableCallingForUser/adele@contoso.com", &consent());
        let status = if carried_out { "DISABLED" } else { "ENABLED" };
        assert_eq!(client.users(NOW)[0]["callingStatus"], status, "{fault:?}");
    }
}

#[test]
fn drift_by_hand_and_faults_go_over_the_sandbox_pages() {
    let mut client = Client::new();
    client.token.clear();
    let change = json!({ "calling": "enabled", "fields": { "phoneNumber": "", "callPolicy.name": "Global" } });
    let (status, user) =
        client.call("PUT", &format!("/_sandbox/users/{CONTOSO}/bert@contoso.com"), &change, NOW);
    assert_eq!((status, &user["stored"]["callPolicy.name"]), (200, &json!("Global")));
    let taken = json!({ "fields": { "phoneNumber": "+14255550100" } });
    assert_eq!(
        client.call("PUT", &format!("/_sandbox/users/{CONTOSO}/new@contoso.com"), &taken, NOW).0,
        409
    );
    let faults = json!({ "rules": [{ "route": "listUsers", "fault": "shortList", "times": 2 }], "heldNumber": "errorInside" });
    assert_eq!(client.call("PUT", "/_sandbox/faults", &faults, NOW).0, 200);
    assert_eq!(client.call("PUT", "/_sandbox/faults", &json!({ "rulez": [] }), NOW).0, 400);
    assert_eq!(
        client.call("GET", "/_sandbox/calls", &Json::Null, NOW).1.as_array().map(Vec::len),
        Some(1)
    );
}

/// What comes back over one connection until it ends.
async fn ask(sandbox: &Sandbox) -> String {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let request = "POST /oauth/token HTTP/1.1\r\nhost: sandbox\r\ncontent-length: 0\r\nconnection: \
        close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // How a broken connection ends, with a reset or without, is up to the system.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_lost_answer_ends_the_connection_without_a_byte() {
    let sandbox = Sandbox::start(world(), ([127, 0, 0, 1], 0).into()).await.unwrap();
    assert!(Sandbox::start(world(), ([0, 0, 0, 0], 0).into()).await.is_err());
    assert!(ask(&sandbox).await.starts_with("HTTP/1.1 415"));
    sandbox.faults(|faults| faults.rules.push(FaultRule::new(InjectedFault::Lost)));
    assert_eq!(ask(&sandbox).await, "");
    assert_eq!(
        sandbox.calls().iter().map(|call| call.status).collect::<Vec<_>>(),
        [Some(415), None]
    );
    sandbox.stop().await.unwrap();
}
